// The commands and what they need to run; what they do is in bench_app.cpp and bench_flash.cpp.
#include "firmware/bench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/number.hpp"
#include "text/printable.hpp"
#include "text/suggest.hpp"

namespace nvsafe::firmware {
namespace {

using Words = std::vector<std::string>;
using text::Exit;
using text::Outcome;
using text::problem;

Outcome<std::uint64_t> number_of(const std::string& word) {
  const auto number = parse_size(word);
  if (!number) return problem(Exit::kUsage, word + " is no number");
  return *number;
}

}  // namespace

struct Bench::Command {
  std::string_view name;
  std::size_t word_count_min;  // behind the name
  std::size_t word_count_max;
  bool needs_app;
  std::string_view usage;
  std::string_view what;
  Outcome<void> (Bench::*run)(const Words&);
};

std::span<const Bench::Command> Bench::commands() {
  static constexpr std::array<Command, 16> kCommands = {{
      {"get", 1, 1, true, "get [PARTITION:]NS/KEY", "one value", &Bench::get},
      {"set", 3, 3, true, "set [PARTITION:]NS/KEY TYPE VALUE", "VALUE: a number, a text, hex of a blob, or @FILE",
       &Bench::set},
      {"erase", 1, 1, true, "erase [PARTITION:]NS/KEY|NS/", "a key, or a whole namespace", &Bench::erase},
      {"list", 0, 1, true, "list [PARTITION]", "keys and types", &Bench::list},
      {"stats", 0, 1, true, "stats [PARTITION]", "what nvs_get_stats() counts", &Bench::stats},
      {"namespaces", 0, 1, true, "namespaces [PARTITION]", "", &Bench::namespaces},
      {"init", 1, 2, true, "init PARTITION [KEY_PARTITION]", "nvs_flash_init_partition(), or with the keys there",
       &Bench::init},
      {"wifi", 2, 2, true, "wifi SSID PASSWORD", "stored as the Wi-Fi driver does", &Bench::wifi},
      {"reboot", 0, 0, false, "reboot", "reset", &Bench::reboot},
      {"cut", 0, 1, false, "cut [N]", "power goes at flash or eFuse operation N from now (0: the next); then reboot",
       &Bench::cut},
      {"write", 2, 4, false, "write PARTITION|ADDRESS FILE [--encrypt] [--force]",
       "as esptool write-flash: plainly, or through the chip's encryption", &Bench::write},
      {"read", 2, 3, false, "read PARTITION|ADDRESS+SIZE FILE [--raw]",
       "as the chip sees it; --raw: as a programmer on the SPI pins does", &Bench::read},
      {"efuses", 0, 0, false, "efuses", "what first boot and NVS look at", &Bench::show_efuses},
      {"help", 0, 0, false, "help", "this list", &Bench::show_help},
      {"quit", 0, 0, false, "quit", "the chip stays as it is", nullptr},
      {"exit", 0, 0, false, "exit", "the same", nullptr},
  }};
  return kCommands;
}

Bench::~Bench() { set_platform(nullptr); }

void Bench::start() {
  set_platform(nullptr);
  startup_.reset();
  boot_ = device::boot(chip_, out_.console);
  if (boot_.end == device::BootEnd::kAppStarts) startup_ = start_firmware(chip_, keys_, out_.console);
  has_started_well_ = startup_ && startup_->init == ESP_OK;
  has_lost_ = has_lost_ || (startup_ && startup_->losses.any());
  tell_start();
}

void Bench::tell_start() const {
  if (boot_.has_encrypted) out_.state("first boot: flash is encrypted now");
  if (!startup_) return out_.state("does not start: " + boot_.reason);
  std::string line = fmt::format("{} runs: nvs_flash_init() gave {}", boot_.app.name.view(),
                                 startup_->init == ESP_OK ? "ESP_OK" : code_text(startup_->init));
  if (startup_->init == ESP_OK) {
    line += fmt::format(", {} key{} in nvs", startup_->key_count, startup_->key_count == 1 ? "" : "s");
  }
  const std::string_view hint = init_hint(startup_->init);
  if (!hint.empty()) line += fmt::format(": {}", hint);
  out_.state(line);
  if (startup_->has_made_keys) out_.state("it has made new keys");
  if (!startup_->loss_text.empty()) tell_loss(startup_->loss_text, startup_->losses);
}

void Bench::tell_loss(const std::string& text, const NvsLosses& losses) const {
  out_.loss(text);
  for (const std::string& key : losses.keys) out_.loss("  " + text::printable(key));
}

std::vector<std::string> Bench::help() {
  std::vector<std::string> lines;
  for (const Command& command : commands()) lines.push_back(fmt::format("{:<50} {}", command.usage, command.what));
  return lines;
}

Outcome<bool> Bench::run(std::string_view line) {
  auto words = split_words(line);
  if (!words) return words.failed();
  if (words->empty() || words->front().starts_with('#')) return true;
  const std::string name = words->front();
  words->erase(words->begin());
  const auto found = std::ranges::find(commands(), name, &Command::name);
  if (found == commands().end()) {
    std::vector<std::string_view> names;
    for (const Command& command : commands()) names.push_back(command.name);
    std::string hint = text::did_you_mean(name, names);
    return problem(Exit::kUsage, text::printable(name) + " is no command", hint.empty() ? "help lists them" : hint);
  }
  if (found->run == nullptr) return false;
  if (words->size() < found->word_count_min || words->size() > found->word_count_max) {
    return problem(Exit::kUsage, std::string(found->usage));
  }
  if (found->needs_app) NVSAFE_TRY(check_app());
  NVSAFE_TRY((this->*found->run)(*words));
  return true;
}

Outcome<void> Bench::check_app() const {
  if (!chip_.power().is_on()) return problem(Exit::kNo, "power is off", "reboot switches it on");
  if (startup_) return {};
  return problem(Exit::kNo, "no app runs: " + boot_.reason, "write, read, efuses and reboot work");
}

Outcome<void> Bench::reboot(const Words&) {
  chip_.power().turn_on();
  start();
  return {};
}

Outcome<void> Bench::cut(const Words& words) {
  if (words.empty()) {
    chip_.power().turn_off();
    return {};
  }
  auto number = number_of(words[0]);
  if (!number) return number.failed();
  chip_.power().cut_at(*number);
  return {};
}

Outcome<void> Bench::show_efuses(const Words&) {
  const chip::Efuses& efuses = chip_.efuses();
  out_.result(fmt::format("flash encryption is {} ({} of {} bits of the count set)",
                          efuses.is_flash_encryption_on() ? "on" : "off", efuses.crypt_count_bits(),
                          efuses.crypt_count_width()));
  for (std::size_t i = 0; i < efuses.key_block_count(); ++i) {
    const chip::KeyBlock block = efuses.key_block(i);
    out_.result(fmt::format("{} {}, {}{}{}", efuses.key_block_name(i), chip::purpose_name(block.purpose),
                            block.is_empty ? "empty" : "in use", block.is_read_protected ? ", read-protected" : "",
                            block.is_write_protected ? ", write-protected" : ""));
  }
  return {};
}

Outcome<void> Bench::show_help(const Words&) {
  for (const std::string& line : help()) out_.result(line);
  return {};
}

Outcome<Words> split_words(std::string_view line) {
  if (line.find('\0') != std::string_view::npos) return problem(Exit::kUsage, "a line holds a zero byte");
  Words words;
  std::string word;
  bool is_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      word += line[++i];
      is_word = true;
    } else if (quote != 0) {
      quote == c ? void(quote = 0) : void(word += c);
    } else if (c == '"' || c == '\'') {
      quote = c;
      is_word = true;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      if (is_word) words.push_back(std::exchange(word, {}));
      is_word = false;
    } else {
      word += c;
      is_word = true;
    }
  }
  if (quote != 0) return problem(Exit::kUsage, "a quote is not closed");
  if (is_word) words.push_back(word);
  return words;
}

}  // namespace nvsafe::firmware
