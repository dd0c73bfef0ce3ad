#include "image/lookup.hpp"

#include <fmt/format.h>

#include <vector>

#include "text/suggest.hpp"

namespace nvsafe::image {

using text::Exit;
using text::problem;

text::Outcome<std::uint8_t> find_namespace(store::Store& store, const std::string& name, const std::string& where) {
  if (const auto valid = Name::from(name)) {
    if (const auto index = store.namespace_index(*valid)) return *index;
  }
  std::vector<std::string_view> names;
  for (const store::Namespace& known : store.namespaces()) names.push_back(known.name.view());
  std::string hint = text::did_you_mean(name, names);
  if (hint.empty() && !names.empty()) hint = fmt::format("it has {}", fmt::join(names, ", "));
  return problem(Exit::kNo, fmt::format("{} has no namespace {}", where, name), hint);
}

Failed<text::Problem> no_such_key(store::Store& store, std::uint8_t namespace_index, const std::string& namespace_name,
                                  const std::string& key, const std::string& where) {
  std::vector<std::string> keys;
  const auto walked = store.for_each_item([&](const store::ItemInfo& item) -> Result<void> {
    if (item.namespace_index == namespace_index) keys.emplace_back(item.key.view());
    return {};
  });
  const std::vector<std::string_view> names(keys.begin(), keys.end());
  std::string hint = walked ? text::did_you_mean(key, names) : "";
  if (hint.empty()) hint = fmt::format("the namespace has {} other keys: nvsafe ls lists them", keys.size());
  return problem(Exit::kNo, fmt::format("{} has no key {}/{}", where, namespace_name, key), hint);
}

}  // namespace nvsafe::image
