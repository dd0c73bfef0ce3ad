#include "firmware/bench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/endian.hpp"
#include "base/number.hpp"
#include "base/secret.hpp"
#include "crypto/hash.hpp"
#include "firmware/values.hpp"
#include "host/files.hpp"
#include "host/output.hpp"
#include "idf/nvs_flash.h"
#include "image/source.hpp"
#include "image/value_text.hpp"
#include "table/binary.hpp"
#include "text/printable.hpp"
#include "text/suggest.hpp"
#include "text/type_name.hpp"
#include "text/value.hpp"

namespace nvsafe::firmware {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Words = std::vector<std::string>;
using device::hex;
using text::Exit;
using text::Outcome;
using text::problem;

// nvs_handle_t that is closed.
class Handle {
 public:
  Handle(const std::string& partition, const std::string& name_space, nvs_open_mode_t mode)
      : result_(nvs_open_from_partition(partition.c_str(), name_space.c_str(), mode, &handle_)) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (result_ == ESP_OK) nvs_close(handle_);
  }
  [[nodiscard]] esp_err_t result() const { return result_; }
  [[nodiscard]] nvs_handle_t get() const { return handle_; }

 private:
  nvs_handle_t handle_ = 0;
  esp_err_t result_;
};

// All entries of a partition, or of one of its namespaces.
std::vector<nvs_entry_info_t> entries_of(const std::string& partition, const char* name_space) {
  std::vector<nvs_entry_info_t> entries;
  nvs_iterator_t iterator = nullptr;
  for (esp_err_t found = nvs_entry_find(partition.c_str(), name_space, NVS_TYPE_ANY, &iterator); found == ESP_OK;
       found = nvs_entry_next(&iterator)) {
    nvs_entry_info_t info{};
    nvs_entry_info(iterator, &info);
    entries.push_back(info);
  }
  nvs_release_iterator(iterator);
  return entries;
}

std::vector<std::string_view> views(const std::vector<std::string>& words) { return {words.begin(), words.end()}; }

std::vector<std::string> namespaces_of(const std::string& partition) {
  std::vector<std::string> names;
  for (const nvs_entry_info_t& entry : entries_of(partition, nullptr)) names.emplace_back(entry.namespace_name);
  std::ranges::sort(names);
  const auto twice = std::ranges::unique(names);
  names.erase(twice.begin(), twice.end());
  return names;
}

std::vector<std::string> keys_of(const std::string& partition, const std::string& name_space) {
  std::vector<std::string> names;
  for (const nvs_entry_info_t& entry : entries_of(partition, name_space.c_str())) names.emplace_back(entry.key);
  return names;
}

bool has_flag(Words& words, std::string_view flag) {
  const auto found = std::ranges::find(words, flag);
  if (found == words.end()) return false;
  words.erase(found);
  return true;
}

Outcome<Bytes> value_of(ValueType type, const std::string& word) {
  if (is_number(type)) return text::number_value(word, type);
  if (word.starts_with('@')) {
    auto bytes = host::read_file(word.substr(1));
    if (!bytes) return bytes.failed();
    const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    return type == ValueType::kString ? text::string_value(text) : text::blob_value(text);
  }
  return type == ValueType::kString ? text::string_value(word) : text::hex_value(word);
}

std::string shown(const nvs_entry_info_t& entry, const Bytes& value) {
  const auto type = static_cast<ValueType>(entry.type);
  if (type == ValueType::kString) return std::string(image::string_of(value));
  const ValueType known = type == static_cast<ValueType>(NVS_TYPE_BLOB) ? ValueType::kBlobData : type;
  return image::value_text({entry.namespace_name, entry.key, known, value});
}

Outcome<std::uint64_t> number_of(const std::string& word) {
  const auto number = parse_size(word);
  if (!number) return problem(Exit::kUsage, word + " is no number");
  return *number;
}

// As the Wi-Fi driver keeps an SSID: its length in four bytes, then 32 bytes.
Bytes sized_ssid(const std::string& ssid) {
  Bytes blob(36, 0);
  store_le32(blob.data(), static_cast<std::uint32_t>(ssid.size()));
  std::copy(ssid.begin(), ssid.end(), blob.begin() + 4);
  return blob;
}

constexpr const char* kWifiNamespace = "nvs.net80211";
constexpr std::size_t kSsidSizeMax = 32;
constexpr std::size_t kPasswordSize = 65;
constexpr std::size_t kPasswordSizeMax = 64;

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
  is_well_ = is_well_ && startup_ && startup_->init == ESP_OK && !(startup_->losses && startup_->losses->any());
  tell_start();
}

void Bench::tell_start() const {
  if (boot_.has_encrypted) out_.state("first boot: flash is encrypted now");
  if (!startup_) return out_.state("does not start: " + boot_.reason);
  std::string line = fmt::format("{} runs: nvs_flash_init() gave {}", boot_.app.name.view(),
                                 startup_->init == ESP_OK ? "ESP_OK" : code_text(startup_->init));
  if (startup_->init == ESP_OK) {
    const std::size_t count = entries_of(NVS_DEFAULT_PART_NAME, nullptr).size();
    line += fmt::format(", {} key{} in nvs", count, count == 1 ? "" : "s");
  }
  out_.state(line);
  if (startup_->has_made_keys) out_.state("it has made new keys");
  if (startup_->loss_text.empty()) return;
  out_.loss(startup_->loss_text);
  for (const std::string& key : startup_->losses->keys) out_.loss("  " + text::printable(key));
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

Outcome<Bench::Path> Bench::path_of(const std::string& word) const {
  Path path{NVS_DEFAULT_PART_NAME, word, {}};
  const std::size_t colon = word.find(':');
  const std::size_t slash = word.find('/');
  if (slash == std::string::npos) {
    return problem(Exit::kUsage, text::printable(word) + " is no NS/KEY", "for example get wifi/ssid");
  }
  const bool has_partition = colon != std::string::npos && colon < slash;
  if (has_partition) path.partition = word.substr(0, colon);
  const std::size_t start = has_partition ? colon + 1 : 0;
  path.name_space = word.substr(start, slash - start);
  path.key = word.substr(slash + 1);
  return path;
}

// 0x1102 says that something was not found: which of the two.
text::Problem Bench::explain(int code, const Path& path) const {
  const std::string name = code_text(code);
  if (code == ESP_ERR_NVS_NOT_INITIALIZED || code == ESP_ERR_NVS_PART_NOT_FOUND) {
    return {Exit::kNo, fmt::format("{}: partition {} is not up", name, path.partition),
            fmt::format("init {} mounts it", path.partition)};
  }
  if (code != ESP_ERR_NVS_NOT_FOUND) return {Exit::kNo, name, {}};
  const auto spaces = namespaces_of(path.partition);
  if (std::ranges::find(spaces, path.name_space) == spaces.end()) {
    std::string hint = text::did_you_mean(path.name_space, views(spaces));
    if (hint.empty()) hint = spaces.empty() ? path.partition + " holds no key at all" : "namespaces lists them";
    return {Exit::kNo, fmt::format("{}: {} has no namespace {}", name, path.partition, path.name_space), hint};
  }
  const auto keys = keys_of(path.partition, path.name_space);
  std::string hint = text::did_you_mean(path.key, views(keys));
  if (hint.empty()) hint = "list shows the keys";
  return {Exit::kNo, fmt::format("{}: namespace {} has no key {}", name, path.name_space, path.key), hint};
}

Outcome<void> Bench::get(const Words& words) {
  auto path = path_of(words[0]);
  if (!path) return path.failed();
  const Handle handle(path->partition, path->name_space, NVS_READONLY);
  if (handle.result() != ESP_OK) return Failed{explain(handle.result(), *path)};
  nvs_type_t type = NVS_TYPE_ANY;
  Bytes value;
  esp_err_t result = nvs_find_key(handle.get(), path->key.c_str(), &type);
  if (result == ESP_OK) result = get_value(handle.get(), path->key.c_str(), type, value);
  if (result != ESP_OK) return Failed{explain(result, *path)};
  nvs_entry_info_t entry{};
  entry.type = type;
  out_.result(shown(entry, value));
  return {};
}

Outcome<void> Bench::set(const Words& words) {
  auto path = path_of(words[0]);
  if (!path) return path.failed();
  const auto type = text::type_of_name(words[1]);
  if (!type) return problem(Exit::kUsage, words[1] + " is no type", text::type_hint(words[1]));
  auto value = value_of(*type, words[2]);
  if (!value) return value.failed();
  const Handle handle(path->partition, path->name_space, NVS_READWRITE);
  esp_err_t result = handle.result();
  if (result == ESP_OK) result = set_value(handle.get(), path->key.c_str(), *type, *value);
  if (result == ESP_OK) result = nvs_commit(handle.get());
  if (result != ESP_OK) return Failed{explain(result, *path)};
  return {};
}

Outcome<void> Bench::erase(const Words& words) {
  auto path = path_of(words[0]);
  if (!path) return path.failed();
  const Handle handle(path->partition, path->name_space, NVS_READONLY);
  if (handle.result() != ESP_OK) return Failed{explain(handle.result(), *path)};
  const Handle writing(path->partition, path->name_space, NVS_READWRITE);
  esp_err_t result = writing.result();
  if (result == ESP_OK) {
    result = path->key.empty() ? nvs_erase_all(writing.get()) : nvs_erase_key(writing.get(), path->key.c_str());
  }
  if (result != ESP_OK) return Failed{explain(result, *path)};
  return {};
}

Outcome<void> Bench::list(const Words& words) {
  const Path path{words.empty() ? NVS_DEFAULT_PART_NAME : words[0], {}, {}};
  nvs_stats_t stats{};
  if (const esp_err_t up = nvs_get_stats(path.partition.c_str(), &stats); up != ESP_OK) {
    return Failed{explain(up, path)};
  }
  for (const nvs_entry_info_t& entry : entries_of(path.partition, nullptr)) {
    out_.result(fmt::format("{}/{}  {}", text::printable(entry.namespace_name), text::printable(entry.key),
                            image::type_name(static_cast<ValueType>(entry.type))));
  }
  return {};
}

Outcome<void> Bench::stats(const Words& words) {
  const Path path{words.empty() ? NVS_DEFAULT_PART_NAME : words[0], {}, {}};
  nvs_stats_t stats{};
  if (const esp_err_t result = nvs_get_stats(path.partition.c_str(), &stats); result != ESP_OK) {
    return Failed{explain(result, path)};
  }
  out_.result(fmt::format("used {}, free {}, available {}, total {}, namespaces {}", stats.used_entries,
                          stats.free_entries, stats.available_entries, stats.total_entries, stats.namespace_count));
  return {};
}

Outcome<void> Bench::namespaces(const Words& words) {
  for (const std::string& name : namespaces_of(words.empty() ? NVS_DEFAULT_PART_NAME : words[0])) {
    out_.result(text::printable(name));
  }
  return {};
}

Outcome<void> Bench::init(const Words& words) {
  if (words.size() == 1) {
    const esp_err_t result = nvs_flash_init_partition(words[0].c_str());
    if (result != ESP_OK) return problem(Exit::kNo, code_text(result));
    return {};
  }
  const esp_partition_t* const keys =
      esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS_KEYS, words[1].c_str());
  if (keys == nullptr) return problem(Exit::kNo, words[1] + " is no key partition of the table");
  nvs_sec_cfg_t cfg{};
  esp_err_t result = nvs_flash_read_security_cfg(keys, &cfg);
  if (result == ESP_OK) result = nvs_flash_secure_init_partition(words[0].c_str(), &cfg);
  secure_wipe({reinterpret_cast<std::uint8_t*>(&cfg), sizeof cfg});
  if (result != ESP_OK) return problem(Exit::kNo, code_text(result));
  return {};
}

Outcome<void> Bench::wifi(const Words& words) {
  if (words[0].size() > kSsidSizeMax || words[1].size() > kPasswordSizeMax) {
    return problem(Exit::kUsage, "an SSID has up to 32 bytes, a password up to 64");
  }
  const Handle handle(NVS_DEFAULT_PART_NAME, kWifiNamespace, NVS_READWRITE);
  const Bytes ssid = sized_ssid(words[0]);
  Bytes password(kPasswordSize, 0);
  std::copy(words[1].begin(), words[1].end(), password.begin());
  esp_err_t result = handle.result();
  if (result == ESP_OK) result = nvs_set_u8(handle.get(), "opmode", 1);
  if (result == ESP_OK) result = nvs_set_blob(handle.get(), "sta.ssid", ssid.data(), ssid.size());
  if (result == ESP_OK) result = nvs_set_blob(handle.get(), "sta.pswd", password.data(), password.size());
  if (result == ESP_OK) result = nvs_commit(handle.get());
  if (result != ESP_OK) return problem(Exit::kNo, code_text(result));
  return {};
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

// By the chip's table where it is known; else by address.
Outcome<Bench::Place> Bench::place_of(const std::string& word) const {
  const std::size_t plus = word.find('+');
  const auto address = parse_size(word.substr(0, plus));
  const auto size = plus == std::string::npos ? std::optional<std::uint32_t>(0) : parse_size(word.substr(plus + 1));
  if (address && size && *address < chip_.flash().bytes().size() && *size <= chip_.flash().bytes().size() - *address) {
    Place place{word, static_cast<std::uint32_t>(*address), static_cast<std::uint32_t>(*size)};
    place.is_encrypted = chip_.cipher() != nullptr;
    return place;
  }
  const auto devices = chip_.partitions();
  std::vector<std::string_view> names;
  for (const PartitionDevice& device : *devices) {
    names.push_back(device.label);
    if (device.label == word) {
      return Place{word, device.address, device.flash->size(), device.raw_flash != nullptr};
    }
  }
  std::string hint = text::did_you_mean(word, names);
  if (hint.empty())
    hint = names.empty() ? "the table could not be read: name an address" : "or an address: 0x9000+0x6000";
  return problem(Exit::kUsage, text::printable(word) + " is no partition and no place in flash", hint);
}

Outcome<void> Bench::write(const Words& given) {
  Words words = given;
  const bool encrypts = has_flag(words, "--encrypt");
  const bool is_forced = has_flag(words, "--force");
  if (words.size() != 2) return problem(Exit::kUsage, "write PARTITION|ADDRESS FILE [--encrypt] [--force]");
  auto place = place_of(words[0]);
  if (!place) return place.failed();
  auto bytes = host::read_file(words[1]);
  if (!bytes) return bytes.failed();
  const bool is_partition = place->size > 0;
  const std::size_t room = is_partition ? place->size : chip_.flash().bytes().size() - place->address;
  if (place->address % Flash::kSectorSize != 0 || bytes->size() > room) {
    return problem(Exit::kUsage,
                   fmt::format("{} bytes do not fit at {}, which takes {}", bytes->size(), words[0], room));
  }
  NVSAFE_TRY(program(*place, std::move(*bytes), encrypts, is_forced));
  return {};
}

Outcome<void> Bench::program(const Place& place, Bytes bytes, bool encrypts, bool is_forced) {
  const chip::Efuses& efuses = chip_.efuses();
  const bool is_closed = efuses.read(chip::Fuse::kDisManualEncrypt) != 0;
  if (encrypts && is_closed) {
    return problem(Exit::kNo, "the chip does not encrypt what it is given: that is switched off for ever",
                   "nvsafe flash-encrypt FILE --flash-key F --address N encrypts it on the PC, where the key is known");
  }
  if (!encrypts && is_closed && efuses.is_flash_encryption_on() && !is_forced) {
    return problem(Exit::kNo, "flash encryption is on for good: a plain write would not be readable",
                   "--force writes bytes that were encrypted on the PC");
  }
  const std::size_t size = (bytes.size() + Flash::kSectorSize - 1) / Flash::kSectorSize * Flash::kSectorSize;
  if (encrypts) {
    const auto cipher = chip_.key_in_efuse();
    if (!cipher) return problem(Exit::kNo, "the chip has no flash encryption key");
    bytes.resize((bytes.size() + 31) / 32 * 32, 0xFF);
    if (!cipher->encrypt(place.address, bytes)) return problem(Exit::kIo, "encryption failed");
  }
  bytes.resize(size, 0xFF);
  chip_.power().turn_on();
  set_platform(nullptr);  // the app is stopped while a loader runs
  startup_.reset();
  boot_.reason = "the chip is in download mode since flash was written: reboot starts it";
  for (std::size_t done = 0; done < size; done += Flash::kSectorSize) {
    const auto at = static_cast<std::uint32_t>(place.address + done);
    auto written = chip_.flash().erase_sector(at);
    if (written) written = chip_.flash().program(at, std::span(bytes).subspan(done, Flash::kSectorSize));
    if (!written) return problem(Exit::kIo, fmt::format("writing flash at {:#x} failed", at));
  }
  return {};
}

Outcome<void> Bench::read(const Words& given) {
  Words words = given;
  const bool is_raw = has_flag(words, "--raw");
  if (words.size() != 2) return problem(Exit::kUsage, "read PARTITION|ADDRESS+SIZE FILE [--raw]");
  auto place = place_of(words[0]);
  if (!place) return place.failed();
  if (place->size == 0) return problem(Exit::kUsage, words[0] + " has no size", "for example 0x9000+0x6000");
  const auto raw = chip_.flash().bytes().subspan(place->address, place->size);
  Bytes bytes(raw.begin(), raw.end());
  if (!is_raw && place->is_encrypted && !chip_.cipher()->decrypt(place->address, bytes)) {
    return problem(Exit::kUsage, "through flash encryption the chip reads blocks of 16 bytes");
  }
  const auto written = host::write_output({words[1], host::OutputKind::kSecret}, bytes);
  secure_wipe(bytes);
  return written;
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
