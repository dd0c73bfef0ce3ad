// nvsafe completion SHELL, and what the scripts ask for: `nvsafe __complete LINE`.
#include <algorithm>
#include <optional>
#include <set>

#include "chip/profile.hpp"
#include "cli/input.hpp"
#include "cli/listing.hpp"
#include "cli/verbs.hpp"
#include "text/words.hpp"

namespace nvsafe::cli {
namespace {

constexpr std::string_view kBash = R"(# nvsafe for bash: partitions, namespaces and keys of the file that is named
_nvsafe() {
  local line=${COMP_LINE:0:COMP_POINT} word=${COMP_WORDS[COMP_CWORD]} whole candidate
  COMPREPLY=()
  whole=${line##*[[:space:]]}
  while IFS= read -r candidate; do
    # Readline replaces only what stands behind the last of its word breaks.
    COMPREPLY+=("${candidate:$((${#whole} - ${#word}))}")
  done < <(nvsafe __complete "$line" 2>/dev/null)
  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace
}
complete -o default -F _nvsafe nvsafe
)";
constexpr std::string_view kZsh = R"(#compdef nvsafe
# nvsafe for zsh: partitions, namespaces and keys of the file that is named
_nvsafe() {
  local -a candidates
  candidates=("${(@f)$(nvsafe __complete "${(j: :)words[1,CURRENT]}" 2>/dev/null)}")
  if [[ -n ${candidates[1]} ]]; then compadd -S '' -- "${candidates[@]}"; else _files; fi
}
compdef _nvsafe nvsafe
)";
constexpr std::string_view kFish = R"(# nvsafe for fish: partitions, namespaces and keys of the file that is named
complete -c nvsafe -a '(nvsafe __complete (commandline -cp) 2>/dev/null)'
)";

using Words = std::vector<std::string>;

Words with_prefix(const Words& all, std::string_view prefix) {
  Words out;
  for (const std::string& word : all) {
    if (word.starts_with(prefix)) out.push_back(word);
  }
  return out;
}

Words long_flags(const CLI::App& verb) {
  Words out;
  for (const CLI::App* at = &verb; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
    }
  }
  return out;
}

// The words that an option takes, where they can be listed.
Words values_of(const std::string& flag) {
  if (flag == "--chip") {
    Words out;
    for (const chip::Profile& profile : chip::profiles()) out.emplace_back(profile.name);
    return out;
  }
  if (flag == "--color") return {"auto", "always", "never"};
  if (flag == "--flash-encryption") return {"off", "development", "release"};
  if (flag == "--nvs") return {"none", "flash-encryption", "hmac:0"};
  if (flag == "--release") return {"4.2", "4.3", "5.0", "5.1", "5.2", "5.3", "5.4", "5.5", "6.0", "6.0.1", "6.1"};
  return {};
}

// A command line taken apart: the verb, its flags with their values, and the other words.
struct Line {
  CLI::App* verb = nullptr;
  Words positionals;
  KeyOptions keys;
  PartitionOptions partition;
  std::string open_flag;  // takes the word that is being typed
};

const CLI::Option* option_of(const CLI::App& verb, const std::string& flag) {
  for (const CLI::App* at = &verb; at != nullptr; at = at->get_parent()) {
    const CLI::Option* const option = at->get_option_no_throw(flag);
    if (option != nullptr) return option;
  }
  return nullptr;
}

CLI::App* part_of(CLI::App& verb, const std::string& name) {
  for (CLI::App* part : verb.get_subcommands([](const CLI::App*) { return true; })) {
    if (part->get_name() == name) return part;
  }
  return nullptr;
}

// The words behind the program's name, without the last one.
Line take_apart(CLI::App& app, std::span<const std::string> words) {
  Line line{.verb = &app};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with('-') || word == "-") {
      CLI::App* const part = line.positionals.empty() ? part_of(*line.verb, word) : nullptr;
      if (part != nullptr) {
        line.verb = part;
      } else {
        line.positionals.push_back(word);
      }
      continue;
    }
    const CLI::Option* const option = option_of(*line.verb, word);
    if (option == nullptr || option->get_expected_max() == 0) continue;
    if (i + 1 == words.size()) {
      line.open_flag = word;
      break;
    }
    const std::string& value = words[++i];
    if (word == "--keys") line.keys.keys.push_back(value);
    if (word == "--hmac-key") line.keys.hmac_key = value;
    if (word == "--partition") line.partition.partition = value;
    if (word == "--partition-table-offset") line.partition.table_offset = value;
  }
  return line;
}

std::string type_of_positional(const CLI::App& verb, std::size_t index) {
  std::string last;
  for (const CLI::Option* option : verb.get_options()) {
    if (!option->get_positional()) continue;
    last = option->get_type_name();
    if (index-- == 0) return last;
    if (option->get_expected_max() > 1) return last;
  }
  return {};
}

// "NS/" for each namespace, or the keys of the one that is begun.
Words keys_of(const Line& line, std::string_view begun, Context& context) {
  auto opened = open_file(line.positionals.front(), line.partition, line.keys);
  if (!opened) return {};
  std::set<std::string> found;
  for (const image::Region& region : opened->source->regions()) {
    auto partition = opened->open(region, context);
    if (!partition) continue;
    store::Store& store = *(*partition)->store;
    (void)store.for_each_item([&](const store::ItemInfo& item) -> Result<void> {
      const std::string space = namespace_text(store, item.namespace_index);
      const std::string path = key_text(space, item.key.view());
      found.insert(begun.find('/') == std::string_view::npos ? path.substr(0, path.find('/') + 1) : path);
      return {};
    });
  }
  return with_prefix({found.begin(), found.end()}, begun);
}

Words partitions_of(std::string_view begun) {
  const std::size_t colon = begun.rfind(':');
  if (colon == std::string_view::npos) return {};
  const std::string file(begun.substr(0, colon));
  auto source = read_source(file, {});
  if (!source || !(*source)->table()) return {};
  Words out;
  for (const table::Partition& row : (*source)->table()->partitions()) {
    out.push_back(fmt::format("{}:{}", file, row.name.view()));
  }
  return with_prefix(out, begun);
}

}  // namespace

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return std::string(kBash);
  if (shell == "zsh") return std::string(kZsh);
  if (shell == "fish") return std::string(kFish);
  return {};
}

std::vector<std::string> complete(CLI::App& app, std::string_view text) {
  auto words = text::split_words(text);
  if (!words) return {};
  const bool begins_word = text.empty() || text.back() == ' ';
  if (begins_word || words->empty()) words->emplace_back();
  const std::string begun = words->back();
  if (words->size() < 2) return {};
  const Line line = take_apart(app, std::span(*words).subspan(1, words->size() - 2));
  if (!line.open_flag.empty()) return with_prefix(values_of(line.open_flag), begun);
  if (begun.starts_with('-')) return with_prefix(long_flags(*line.verb), begun);
  const auto parts = line.verb->get_subcommands([](const CLI::App*) { return true; });
  if (!parts.empty() && line.positionals.empty()) {
    Words names;
    for (const CLI::App* part : parts) names.push_back(part->get_name());
    return with_prefix(names, begun);
  }
  Context context;
  const std::string type = type_of_positional(*line.verb, line.positionals.size());
  if ((type == "NS/KEY" || type == "GLOB") && !line.positionals.empty()) return keys_of(line, begun, context);
  return partitions_of(begun);
}

void register_completion(CLI::App& app, Context& context) {
  auto shell = std::make_shared<std::string>();
  CLI::App& verb = *app.add_subcommand("completion", "A completion script for bash, zsh or fish");
  verb.add_option("shell", *shell, "bash, zsh or fish")->required()->type_name("SHELL");
  verb.callback([shell, &context] {
    context.run = [shell, &context]() -> Outcome<Exit> {
      const std::string script = completion_script(*shell);
      if (script.empty())
        return problem(Exit::kUsage, fmt::format("{} is no shell that is known", *shell), "bash, zsh, fish");
      context.print_raw(script);
      return Exit::kDone;
    };
  });
}

}  // namespace nvsafe::cli
