// Edits: changes to the bytes of one NVS partition, written as a device would write them: what is new is appended, what
// was there is marked erased. All of a list or nothing, and what comes out is read back before anybody gets it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/allocator.hpp"
#include "format/entry_cipher.hpp"
#include "nvsafe/value_type.hpp"
#include "text/problem.hpp"

namespace nvsafe::image {

struct Edit {
  enum class Kind : std::uint8_t {
    kSet,              // makes the namespace if there is none
    kRemove,           //
    kRemoveNamespace,  // every key of it; its name stays, as nvs_erase_all() leaves it
    kMove,             // to another name, its value and type unchanged
  } kind = Kind::kSet;
  std::string namespace_name;
  std::string key;                  // not of kRemoveNamespace
  ValueType type = ValueType::kU8;  // of kSet: a number, kString or kBlobData
  std::vector<std::uint8_t> value;  // of kSet, as stored: number little endian, string with its NUL
  std::string to_namespace;         // of kMove
  std::string to_key;
  bool replaces = true;  // of kMove: a key that has the new name already
};

// What became of one key.
struct Change {
  struct Value {
    ValueType type = ValueType::kU8;  // as the user knows it: all blobs are kBlobData
    std::vector<std::uint8_t> bytes;  // empty when it is damaged
    bool is_damaged = false;
  };
  enum class Kind : std::uint8_t { kCreated, kReplaced, kRemoved, kUnchanged } kind = Kind::kUnchanged;
  std::string namespace_name;
  std::string key;
  Value before;  // not of kCreated
  Value after;   // not of kRemoved
  bool is_new_namespace = false;
};

struct Edited {
  std::vector<std::uint8_t> bytes;             // of the whole partition
  std::vector<Change> changes;                 // one for each key, in the order of the edits
  std::vector<std::uint32_t> changed_sectors;  // offsets in the partition; empty: the bytes are what they were
  std::uint32_t erase_count = 0;               // sectors that had to be erased for room
  bool was_tidied = false;                     // what a power cut had left was put in order, too
};

// Applies the edits one after the other to a copy of `bytes`. `cipher` (nullptr: none) is what opens the partition;
// `where` names it in messages. Pages with anything that does not decode are left as they are. If no edit changes
// anything, neither does this.
// Errors: kNo: no such namespace or key (with what may be meant), no room (with what would fit), a value that is longer
// than the partition can hold, a damaged or unknown value to move, a new name that is taken; kUsage: a name of no bytes
// or of more than 15; kKey and kBadInput: as opening; kIo: memory, cryptography.
[[nodiscard]] text::Outcome<Edited> apply_edits(std::span<const std::uint8_t> bytes, const format::EntryCipher* cipher,
                                                std::span<const Edit> edits, const std::string& where,
                                                Allocator& allocator);

}  // namespace nvsafe::image
