#include "image/rekey.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace nvsafe::image {
namespace {

using text::Exit;
using text::Outcome;
using text::problem;

// Whether this partition is what the verb is for.
Outcome<void> check_kind(const OpenedPartition& partition, const RekeyOptions& options, const std::string& where) {
  if (options.change == KeyChange::kEncrypt) {
    if (!partition.is_encrypted()) return {};
    return problem(Exit::kBadInput, fmt::format("{} is encrypted already, with {}", where, partition.key->name),
                   "nvsafe rekey gives it another key");
  }
  if (!partition.is_encrypted()) {
    return problem(Exit::kBadInput, fmt::format("{} is not encrypted", where),
                   options.change == KeyChange::kRekey ? "nvsafe encrypt gives it a key" : "");
  }
  if (options.change == KeyChange::kRekey && partition.key->key == options.key->key) {
    return problem(Exit::kBadInput, fmt::format("{} has this key already: {}", where, options.key->name),
                   "--new-keys FILE makes another one");
  }
  return {};
}

Outcome<RekeyedPartition> rekey_region(const Region& region, const Source& source, std::span<const KeyCandidate> keys,
                                       const RekeyOptions& options, Allocator& allocator,
                                       std::vector<std::uint8_t>& file, std::optional<keys::XtsKey>& old_key) {
  const std::string where = describe(region, source.file());
  auto opened = open_partition(region, keys, source.file(), allocator);
  if (!opened) return opened.failed();
  OpenedPartition& partition = **opened;
  RekeyedPartition result{.region = region};
  if (partition.store->statistics().is_blank()) {
    result.is_blank = true;
    result.erased_entries = partition.store->statistics().erased_entries;
    // Retired pages are as good as blank.
    const std::vector<std::uint8_t> blank(region.bytes.size(), 0xFF);
    if (auto done = source.put(region, blank, file); !done) return done.failed();
    return result;
  }
  if (auto right = check_kind(partition, options, where); !right) return right.failed();
  auto contents = read_whole(*partition.store, where, source.file());
  if (!contents) return contents.failed();
  auto rebuilt = rebuild(*contents,
                         {.size = static_cast<std::uint32_t>(region.bytes.size()),
                          .version = page_version_of(*partition.store),
                          .key = options.key},
                         where, allocator);
  if (!rebuilt) return rebuilt.failed();
  if (auto done = source.put(region, rebuilt->bytes, file); !done) return done.failed();
  if (partition.is_encrypted()) {
    result.old_key = partition.key->name;
    if (!old_key) old_key.emplace(partition.key->key.clone());
  }
  result.key_count = static_cast<std::uint32_t>(contents->items.size());
  result.namespace_count = static_cast<std::uint32_t>(contents->namespaces.size());
  result.entry_count = rebuilt->entry_count;
  return result;
}

}  // namespace

Outcome<Rekeyed> rekey(Source& source, std::span<const KeyCandidate> keys, const RekeyOptions& options,
                       Allocator& allocator) {
  Rekeyed result;
  result.bytes.assign(source.bytes().begin(), source.bytes().end());
  std::optional<keys::XtsKey> old_key;
  std::vector<const Region*> changed;
  for (const Region& region : source.regions()) {
    auto done = rekey_region(region, source, keys, options, allocator, result.bytes, old_key);
    if (!done) return done.failed();
    result.partitions.push_back(std::move(*done));
    changed.push_back(&region);
  }
  const bool is_in_flash = options.key != nullptr && options.is_key_in_flash;
  auto place = place_key(source, changed, old_key ? &*old_key : nullptr, is_in_flash ? &options.key->key : nullptr,
                         result.bytes, allocator);
  if (!place) return place.failed();
  result.key_page = std::move(*place);
  return result;
}

}  // namespace nvsafe::image
