#include "image/contents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "image/finding_text.hpp"
#include "image/value_text.hpp"

namespace nvsafe::image {
namespace {

using text::Outcome;
using text::Setting;

Item started(const store::Store& store, const store::ItemInfo& info) {
  Item item;
  item.namespace_index = info.namespace_index;
  if (const Name name = store.namespace_name(info.namespace_index); !name.empty()) item.namespace_name = name.view();
  item.key = info.key.view();
  item.type = user_type(info.type);
  item.size = info.size;
  item.location = info.location;
  return item;
}

Setting row(const Item& item, const std::string& where) {
  Setting row;
  row.kind = Setting::Kind::kValue;
  row.namespace_name = *item.namespace_name;
  row.key = item.key;
  row.type = item.type;
  row.value = item.bytes;
  row.place.file = where;
  return row;
}

}  // namespace

std::string Item::namespace_text() const { return namespace_name.value_or(fmt::format("?{}", namespace_index)); }

std::vector<std::string> namespaces_of(const store::Store& store) {
  const auto known = store.namespaces();
  std::vector<store::Namespace> sorted(known.begin(), known.end());
  std::sort(sorted.begin(), sorted.end(), [](const store::Namespace& a, const store::Namespace& b) {
    return std::pair(a.index, a.location.value) < std::pair(b.index, b.location.value);
  });
  std::vector<std::string> names;
  for (const store::Namespace& one : sorted) {
    if (std::find(names.begin(), names.end(), one.name.view()) == names.end()) names.emplace_back(one.name.view());
  }
  return names;
}

Outcome<Contents> read_contents(store::Store& store, const ItemFilter& wanted) {
  Contents contents;
  const auto walked = store.for_each_item([&](const store::ItemInfo& info) -> Result<void> {
    Item item = started(store, info);
    if (wanted && !wanted(item)) return {};
    item.bytes.resize(info.size);
    if (const auto read = store.read_value(info, item.bytes); !read) {
      if (read.error().code != ErrorCode::kDamaged) return read;
      item.bytes.clear();
      item.is_damaged = true;
    }
    contents.items.push_back(std::move(item));
    return {};
  });
  if (!walked) return core_failed(walked.error());
  contents.namespaces = namespaces_of(store);
  return contents;
}

std::string why_no_setting(const Item& item) {
  if (!item.namespace_name) return "belongs to a namespace that no entry defines";
  if (item.is_damaged) return "is damaged: a CRC is wrong, or a part is missing";
  if (!is_known(item.type)) return fmt::format("has type {}, which this program does not know", type_name(item.type));
  if (item.type == ValueType::kString && (item.bytes.empty() || item.bytes.back() != 0))
    return "is a string without its NUL";
  return {};
}

Outcome<text::Settings> settings_of(const Contents& contents, const std::string& where) {
  std::unordered_map<std::string, std::vector<const Item*>> items;
  std::unordered_set<std::string> seen;
  for (const Item& item : contents.items) {
    std::string why = why_no_setting(item);
    if (why.empty() && !seen.insert(*item.namespace_name + '\0' + item.key).second) {
      why = "stands twice: two namespaces have this name";
    }
    if (!why.empty()) {
      return text::problem(text::Exit::kBadInput,
                           fmt::format("{}: {}/{} {}", where, item.namespace_text(), item.key, why));
    }
    items[*item.namespace_name].push_back(&item);
  }
  text::Settings settings;
  for (const std::string& name : contents.namespaces) {
    settings.rows.push_back({Setting::Kind::kNamespace, name, "", ValueType::kU8, {}, {where}});
    for (const Item* item : items[name]) settings.rows.push_back(row(*item, where));
  }
  return settings;
}

Contents contents_of(const text::Settings& settings) {
  Contents contents;
  for (const Setting& row : settings.rows) {
    if (row.kind == Setting::Kind::kNamespace) {
      contents.namespaces.push_back(row.namespace_name);
      continue;
    }
    Item item;
    item.namespace_name = row.namespace_name;
    item.key = row.key;
    item.type = row.type;
    item.size = static_cast<std::uint32_t>(row.value.size());
    item.bytes = row.value;
    contents.items.push_back(std::move(item));
  }
  return contents;
}

}  // namespace nvsafe::image
