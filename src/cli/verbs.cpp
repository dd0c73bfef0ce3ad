#include "cli/verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace nvsafe::cli {
namespace {

constexpr VerbText kTexts[] = {
    {"show", "Start", "nvsafe show flash.bin keys.bin"},
    {"explain", "Start", "nvsafe explain 0x1117"},
    {"doctor", "Start", "nvsafe doctor 0x1117 dump.bin efuses.json boot.log"},
    {"help", "Start", "nvsafe help keys"},
    {"completion", "Start", "nvsafe completion bash > ~/.local/share/bash-completion/completions/nvsafe"},
    {"pack", "Make", "nvsafe pack partitions.csv nvs=settings.csv --new-keys keys.bin -o flash.bin"},
    {"build", "Make", "nvsafe build settings.csv --table partitions.csv:nvs --to-keys keys.bin -o nvs.bin"},
    {"keys", "Make", "nvsafe keys new -o keys.bin"},
    {"table", "Make", "nvsafe table partitions.csv -o partitions.bin"},
    {"extract", "Make", "nvsafe extract flash.bin:nvs -o nvs.bin"},
    {"verify", "Make", "nvsafe verify flash.bin settings.csv"},
    {"ls", "Read", "nvsafe ls flash.bin 'wifi/*'"},
    {"get", "Read", "nvsafe get flash.bin wifi/ssid"},
    {"export", "Read", "nvsafe export flash.bin -o settings.csv"},
    {"diff", "Read", "nvsafe diff flash.bin returned.bin"},
    {"log", "Read", "nvsafe log flash.bin wifi/ssid"},
    {"stat", "Read", "nvsafe stat flash.bin"},
    {"pages", "Read", "nvsafe pages nvs.bin"},
    {"set", "Change", "nvsafe set flash.bin wifi/channel 6"},
    {"rm", "Change", "nvsafe rm flash.bin wifi/password"},
    {"mv", "Change", "nvsafe mv flash.bin wifi/ssid net/ssid"},
    {"import", "Change", "nvsafe import flash.bin settings.csv"},
    {"undo", "Change", "nvsafe undo flash.bin"},
    {"encrypt", "Transform", "nvsafe encrypt plain.bin --new-keys keys.bin -o encrypted.bin"},
    {"decrypt", "Transform", "nvsafe decrypt encrypted.bin --keys keys.bin -o plain.bin"},
    {"rekey", "Transform", "nvsafe rekey flash.bin --new-keys new.bin -o rekeyed.bin"},
    {"flash-encrypt", "Transform", "nvsafe flash-encrypt flash.bin --flash-key fe.bin -o encrypted.bin"},
    {"flash-decrypt", "Transform", "nvsafe flash-decrypt dump.bin --flash-key fe.bin -o plain.bin"},
    {"compact", "Transform", "nvsafe compact nvs.bin --size 24K -o smaller.bin"},
    {"wipe", "Transform", "nvsafe wipe flash.bin -o wiped.bin"},
    {"repair", "Transform", "nvsafe repair damaged.bin -o repaired.bin"},
    {"recover", "Transform", "nvsafe recover after.bin --keys keys.bin -o saved.bin"},
    {"check", "Prove", "nvsafe check flash.bin partitions.csv"},
    {"preflight", "Prove", "nvsafe preflight dump.bin --flash-key fe.bin --keys keys/"},
    {"audit", "Prove", "nvsafe audit returned/"},
    {"boot", "Prove", "nvsafe boot dump.bin --chip esp32c3 -o after.bin"},
    {"chip", "Prove", "nvsafe chip new chip --flash flash.bin --chip esp32c3 --flash-encryption development"},
};

// A backslash and a leading dot mean something to troff.
std::string troff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) {
      out += "\\&";
      out += c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string synopsis(const CLI::App& verb) {
  std::string text = fmt::format("nvsafe {}", full_name(verb));
  for (const CLI::Option* option : verb.get_options()) {
    if (!option->get_positional()) continue;
    const std::string name = option->get_type_name().empty() ? option->get_name(true) : option->get_type_name();
    const std::string more = option->get_expected_max() > 1 ? "…" : "";
    text += option->get_required() ? fmt::format(" {}{}", name, more) : fmt::format(" [{}{}]", name, more);
  }
  if (!verb.get_subcommands([](const CLI::App*) { return true; }).empty()) text += " VERB";
  return text + " [flags]";
}

std::string options_text(const CLI::App& verb) {
  std::string text;
  for (const CLI::Option* option : verb.get_options()) {
    if (option->get_group().empty()) continue;
    const std::string name = option->get_positional() ? option->get_type_name() : option->get_name(false, true);
    const std::string value =
        option->get_positional() || option->get_expected_max() == 0 ? "" : option->get_type_name();
    text += fmt::format(".TP\n.B {}{}\n{}\n", troff(name), value.empty() ? "" : " \\fI" + troff(value) + "\\fR",
                        troff(option->get_description()));
  }
  return text;
}

}  // namespace

std::span<const VerbText> verb_texts() { return kTexts; }

std::vector<CLI::App*> verbs_of(CLI::App& app) {
  std::vector<CLI::App*> verbs;
  for (CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    verbs.push_back(verb);
    for (CLI::App* part : verb->get_subcommands([](const CLI::App*) { return true; })) verbs.push_back(part);
  }
  return verbs;
}

std::string full_name(const CLI::App& verb) {
  const CLI::App* const above = verb.get_parent();
  if (above == nullptr) return "";
  const std::string outer = full_name(*above);
  return outer.empty() ? verb.get_name() : outer + " " + verb.get_name();
}

void add_verb_texts(CLI::App& app) {
  for (CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    const auto text = std::ranges::find(kTexts, verb->get_name(), &VerbText::name);
    if (text == std::end(kTexts)) continue;
    verb->group(std::string(text->group));
    verb->footer(fmt::format("\nExample: {}", text->example));
  }
}

std::string man_page(const CLI::App& verb) {
  std::string name = full_name(verb);
  std::replace(name.begin(), name.end(), ' ', '-');
  const std::string page = name.empty() ? "nvsafe" : "nvsafe-" + name;
  std::string out = fmt::format(".TH {} 1 \"\" \"nvsafe\" \"nvsafe\"\n.SH NAME\n{} \\- {}\n", troff(page), troff(page),
                                troff(verb.get_description()));
  out += fmt::format(".SH SYNOPSIS\n.B {}\n", troff(synopsis(verb)));
  const auto parts = verb.get_subcommands([](const CLI::App*) { return true; });
  if (!parts.empty()) out += ".SH VERBS\n";
  for (const CLI::App* part : parts) {
    out += fmt::format(".TP\n.B {}\n{}\n", troff(part->get_name()), troff(part->get_description()));
  }
  out += ".SH OPTIONS\n" + options_text(verb);
  if (const auto text = std::ranges::find(kTexts, full_name(verb), &VerbText::name); text != std::end(kTexts)) {
    out += fmt::format(".SH EXAMPLE\n.nf\n{}\n.fi\n", troff(text->example));
  }
  return out + ".SH SEE ALSO\nnvsafe help, nvsafe help exit\\-codes\n";
}

}  // namespace nvsafe::cli
