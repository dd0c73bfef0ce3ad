#include "doctor/boot_log.hpp"

#include <algorithm>
#include <charconv>

#include "chip/profile.hpp"
#include "doctor/finding.hpp"
#include "text/ascii.hpp"

namespace nvsafe::doctor {
namespace {

using text::trim;

// The lines of megabytes are looked at, but no line has to be longer than this to say something.
constexpr std::size_t kLineSizeMax = 1024;
// What a terminal caught at another baud rate is no text; a file that is mostly that is no log.
constexpr std::size_t kStrayPartMax = 4;  // one byte in so many

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }
bool is_word(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_'; }

// Without the sequences that colour it, and with a blank for every other control character.
std::string plain_line(std::string_view line) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b' && i + 1 < line.size() && line[i + 1] == '[') {
      i += 2;
      while (i < line.size() && (is_digit(line[i]) || line[i] == ';')) ++i;
      continue;  // the letter that ends it, too
    }
    out += static_cast<unsigned char>(line[i]) < 0x20 || line[i] == '\x7f' ? ' ' : line[i];
  }
  return out;
}

bool is_mostly_text(std::string_view text) {
  const auto stray = std::count_if(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x7F || (byte < 0x20 && !text::is_space(c) && c != '\x1b');
  });
  return static_cast<std::size_t>(stray) <= text.size() / kStrayPartMax;
}

// `I (123) boot: message`; monitors put a time in front, the log may have one of its own: (12:00:01.123).
struct LogLine {
  std::string_view tag;
  std::string_view message;
};
std::optional<LogLine> log_line(std::string_view line) {
  for (std::size_t at = line.find(" ("); at != std::string_view::npos; at = line.find(" (", at + 1)) {
    if (at == 0 || std::string_view("EWIDV").find(line[at - 1]) == std::string_view::npos) continue;
    if (at > 1 && is_word(line[at - 2])) continue;
    std::size_t end = at + 2;
    while (end < line.size() && (is_digit(line[end]) || line[end] == ':' || line[end] == '.')) ++end;
    if (end == at + 2 || !line.substr(end).starts_with(") ")) continue;
    const std::size_t tag = end + 2;
    const std::size_t colon = line.find(": ", tag);
    if (colon == std::string_view::npos || colon == tag) continue;
    return LogLine{line.substr(tag, colon - tag), trim(line.substr(colon + 2))};
  }
  return std::nullopt;
}

std::optional<std::uint32_t> hex_number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional(value)
                                                                                   : std::nullopt;
}

// "v5.5.3-12-gabcdef-dirty" is a 5.5.3.
std::optional<store::Release> release_in(std::string_view text) {
  for (std::size_t at = text.find('v'); at != std::string_view::npos; at = text.find('v', at + 1)) {
    if ((at > 0 && is_word(text[at - 1])) || at + 1 == text.size() || !is_digit(text[at + 1])) continue;
    const std::string_view version = text.substr(at);
    std::string_view number = version.substr(0, version.find_first_not_of("v.0123456789"));
    while (number.ends_with('.')) number.remove_suffix(1);
    if (const auto release = store::parse_release(number)) return *release;
  }
  return std::nullopt;
}

class LogReader {
 public:
  std::optional<BootLog> read(std::string_view text) {
    if (!is_mostly_text(text)) return std::nullopt;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
      const std::size_t skip = text.substr(end).starts_with("\r\n") ? 2 : 1;
      ++line_;
      if (const std::string_view line = text.substr(0, std::min(end, kLineSizeMax)); !line.empty()) look(line);
      text.remove_prefix(std::min(end + skip, text.size()));
    }
    if (!is_log_) return std::nullopt;
    if (!log_.release) log_.release = bootloader_release_;
    return std::move(log_);
  }

 private:
  void look(std::string_view raw) {
    const std::string line = plain_line(raw);
    look_at_rom(line);
    look_for_errors(line);
    const auto found = log_line(line);
    if (!found) return;
    is_log_ = true;
    look_at_versions(*found);
    if (found->tag == "boot") look_at_table(found->message);
    if (found->tag == "flash_encrypt") look_at_flash_encryption(found->message);
    if (found->tag == "nvs_sec_provider") look_at_provider(found->message);
    if (found->tag == "nvs") look_at_nvs(found->message);
  }

  void look_at_rom(std::string_view line) {
    constexpr std::string_view kRom = "ESP-ROM:";
    if (const std::size_t at = line.find(kRom); at != std::string_view::npos) {
      const std::string_view rest = line.substr(at + kRom.size());
      set_chip(rest.substr(0, rest.find_first_of("- ")));
      is_log_ = true;
    }
    // The ROM of the first chip names itself by its date only.
    if (line.find("ets Jun  8 2016") != std::string_view::npos ||
        line.find("ets Jul 29 2019") != std::string_view::npos) {
      set_chip("esp32");
      is_log_ = true;
    }
    if (line.find("rst:0x") != std::string_view::npos && line.find("boot:0x") != std::string_view::npos) is_log_ = true;
  }

  void set_chip(std::string_view name) {
    if (const chip::Profile* profile = chip::find_profile(name)) log_.chip = profile->name;
  }

  void look_at_versions(const LogLine& line) {
    if (line.tag.starts_with("boot.")) set_chip(line.tag.substr(5));
    if (line.message.find("ESP-IDF") == std::string_view::npos) return;
    const auto release = release_in(line.message);
    if (!release) return;
    if (line.tag == "boot") {
      bootloader_release_ = release;
    } else if (line.tag == "app_init" || line.tag == "cpu_start" || line.tag == "app_start") {
      log_.release = release;
    }
  }

  // ` 0 nvs              WiFi data        01 02 00009000 00006000`
  void look_at_table(std::string_view message) {
    if (message == "Partition Table:") log_.table = {};
    std::vector<std::string_view> words;
    for (std::string_view rest = message; !rest.empty(); rest = trim(rest)) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      words.push_back(rest.substr(0, end));
      rest.remove_prefix(end);
    }
    if (words.size() < 6 || words[0].size() > 2 || !std::all_of(words[0].begin(), words[0].end(), is_digit)) return;
    const auto numbers = std::span(words).last(4);
    const auto type = hex_number(numbers[0]), subtype = hex_number(numbers[1]);
    const auto offset = hex_number(numbers[2]), size = hex_number(numbers[3]);
    if (!type || !subtype || !offset || !size || numbers[0].size() != 2 || numbers[1].size() != 2 ||
        numbers[2].size() != 8 || numbers[3].size() != 8) {
      return;
    }
    table::Partition row;
    row.name = table::PartitionName(words[1]);
    row.type = static_cast<table::PartitionType>(*type);
    row.subtype = static_cast<std::uint8_t>(*subtype);
    row.offset = *offset;
    row.size = *size;
    row.line = line_;
    (void)log_.table.add(row);
  }

  void look_at_flash_encryption(std::string_view message) {
    const auto has = [&](std::string_view part) { return message.find(part) != std::string_view::npos; };
    auto& seen = log_.flash_encryption;
    if (has("mode is DEVELOPMENT")) {
      seen = FlashEncryptionSeen::kDevelopment;
    } else if (has("mode is RELEASE")) {
      seen = FlashEncryptionSeen::kRelease;
    } else if (has("flash encryption is enabled") || has("Flash encryption completed")) {
      if (seen == FlashEncryptionSeen::kUnknown || seen == FlashEncryptionSeen::kOff) seen = FlashEncryptionSeen::kOn;
    } else if (has("not enabled") && seen == FlashEncryptionSeen::kUnknown) {
      seen = FlashEncryptionSeen::kOff;
    }
  }

  void look_at_provider(std::string_view message) {
    if (message.find("HMAC-based") != std::string_view::npos) log_.scheme = NvsEncryption::Scheme::kHmac;
    if (message.find("Flash encryption-based") != std::string_view::npos) {
      log_.scheme = NvsEncryption::Scheme::kFlashEncryption;
    }
    if (message.find("nvs_keys") != std::string_view::npos && message.find("not found") != std::string_view::npos) {
      log_.misses_key_partition = true;
    }
  }

  void look_at_nvs(std::string_view message) {
    constexpr std::string_view kFailed = "Failed to read NVS security cfg: [0x";
    if (const std::size_t at = message.find(kFailed); at != std::string_view::npos) {
      const std::string_view rest = message.substr(at + kFailed.size());
      if (const auto value = hex_number(rest.substr(0, rest.find(']'))); value && *value <= INT32_MAX) {
        log_.key_read_error = static_cast<std::int32_t>(*value);
        log_.key_read_line = line_;
      }
    }
    if (message.find("Generating NVS encr") != std::string_view::npos) log_.makes_keys = true;
    constexpr std::string_view kPartition = "NVS partition \"";
    if (const std::size_t at = message.find(kPartition); at != std::string_view::npos) {
      const std::string_view rest = message.substr(at + kPartition.size());
      const std::size_t quote = rest.find('"');
      if (quote == std::string_view::npos || !rest.substr(quote).starts_with("\" is encrypted")) return;
      const std::string name(rest.substr(0, quote));
      auto& names = log_.encrypted_partitions;
      if (names.size() < table::kPartitionCountMax && std::ranges::find(names, name) == names.end()) {
        names.push_back(name);
      }
    }
  }

  // By name, or as a number where the line speaks of an error.
  void look_for_errors(std::string_view line) {
    for (std::size_t at = line.find("ESP_ERR_"); at != std::string_view::npos; at = line.find("ESP_ERR_", at + 1)) {
      std::size_t end = at;
      while (end < line.size() && is_word(line[end])) ++end;
      if (const ErrorText* error = find_error(line.substr(at, end - at))) add_error(error->value);
    }
    const std::string lower = text::to_lower(line);
    if (lower.find("err") == std::string::npos && lower.find("nvs") == std::string::npos) return;
    for (std::size_t at = lower.find("0x"); at != std::string::npos; at = lower.find("0x", at + 2)) {
      std::size_t end = at + 2;
      while (end < lower.size() && is_hex(lower[end])) ++end;
      // 0x105 is also an address; the number of a failed check is not.
      const bool is_long = end - at == 6;
      const bool is_checked = lower.find("esp_err_t") != std::string::npos;
      if ((!is_long && !is_checked) || (end < lower.size() && is_word(lower[end]))) continue;
      if (const ErrorText* error = find_error(std::string_view(lower).substr(at, end - at))) add_error(error->value);
    }
  }

  void add_error(std::int32_t value) {
    if (std::ranges::find(log_.errors, value, &SeenError::value) != log_.errors.end()) return;
    log_.errors.push_back({value, line_});
  }

  BootLog log_;
  std::optional<store::Release> bootloader_release_;
  std::uint32_t line_ = 0;
  bool is_log_ = false;
};

}  // namespace

std::optional<BootLog> parse_boot_log(std::string_view text) { return LogReader().read(text); }

}  // namespace nvsafe::doctor
