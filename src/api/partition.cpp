// Partition over the store: names into indexes, values into bytes.
#include "nvsafe/partition.hpp"

#include <array>
#include <cstring>
#include <new>
#include <optional>

#include "base/endian.hpp"
#include "base/secret.hpp"
#include "format/entry_cipher.hpp"
#include "keys/key_file.hpp"
#include "store/store.hpp"

namespace nvsafe {

struct Partition::Parts {
  Allocator* allocator;
  std::optional<format::EntryCipher> cipher;
  std::optional<store::Store> store;

  static void release(Parts* parts) {
    Allocator& allocator = *parts->allocator;
    parts->~Parts();
    allocator.release(parts, sizeof(Parts));
  }
  Result<void> mount(Flash& flash, const PartitionOptions& options);
  Result<store::ItemInfo> find(std::string_view name_space, std::string_view key);
  // The item, and its value at the beginning of `out`.
  Result<store::ItemInfo> read(std::string_view name_space, std::string_view key, bool is_string,
                               std::span<std::uint8_t> out);
  Result<void> set(std::string_view name_space, std::string_view key, ValueType type,
                   std::span<const std::uint8_t> value);
};

Result<void> Partition::Parts::mount(Flash& flash, const PartitionOptions& options) {
  if (!options.key.empty()) {
    const auto key = keys::xts_key_of_file(options.key);
    if (!key) return key.failed();
    auto created = format::EntryCipher::create(*key);
    if (!created) return created.failed();
    cipher.emplace(std::move(*created));
  }
  store::Statistics statistics;
  auto mounted = store::Store::mount(flash, *allocator, cipher ? &*cipher : nullptr,
                                     {.is_read_only = options.is_read_only, .purges = options.purges}, statistics);
  if (!mounted) return mounted.failed();
  store.emplace(std::move(*mounted));
  return {};
}

Result<store::ItemInfo> Partition::Parts::find(std::string_view name_space, std::string_view key) {
  const auto space = Name::from(name_space);
  if (!space) return space.failed();
  const auto name = Name::from(key);
  if (!name) return name.failed();
  const auto index = store->namespace_index(*space);
  if (!index) return index.failed();
  return store->find(*index, *name);
}

Result<store::ItemInfo> Partition::Parts::read(std::string_view name_space, std::string_view key, bool is_string,
                                               std::span<std::uint8_t> out) {
  auto item = find(name_space, key);
  if (!item) return item;
  const bool is_blob = item->type == ValueType::kBlobIndex || item->type == ValueType::kBlobV1;
  if (is_string ? item->type != ValueType::kString : !is_blob) return fail(ErrorCode::kWrongType);
  if (item->size > out.size()) return fail(ErrorCode::kBufferTooSmall);
  const auto read = store->read_value(*item, out.first(item->size));
  if (read) return item;
  secure_wipe(out.first(item->size));  // nobody shall take what failed its CRC for a value
  return read.failed();
}

Result<void> Partition::Parts::set(std::string_view name_space, std::string_view key, ValueType type,
                                   std::span<const std::uint8_t> value) {
  const auto space = Name::from(name_space);
  if (!space) return space.failed();
  const auto name = Name::from(key);
  if (!name) return name.failed();
  const auto index = store->create_namespace(*space);
  if (!index) return index.failed();
  return store->set(*index, *name, type, value);
}

Result<Partition> Partition::open(Flash& flash, Allocator& allocator, const PartitionOptions& options) {
  void* memory = allocator.allocate(sizeof(Parts));
  if (memory == nullptr) return fail(ErrorCode::kNoMemory);
  Partition partition(new (memory) Parts{&allocator, {}, {}});
  NVSAFE_TRY(partition.parts_->mount(flash, options));
  return partition;
}

Partition::~Partition() {
  if (parts_ != nullptr) Parts::release(parts_);
}

Result<std::uint64_t> Partition::get_number(std::string_view name_space, std::string_view key, ValueType type) {
  const auto item = parts_->find(name_space, key);
  if (!item) return item.failed();
  if (item->type != type) return fail(ErrorCode::kWrongType);
  return item->entry.number();
}

Result<std::string_view> Partition::get_string(std::string_view name_space, std::string_view key,
                                               std::span<char> buffer) {
  const auto item =
      parts_->read(name_space, key, true, {reinterpret_cast<std::uint8_t*>(buffer.data()), buffer.size()});
  if (!item) return item.failed();
  if (item->size == 0 || buffer[item->size - 1] != '\0') return fail(ErrorCode::kDamaged);
  return std::string_view(buffer.data(), item->size - 1);
}

Result<std::span<const std::uint8_t>> Partition::get_blob(std::string_view name_space, std::string_view key,
                                                          std::span<std::uint8_t> buffer) {
  const auto item = parts_->read(name_space, key, false, buffer);
  if (!item) return item.failed();
  return std::span<const std::uint8_t>(buffer.first(item->size));
}

Result<std::uint32_t> Partition::size(std::string_view name_space, std::string_view key) {
  const auto item = parts_->find(name_space, key);
  if (!item) return item.failed();
  return item->size;
}

Result<void> Partition::set_number(std::string_view name_space, std::string_view key, ValueType type,
                                   std::uint64_t bits) {
  std::array<std::uint8_t, 8> bytes;
  store_le64(bytes.data(), bits);
  return parts_->set(name_space, key, type, std::span(bytes).first(number_size(type)));
}

// The NUL that the format wants is not in a string_view.
Result<void> Partition::set_string(std::string_view name_space, std::string_view key, std::string_view text) {
  if (text.size() >= format::kStringSizeMax) return fail(ErrorCode::kValueTooLong);
  std::array<std::uint8_t, format::kStringSizeMax> bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\0') return fail(ErrorCode::kInvalidValue);
    bytes[i] = static_cast<std::uint8_t>(text[i]);
  }
  bytes[text.size()] = 0;
  const auto value = std::span(bytes).first(text.size() + 1);
  const auto set = parts_->set(name_space, key, ValueType::kString, value);
  secure_wipe(value);
  return set;
}

Result<void> Partition::set_blob(std::string_view name_space, std::string_view key,
                                 std::span<const std::uint8_t> value) {
  return parts_->set(name_space, key, ValueType::kBlobData, value);
}

Result<void> Partition::erase(std::string_view name_space, std::string_view key) {
  const auto space = Name::from(name_space);
  if (!space) return space.failed();
  const auto name = Name::from(key);
  if (!name) return name.failed();
  const auto index = parts_->store->namespace_index(*space);
  if (!index) return index.failed();
  return parts_->store->erase(*index, *name);
}

}  // namespace nvsafe
