// A plain map that is what a store should hold, operations on both, and the comparison of the two.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/ram_nor.hpp"
#include "sim/seeded_random.hpp"
#include "store/store.hpp"
#include "support/nvs_writer.hpp"

namespace nvsafe::store {

using test::Bytes;

struct Value {
  ValueType type = ValueType::kU8;
  Bytes bytes;

  friend bool operator==(const Value&, const Value&) = default;
};

struct Operation {
  enum class Kind : std::uint8_t { kSet, kErase, kEraseNamespace, kCreateNamespace, kPurge, kRemount, kMaintain };
  Kind kind = Kind::kSet;
  std::string space;
  std::string key;
  Value value;
};

inline Bytes number_bytes(ValueType type, std::uint64_t number) {
  Bytes bytes;
  for (int i = 0; i < number_size(type); ++i) bytes.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
  return bytes;
}
inline Value number(ValueType type, std::uint64_t value) { return {type, number_bytes(type, value)}; }
// `size` bytes with the NUL.
inline Value string(std::size_t size, std::uint32_t seed) {
  Value value{ValueType::kString, {}};
  for (std::size_t i = 0; i + 1 < size; ++i)
    value.bytes.push_back(static_cast<std::uint8_t>('a' + (i * 7 + seed) % 26));
  value.bytes.push_back(0);
  return value;
}
inline Value blob(std::size_t size, std::uint32_t seed) {
  Value value{ValueType::kBlobData, {}};
  for (std::size_t i = 0; i < size; ++i) value.bytes.push_back(static_cast<std::uint8_t>(i * 13 + seed * 31 + i / 256));
  return value;
}

inline Operation set(std::string space, std::string key, Value value) {
  return {Operation::Kind::kSet, std::move(space), std::move(key), std::move(value)};
}
inline Operation set(std::string key, Value value) { return set("space", std::move(key), std::move(value)); }
inline Operation erase(std::string key) { return {Operation::Kind::kErase, "space", std::move(key), {}}; }
inline Operation erase_namespace(std::string space) {
  return {Operation::Kind::kEraseNamespace, std::move(space), {}, {}};
}
inline Operation create(std::string space) { return {Operation::Kind::kCreateNamespace, std::move(space), {}, {}}; }
inline Operation maintain() { return {Operation::Kind::kMaintain, {}, {}, {}}; }
inline Operation remount() { return {Operation::Kind::kRemount, {}, {}, {}}; }

// Of 40 keys in 3 namespaces, values of every size up to three pages, now and then a remount.
inline Operation random_operation(sim::SeededRandom& random) {
  const std::string key = "key" + std::to_string(random.below(40));
  const std::string space = "space" + std::to_string(random.below(3));
  const auto s = static_cast<std::uint32_t>(random.next());
  switch (random.below(12)) {
    case 0:
      return set(space, key, string(1 + random.below(300), s));
    case 1:
      return set(space, key, blob(random.below(600), s));
    case 2:
      return set(space, key, blob(random.below(9000), s));
    case 3:
      return set(space, key, string(1 + random.below(4000), s));
    case 4:
    case 5:
      return {Operation::Kind::kErase, space, key, {}};
    case 6:
      if (random.below(4) == 0) return maintain();
      return random.below(20) == 0 ? erase_namespace(space) : remount();
    default:
      return set(space, key, number(random.next_bool() ? ValueType::kU32 : ValueType::kI16, s & 0xFF));
  }
}

using Path = std::pair<std::string, std::string>;  // namespace, key

class Model {
 public:
  void apply(const Operation& operation) {
    switch (operation.kind) {
      case Operation::Kind::kSet:
        values_[{operation.space, operation.key}] = operation.value;
        break;
      case Operation::Kind::kErase:
        values_.erase({operation.space, operation.key});
        break;
      case Operation::Kind::kEraseNamespace:
        std::erase_if(values_, [&](const auto& item) { return item.first.first == operation.space; });
        break;
      default:
        break;
    }
  }
  [[nodiscard]] const Value* find(const Path& path) const {
    const auto found = values_.find(path);
    return found == values_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] const std::map<Path, Value>& values() const { return values_; }

 private:
  std::map<Path, Value> values_;
};

inline std::string name_of(const Path& path) { return path.first + "/" + path.second; }

// Empty: what is held is what the model holds, no more and no less; keys that `uncertain` touches may have the old
// value or the new one. The model then takes what is held.
inline std::string compare_held(const std::map<Path, Value>& held, Model& model, const Operation* uncertain) {
  Model after = model;
  if (uncertain != nullptr) after.apply(*uncertain);
  std::string problem;
  for (const auto& [path, value] : held) {
    const Value* old = model.find(path);
    const Value* now = after.find(path);
    if ((old != nullptr && *old == value) || (now != nullptr && *now == value)) continue;
    problem = name_of(path) + (old == nullptr && now == nullptr ? " is there again" : " has another value");
  }
  for (const auto& [path, value] : model.values()) {
    if (!held.contains(path) && after.find(path) != nullptr) problem = name_of(path) + " is lost";
  }
  model = {};
  for (const auto& [path, value] : held) model.apply(set(path.first, path.second, value));
  return problem;
}

// A store that is mounted on a flash, with everything it needs.
class Mounted {
 public:
  explicit Mounted(Flash& flash, const format::EntryCipher* cipher = nullptr, const MountOptions& options = {})
      : flash_(flash), cipher_(cipher), options_(options) {
    remount();
  }
  // Mounts with an allocator that fails.
  Mounted(Flash& flash, const format::EntryCipher* cipher, std::size_t failing_allocation, bool for_good)
      : flash_(flash), cipher_(cipher) {
    allocator_.fail_at(failing_allocation, for_good);
    remount();
  }

  void remount() {
    store_.reset();
    auto mounted = Store::mount(flash_, allocator_, cipher_, options_, statistics);
    error = mounted.ok() ? ErrorCode::kNone : mounted.error().code;
    if (mounted) store_ = std::make_unique<Store>(std::move(*mounted));
  }
  [[nodiscard]] bool ok() const { return store_ != nullptr; }
  Store& store() { return *store_; }
  test::CountingAllocator& allocator() { return allocator_; }

  Result<void> perform(const Operation& operation) {
    if (operation.kind == Operation::Kind::kRemount) {
      remount();
      return ok() ? Result<void>() : fail(error);
    }
    if (operation.kind == Operation::Kind::kMaintain) {
      const auto done = store().maintain();
      return done ? Result<void>() : done.failed();
    }
    const auto space = *Name::from(operation.space);
    if (operation.kind == Operation::Kind::kSet || operation.kind == Operation::Kind::kCreateNamespace) {
      const auto created = store().create_namespace(space);
      if (!created) return created.failed();
      if (operation.kind == Operation::Kind::kCreateNamespace) return {};
      return store().set(*created, *Name::from(operation.key), operation.value.type, operation.value.bytes);
    }
    const auto index = store().namespace_index(space);
    if (!index) return index.failed();
    if (operation.kind == Operation::Kind::kEraseNamespace) return store().erase_namespace(*index);
    if (operation.kind == Operation::Kind::kPurge) return store().purge_namespace(*index);
    return store().erase(*index, *Name::from(operation.key));
  }

  // Firmware that finds none refuses to start.
  [[nodiscard]] bool has_free_page() {
    const auto pages = store().pages();
    return std::any_of(pages.begin(), pages.end(),
                       [](const PageRecord& page) { return !is_in_use(page.kind) && !page.is_pinned; });
  }

  Result<Value> get(const Path& path) {
    const auto index = store().namespace_index(*Name::from(path.first));
    if (!index) return index.failed();
    const auto item = store().find(*index, *Name::from(path.second));
    if (!item) return item.failed();
    Value value{item->type == ValueType::kBlobIndex ? ValueType::kBlobData : item->type, Bytes(item->size)};
    if (const auto read = store().read_value(*item, value.bytes); !read) return read.failed();
    return value;
  }

  // compare_held() with all that the store gives.
  std::string compare(Model& model, const Operation* uncertain = nullptr) {
    std::map<Path, Value> held;
    std::string problem;
    const auto walked = store().for_each_item([&](const ItemInfo& item) -> Result<void> {
      const Path path{std::string(store().namespace_name(item.namespace_index).view()), std::string(item.key.view())};
      if (held.contains(path)) problem = name_of(path) + " stands twice";
      auto value = get(path);
      if (!value) problem = name_of(path) + " cannot be read, error " + std::to_string(int(value.error().code));
      if (value) held[path] = *value;
      return {};
    });
    if (!walked) return "iteration failed";
    const std::string difference = compare_held(held, model, uncertain);
    return problem.empty() ? difference : problem;
  }

  Statistics statistics;
  ErrorCode error = ErrorCode::kNone;

 private:
  Flash& flash_;
  const format::EntryCipher* cipher_;
  MountOptions options_;
  test::CountingAllocator allocator_;
  std::unique_ptr<Store> store_;
};

inline format::EntryCipher test_cipher() {
  auto cipher = format::EntryCipher::create(test::test_key(1));
  EXPECT_TRUE(cipher.ok());
  return std::move(*cipher);
}

}  // namespace nvsafe::store
