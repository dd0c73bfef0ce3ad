// What differs between two contents, key by key. Where they come from, and with which key they were encrypted, does not
// matter.
#pragma once

#include <cstdint>
#include <vector>

#include "image/contents.hpp"

namespace nvsafe::image {

struct ContentChange {
  const Item* before = nullptr;  // nullptr: added
  const Item* after = nullptr;   // nullptr: removed

  [[nodiscard]] const Item& either() const { return after != nullptr ? *after : *before; }
};

struct ContentsDiff {
  std::vector<ContentChange> changes;  // by namespace and key; they point into the contents
  std::uint32_t equal_count = 0;

  [[nodiscard]] bool are_equal() const { return changes.empty(); }
};

// Keys are compared by their names, type and bytes; a value that does not read equals none, not even another such one.
[[nodiscard]] ContentsDiff diff(const Contents& before, const Contents& after);

}  // namespace nvsafe::image
