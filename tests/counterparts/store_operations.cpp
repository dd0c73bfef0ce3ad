// Runs operations on the image of an NVS partition through src/store, for scripts/counterparts/esp_nvs. Commands come
// as lines on stdin, each is answered on stdout by lines that end with "ok", "absent", "full", "too-long" or "error
// TEXT". scripts/counterparts/esp_nvs/src/main.rs does the same through esp-nvs; names and values are hexadecimal, - is
// empty:
//
//   open FILE [purge]        loads the image and mounts it
//   set SPACE KEY TYPE VALUE
//   erase SPACE KEY
//   get SPACE KEY TYPE       answers with an item line
//   list                     answers with a line "item SPACE KEY TYPE VALUE" for each
//   save FILE                writes the image as it is in flash now
//   findings                 answers with a line "finding CODE COUNT" for each
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "host/heap_allocator.hpp"
#include "sim/ram_nor.hpp"
#include "store/store.hpp"
#include "text/encoding.hpp"
#include "text/type_name.hpp"

namespace nvsafe {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Words = std::vector<std::string>;

// A command that makes no sense, in contrast to one that the store refuses.
Result<void> misused() { return fail(ErrorCode::kInvalidValue); }

std::string to_hex(std::span<const std::uint8_t> bytes) { return bytes.empty() ? "-" : text::encode_hex(bytes); }
std::string to_hex(const Name& name) { return to_hex(Bytes(name.view().begin(), name.view().end())); }

Result<Bytes> from_hex(std::string_view hex) {
  if (hex == "-") return Bytes();
  auto bytes = text::decode_hex(hex);
  if (!bytes) return fail(ErrorCode::kInvalidValue);
  return std::move(*bytes);
}

Result<Name> name_from(std::string_view hex) {
  const auto bytes = from_hex(hex);
  if (!bytes) return bytes.failed();
  return Name::from(std::string(bytes->begin(), bytes->end()));
}

std::string describe(const Result<void>& result) {
  if (result) return "ok";
  switch (result.error().code) {
    case ErrorCode::kNotFound:
      return "absent";
    case ErrorCode::kNoSpace:
      return "full";
    case ErrorCode::kValueTooLong:
      return "too-long";
    default:
      return "error code " + std::to_string(static_cast<int>(result.error().code));
  }
}

class Session {
 public:
  Result<void> run(const Words& words, std::string& out) {
    const std::string& verb = words[0];
    if (verb == "open" && words.size() >= 2) return open(words[1], words.size() == 3 && words[2] == "purge");
    if (!store_) return misused();
    if (verb == "set" && words.size() == 5) return set(words);
    if (verb == "erase" && words.size() == 3) return erase(words[1], words[2]);
    if (verb == "get" && words.size() == 4) return get(words, out);
    if (verb == "list" && words.size() == 1) return list(out);
    if (verb == "save" && words.size() == 2) return save(words[1]);
    if (verb == "findings" && words.size() == 1) return list_findings(out);
    return misused();
  }

 private:
  Result<void> open(const std::string& path, bool purges) {
    store_.reset();
    std::ifstream file(path, std::ios::binary);
    const Bytes image{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (image.empty() || image.size() % Flash::kSectorSize != 0) return fail(ErrorCode::kBadSize);
    flash_.emplace(image, sim::NorSettings{.checks_entries = true});
    store::Statistics statistics;
    auto mounted = store::Store::mount(*flash_, allocator_, nullptr, {.purges = purges}, statistics);
    if (!mounted) return mounted.failed();
    store_.emplace(std::move(*mounted));
    return {};
  }

  Result<void> set(const Words& words) {
    const auto space = name_from(words[1]);
    const auto key = name_from(words[2]);
    const auto type = text::type_of_name(words[3]);
    auto value = from_hex(words[4]);
    if (!space || !key || !type || !value) return misused();
    if (type == ValueType::kString) value->push_back(0);
    const auto index = store_->create_namespace(*space);
    if (!index) return index.failed();
    return store_->set(*index, *key, *type, *value);
  }

  Result<void> erase(std::string_view space_hex, std::string_view key_hex) {
    const auto space = name_from(space_hex);
    const auto key = name_from(key_hex);
    if (!space || !key) return misused();
    const auto index = store_->namespace_index(*space);
    if (!index) return index.failed();
    return store_->erase(*index, *key);
  }

  // Of whatever type: the item line says which.
  Result<void> get(const Words& words, std::string& out) {
    const auto space = name_from(words[1]);
    const auto key = name_from(words[2]);
    if (!space || !key) return misused();
    const auto index = store_->namespace_index(*space);
    if (!index) return index.failed();
    return print_item(*index, *key, out);
  }

  Result<void> list(std::string& out) {
    return store_->for_each_item(
        [&](const store::ItemInfo& item) { return print_item(item.namespace_index, item.key, out); });
  }

  Result<void> print_item(std::uint8_t namespace_index, const Name& key, std::string& out) {
    const auto item = store_->find(namespace_index, key);
    if (!item) return item.failed();
    Bytes value(item->size);
    if (const auto read = store_->read_value(*item, value); !read) return read;
    if (item->type == ValueType::kString && !value.empty() && value.back() == 0) value.pop_back();
    out += "item " + to_hex(store_->namespace_name(namespace_index)) + " " + to_hex(key) + " ";
    out += std::string(text::type_name(item->type)) + " " + to_hex(value) + "\n";
    return {};
  }

  Result<void> save(const std::string& path) {
    std::ofstream file(path, std::ios::binary);
    const auto bytes = flash_->bytes();
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) return fail(ErrorCode::kFlashIo);
    store_.reset();
    return {};
  }

  Result<void> list_findings(std::string& out) {
    if (const auto checked = store_->check(); !checked) return checked;
    for (const auto& finding : store_->findings()) {
      out += "finding " + std::to_string(static_cast<int>(finding.code)) + " " + std::to_string(finding.count) + "\n";
    }
    return {};
  }

  host::HeapAllocator allocator_;
  std::optional<sim::RamNor> flash_;
  std::optional<store::Store> store_;
};

}  // namespace
}  // namespace nvsafe

int main() {
  nvsafe::Session session;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    nvsafe::Words command{std::istream_iterator<std::string>(words), std::istream_iterator<std::string>()};
    if (command.empty()) command.emplace_back();
    std::string out;
    const auto result = session.run(command, out);
    std::cout << out << nvsafe::describe(result) << std::endl;
  }
}
