// What the app of the bench does: the calls of nvs.h, and which of the causes a code has.
#include <fmt/format.h>

#include <algorithm>

#include "base/endian.hpp"
#include "firmware/bench.hpp"
#include "firmware/values.hpp"
#include "host/files.hpp"
#include "idf/nvs_flash.h"
#include "image/value_text.hpp"
#include "text/printable.hpp"
#include "text/suggest.hpp"
#include "text/type_name.hpp"
#include "text/value.hpp"

namespace nvsafe::firmware {
namespace {

using Bytes = std::vector<std::uint8_t>;
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

esp_err_t init_with_keys(const std::string& partition, const std::string& key_partition) {
  const esp_partition_t* const keys =
      esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS_KEYS, key_partition.c_str());
  if (keys == nullptr) return ESP_ERR_NOT_FOUND;
  nvs_sec_cfg_t cfg{};
  esp_err_t result = nvs_flash_read_security_cfg(keys, &cfg);
  if (result == ESP_OK) result = nvs_flash_secure_init_partition(partition.c_str(), &cfg);
  secure_wipe({reinterpret_cast<std::uint8_t*>(&cfg), sizeof cfg});
  return result;
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
  const Path path{words.empty() ? NVS_DEFAULT_PART_NAME : words[0], {}, {}};
  nvs_stats_t stats{};
  if (const esp_err_t up = nvs_get_stats(path.partition.c_str(), &stats); up != ESP_OK) {
    return Failed{explain(up, path)};
  }
  for (const std::string& name : namespaces_of(path.partition)) {
    out_.result(text::printable(name));
  }
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

Outcome<void> Bench::init(const Words& words) {
  LossWatch watch(chip_, words[0], keys_);
  const bool has_keys = words.size() == 2;
  const auto mounted = has_keys ? init_with_keys(words[0], words[1]) : nvs_flash_init_partition(words[0].c_str());
  const NvsLosses losses = watch.losses();
  has_lost_ = has_lost_ || losses.any();
  if (losses.any()) {
    tell_loss(loss_text(chip_, words[0], losses, has_keys ? MountedAs::kEncrypted : MountedAs::kPlain), losses);
  }
  if (mounted != ESP_OK) return problem(Exit::kNo, code_text(mounted), std::string(init_hint(mounted)));
  return {};
}

}  // namespace nvsafe::firmware
