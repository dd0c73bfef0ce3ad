#include "image/diff.hpp"

#include <map>

namespace nvsafe::image {
namespace {

bool are_equal(const Item& a, const Item& b) {
  return a.has_value() && b.has_value() && a.type == b.type && a.bytes == b.bytes;
}

}  // namespace

ContentsDiff diff(const Contents& before, const Contents& after) {
  std::map<std::pair<std::string, std::string>, ContentChange> keys;
  for (const Item& item : before.items) keys[{item.namespace_text(), item.key}].before = &item;
  for (const Item& item : after.items) keys[{item.namespace_text(), item.key}].after = &item;
  ContentsDiff result;
  for (const auto& [key, change] : keys) {
    if (change.before != nullptr && change.after != nullptr && are_equal(*change.before, *change.after)) {
      ++result.equal_count;
    } else {
      result.changes.push_back(change);
    }
  }
  return result;
}

}  // namespace nvsafe::image
