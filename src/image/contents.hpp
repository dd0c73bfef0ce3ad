// What a partition holds, as values: every namespace and every live item, for whoever lists, exports, compares or
// copies it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/store.hpp"
#include "text/problem.hpp"
#include "text/settings.hpp"

namespace nvsafe::image {

// The type by which the user knows a value: all forms of a blob are kBlobData.
[[nodiscard]] constexpr ValueType user_type(ValueType type) {
  return type == ValueType::kBlobIndex || type == ValueType::kBlobV1 ? ValueType::kBlobData : type;
}

struct Item {
  std::uint8_t namespace_index = 0;
  std::optional<std::string> namespace_name;  // none: no entry defines the index, and firmware does not find the item
  std::string key;
  ValueType type = ValueType::kU8;  // as the user knows it; may be one that is_known() does not know
  std::uint32_t size = 0;           // bytes of the value, a string's with its NUL; of an unknown type 0
  std::vector<std::uint8_t> bytes;  // as stored; empty when is_damaged
  bool is_damaged = false;          // a CRC is wrong, or a chunk is missing
  store::Location location;         // of its header, or of the blob's index

  [[nodiscard]] bool has_value() const { return !is_damaged && is_known(type); }
  // The name, or "?7" for an index that no entry defines.
  [[nodiscard]] std::string namespace_text() const;
};

struct Contents {
  std::vector<std::string> namespaces;  // in order of their indexes, also those that hold nothing
  std::vector<Item> items;              // in order of age: page sequence, then entry
};

// The names that a partition defines, in order of their indexes.
[[nodiscard]] std::vector<std::string> namespaces_of(const store::Store& store);

// Says of an item without its value whether it is wanted.
using ItemFilter = std::function<bool(const Item&)>;

// The live items, those that do not read with them; `wanted` (empty: all) is asked before a value is read.
// Errors: kIo when reading fails for want of memory or cryptography.
[[nodiscard]] text::Outcome<Contents> read_contents(store::Store& store, const ItemFilter& wanted = {});

// Why build cannot make an item again, as "is damaged: a CRC is wrong, or a part is missing". Empty: it can.
[[nodiscard]] std::string why_no_setting(const Item& item);

// The contents as settings that build makes the same of: namespace by namespace, in each the items in order of age.
// `where` stands before the key in messages. Errors: kBadInput with the first item for which why_no_setting() has an
// answer, or whose key another one of a namespace of the same name has, too.
[[nodiscard]] text::Outcome<text::Settings> settings_of(const Contents& contents, const std::string& where);

// What settings would make, as contents; the items have no place.
[[nodiscard]] Contents contents_of(const text::Settings& settings);

}  // namespace nvsafe::image
