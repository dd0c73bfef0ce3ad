#include "image/recover.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "image/history.hpp"

namespace nvsafe::image {
namespace {

using text::Outcome;

using KeyName = std::pair<std::string, std::string>;

class Recoverer {
 public:
  Recoverer(OpenedPartition* partition, const HistoryKeys& keys) : partition_(partition), keys_(keys) {}

  Outcome<Recovery> run(std::span<const std::uint8_t> bytes) {
    store::Store* const store = partition_ != nullptr ? &*partition_->store : nullptr;
    NVSAFE_TRY(take_live(store));
    auto history = read_history(bytes, keys_, store);
    if (!history) return history.failed();
    result_.erased_entries = history->erased_entries;
    result_.zeroed_entries = history->zeroed_entries;
    take_erased(*history);
    number_namespaces();
    choose_key();
    return std::move(result_);
  }

 private:
  Outcome<void> take_live(store::Store* store) {
    if (store == nullptr) return {};
    auto contents = read_contents(*store);
    if (!contents) return contents.failed();
    result_.contents.namespaces = std::move(contents->namespaces);
    for (Item& item : contents->items) {
      if (!why_no_setting(item).empty()) {
        result_.damaged.push_back(item.namespace_text() + '/' + item.key);
        continue;
      }
      taken_.insert({*item.namespace_name, item.key});
      result_.contents.items.push_back(std::move(item));
      ++result_.live_count;
    }
    const store::Statistics statistics = store->statistics();
    result_.undecodable_entries = statistics.written_entries - statistics.decoded_entries;
    votes_[partition_->key] += result_.live_count;
    return {};
  }

  // The newest complete version of every key that is not live.
  void take_erased(const History& history) {
    std::map<KeyName, const Version*> newest;
    std::set<KeyName> incomplete;
    for (const Version& version : history.versions) {
      if (version.standing == Standing::kLive || !version.namespace_name) continue;
      const KeyName name{*version.namespace_name, version.key};
      if (taken_.contains(name)) continue;
      if (version.is_complete && is_known(version.type)) {
        newest[name] = &version;
        incomplete.erase(name);
      } else if (!newest.contains(name)) {
        incomplete.insert(name);
      }
    }
    std::vector<const Version*> found;
    for (const Version& version : history.versions) {
      if (!version.namespace_name) continue;
      const auto best = newest.find({*version.namespace_name, version.key});
      if (best != newest.end() && best->second == &version) take(version);
    }
    for (const KeyName& name : incomplete) result_.incomplete.push_back(name.first + '/' + name.second);
  }

  void take(const Version& version) {
    Item item;
    item.namespace_name = version.namespace_name;
    item.key = version.key;
    item.type = version.type;
    item.size = version.size;
    item.bytes = version.bytes;
    item.location = version.location;
    if (!why_no_setting(item).empty()) {
      result_.incomplete.push_back(*version.namespace_name + '/' + version.key);
      return;
    }
    const KeyCandidate* const key = keys_.candidate(version.cipher_index);
    ++votes_[key];
    result_.recovered.push_back({*version.namespace_name, version.key, version.type, version.size, version.location,
                                 key != nullptr ? key->name : "", version.is_certain});
    auto& namespaces = result_.contents.namespaces;
    if (std::find(namespaces.begin(), namespaces.end(), *version.namespace_name) == namespaces.end()) {
      namespaces.push_back(*version.namespace_name);
    }
    result_.contents.items.push_back(std::move(item));
  }

  // One index for one name: those of the past may stand for several.
  void number_namespaces() {
    const auto& namespaces = result_.contents.namespaces;
    for (Item& item : result_.contents.items) {
      const auto found = std::find(namespaces.begin(), namespaces.end(), *item.namespace_name);
      item.namespace_index = static_cast<std::uint8_t>(found - namespaces.begin() + format::kNamespaceIndexMin);
    }
  }

  void choose_key() {
    const auto best = std::max_element(votes_.begin(), votes_.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    if (best != votes_.end()) result_.key = best->first;
  }

  OpenedPartition* partition_;
  const HistoryKeys& keys_;
  Recovery result_;
  std::set<KeyName> taken_;
  std::map<const KeyCandidate*, std::size_t> votes_;  // items found under each
};

}  // namespace

Outcome<Recovery> find_recoverable(std::span<const std::uint8_t> bytes, OpenedPartition* partition,
                                   std::span<const KeyCandidate> keys) {
  const auto history_keys = HistoryKeys::make(partition, keys);
  if (!history_keys) return history_keys.failed();
  return Recoverer(partition, *history_keys).run(bytes);
}

}  // namespace nvsafe::image
