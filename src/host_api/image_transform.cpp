// Image: new files with the same content under another key, made afresh, wiped, repaired or recovered. Each is the way
// of the program's verb of that name, partition by partition.
#include <utility>

#include "host_api/image_parts.hpp"
#include "image/build.hpp"
#include "image/rebuild.hpp"
#include "image/recover.hpp"
#include "image/rekey.hpp"
#include "image/repair.hpp"
#include "image/wipe.hpp"

namespace nvsafe {
namespace {

using text::Exit;
using text::Outcome;
using text::problem;

// Public enumerations are those of src/image, one to one.
static_assert(static_cast<int>(Image::KeyPlace::Change::kPlaced) == static_cast<int>(image::KeyPlace::Change::kPlaced));
static_assert(static_cast<int>(Image::KeyPlace::Change::kReplaced) ==
              static_cast<int>(image::KeyPlace::Change::kReplaced));
static_assert(static_cast<int>(Image::KeyPlace::Change::kErased) == static_cast<int>(image::KeyPlace::Change::kErased));
static_assert(static_cast<int>(Image::KeyPlace::Change::kKept) == static_cast<int>(image::KeyPlace::Change::kKept));
static_assert(static_cast<int>(Image::KeyPlace::Change::kLeft) == static_cast<int>(image::KeyPlace::Change::kLeft));

// 0: as it is.
Outcome<std::uint32_t> result_size(std::uint32_t size, const image::Region& region) {
  if (size == 0) return static_cast<std::uint32_t>(region.bytes.size());
  if (!region.name.empty()) {
    return problem(Exit::kUsage, "a partition in a dump has the size that its table says",
                   "nvsafe extract takes it out; an image by itself takes a size");
  }
  if (const auto right = image::check_partition_size(size, false, "the size given"); !right) return right.failed();
  return size;
}

Image::Residue public_residue(const image::Residue& residue, const std::string& partition) {
  const image::PageResidue total = residue.total();
  return {.partition = partition,
          .erased_count = total.erased_count,
          .zero_count = total.zero_count,
          .readable_count = total.readable_count,
          .unreadable_count = total.unreadable_count,
          .unknown_count = total.unknown_count,
          .is_clean = residue.is_clean()};
}

Image::Rekeyed public_rekeyed(image::Rekeyed&& rekeyed) {
  Image::Rekeyed result{.bytes = std::move(rekeyed.bytes), .key_place = public_place(rekeyed.key_page)};
  for (const image::RekeyedPartition& each : rekeyed.partitions) {
    result.partitions.push_back({.partition = each.region.name,
                                 .old_key = each.old_key,
                                 .key_count = each.key_count,
                                 .namespace_count = each.namespace_count,
                                 .erased_entries = each.erased_entries,
                                 .is_blank = each.is_blank});
  }
  return result;
}

Image::RepairedPartition public_repaired(image::Repaired&& repaired, const std::string& partition) {
  Image::RepairedPartition result{.partition = partition,
                                  .brought_back = std::move(repaired.brought_back),
                                  .left = std::move(repaired.left),
                                  .key_count_before = repaired.key_count_before,
                                  .key_count_after = repaired.key_count_after};
  for (image::RepairStep& step : repaired.steps) result.steps.push_back(std::move(step.text));
  return result;
}

Image::RecoveredPartition public_recovery(const image::Recovery& found, const std::string& partition) {
  Image::RecoveredPartition result{.partition = partition,
                                   .live_count = found.live_count,
                                   .incomplete = found.incomplete,
                                   .damaged = found.damaged,
                                   .erased_entries = found.erased_entries,
                                   .zeroed_entries = found.zeroed_entries,
                                   .undecodable_entries = found.undecodable_entries};
  for (const image::RecoveredItem& item : found.recovered) {
    result.items.push_back({.name_space = item.namespace_name,
                            .key = item.key,
                            .type = item.type,
                            .size = item.size,
                            .page = item.location.page_index(),
                            .entry = item.location.entry_index(),
                            .under = item.under,
                            .is_certain = item.is_certain});
  }
  return result;
}

Outcome<image::Rekeyed> rekeyed(image::Source& source, std::span<const image::KeyCandidate> keys,
                                image::KeyChange change, const Image::Key& key) {
  const auto target = candidate_of(key);
  if (!target) return target.failed();
  return image::rekey(source, keys,
                      {.change = change, .key = &*target, .is_key_in_flash = key.kind != Image::Key::Kind::kHmac},
                      heap());
}

Result<Image::Rekeyed, Problem> told(Outcome<image::Rekeyed> done) {
  if (!done) return public_failure(done.error());
  return public_rekeyed(std::move(*done));
}

}  // namespace

std::optional<Image::KeyPlace> public_place(const std::optional<image::KeyPlace>& place) {
  if (!place) return std::nullopt;
  return Image::KeyPlace{place->partition, place->offset, static_cast<Image::KeyPlace::Change>(place->change)};
}

Result<Image::Rekeyed, Problem> Image::encrypt(const Key& key) {
  return told(rekeyed(*parts_->source, parts_->keys, image::KeyChange::kEncrypt, key));
}

Result<Image::Rekeyed, Problem> Image::decrypt() {
  return told(image::rekey(*parts_->source, parts_->keys, {.change = image::KeyChange::kDecrypt}, heap()));
}

Result<Image::Rekeyed, Problem> Image::rekey(const Key& key) {
  return told(rekeyed(*parts_->source, parts_->keys, image::KeyChange::kRekey, key));
}

Result<Image::Compacted, Problem> Image::compact(std::uint32_t size, std::uint32_t format_version) {
  if (format_version > 2) {
    return Failed{Problem{Problem::Kind::kUsage, "a page format is 1 or 2, or 0 for the one that is there", {}}};
  }
  const auto one = parts_->open_one();
  if (!one) return public_failure(one.error());
  store::Store& store = *one->partition->store;
  const auto right_size = result_size(size, *one->region);
  if (!right_size) return public_failure(right_size.error());
  const std::string where = parts_->describe(*one->region);
  const auto contents = image::read_whole(store, where, parts_->source->file());
  if (!contents) return public_failure(contents.error());
  std::uint8_t version = image::page_version_of(store);
  if (format_version != 0) version = format_version == 1 ? format::kVersion1 : format::kVersion2;
  const auto rebuilt =
      image::rebuild(*contents, {.size = *right_size, .version = version, .key = one->partition->key}, where, heap());
  if (!rebuilt) return public_failure(rebuilt.error());
  const store::Statistics before = store.statistics();
  Compacted result{.bytes = parts_->copy(),
                   .key_count = static_cast<std::uint32_t>(contents->items.size()),
                   .pages_before = before.page_count - before.blank_page_count,
                   .pages_after = rebuilt->page_count};
  const auto put = parts_->source->put(*one->region, rebuilt->bytes, result.bytes);
  if (!put) return public_failure(put.error());
  return result;
}

Result<std::vector<Image::Residue>, Problem> Image::residue() {
  std::vector<Residue> list;
  for (const image::Region& region : parts_->source->regions()) {
    const auto partition = parts_->open(region);
    if (!partition) return public_failure(partition.error());
    const auto residue = image::find_residue(region.bytes, **partition, parts_->keys);
    if (!residue) return public_failure(residue.error());
    list.push_back(public_residue(*residue, region.name));
  }
  return list;
}

Result<Image::Wiped, Problem> Image::wipe() {
  Wiped result{.bytes = parts_->copy(), .is_clean = true};
  for (const image::Region& region : parts_->source->regions()) {
    const auto partition = parts_->open(region);
    if (!partition) return public_failure(partition.error());
    Bytes content(region.bytes.begin(), region.bytes.end());
    const auto wiped = image::wipe(content, **partition, heap());
    if (!wiped) return public_failure(wiped.error());
    const auto reopened = parts_->open({.name = region.name, .offset = region.offset, .bytes = content});
    if (!reopened) return public_failure(reopened.error());
    const auto left = image::find_residue(content, **reopened, parts_->keys);
    if (!left) return public_failure(left.error());
    if (const auto put = parts_->source->put(region, content, result.bytes); !put) return public_failure(put.error());
    result.partitions.push_back({.zeroed_entries = wiped->zeroed_entries,
                                 .erased_pages = wiped->erased_pages,
                                 .was_tidied = wiped->is_tidied,
                                 .left = public_residue(*left, region.name)});
    result.is_clean = result.is_clean && left->is_clean();
  }
  return result;
}

Result<Image::Repaired, Problem> Image::repair() {
  Repaired result{.bytes = parts_->copy(), .is_sound = true};
  for (const image::Region& region : parts_->source->regions()) {
    const auto partition = parts_->open(region);
    if (!partition) return public_failure(partition.error());
    auto repaired = image::repair(region.bytes, **partition, heap());
    if (!repaired) return public_failure(repaired.error());
    const auto put = parts_->source->put(region, repaired->bytes, result.bytes);
    if (!put) return public_failure(put.error());
    result.partitions.push_back(public_repaired(std::move(*repaired), region.name));
    result.is_sound = result.is_sound && result.partitions.back().left.empty();
  }
  return result;
}

Result<Image::Recovered, Problem> Image::recover(std::uint32_t size) {
  Recovered result{.bytes = parts_->copy()};
  std::vector<image::KeyCandidate> keys;
  for (const image::KeyCandidate& key : parts_->keys) keys.push_back({key.name, key.key.clone()});
  for (image::KeyCandidate& key : image::universal_keys()) keys.push_back(std::move(key));
  std::vector<const image::Region*> changed;
  const image::KeyCandidate* result_key = nullptr;  // of the first partition that changes
  bool is_whole = true;
  bool has_recovered = false;
  for (const image::Region& region : parts_->source->regions()) {
    const auto partition = image::open_partition(region, keys, parts_->source->file(), heap());
    if (!partition && partition.error().exit != Exit::kKey) return public_failure(partition.error());
    auto found = image::find_recoverable(region.bytes, partition ? &**partition : nullptr, keys);
    if (!found) return public_failure(found.error());
    if (!partition) {
      const auto plain = image::try_key(region, nullptr, parts_->source->file(), heap());
      found->undecodable_entries = plain ? plain->written_entries : 0;
    }
    const bool is_region_whole = found->incomplete.empty() && found->damaged.empty() && found->undecodable_entries == 0;
    if (!found->recovered.empty() || (!is_region_whole && !found->contents.items.empty())) {
      const auto right_size = result_size(size, region);
      if (!right_size) return public_failure(right_size.error());
      const std::uint8_t version = partition ? image::page_version_of(*(*partition)->store) : format::kVersion2;
      const auto rebuilt = image::rebuild(found->contents, {.size = *right_size, .version = version, .key = found->key},
                                          parts_->describe(region), heap());
      if (!rebuilt) return public_failure(rebuilt.error());
      const auto put = parts_->source->put(region, rebuilt->bytes, result.bytes);
      if (!put) return public_failure(put.error());
      changed.push_back(&region);
      if (result_key == nullptr) result_key = found->key;
    }
    is_whole = is_whole && is_region_whole;
    has_recovered = has_recovered || !found->recovered.empty();
    result.partitions.push_back(public_recovery(*found, region.name));
  }
  result.is_whole = is_whole && has_recovered;
  if (result_key == nullptr) return result;
  result.key = result_key->name;
  if (parts_->is_derived(result_key->key)) return result;
  // With the page that the dump has, the next boot would do it again.
  const auto place = image::place_key(*parts_->source, changed, nullptr, &result_key->key, result.bytes, heap());
  if (place) {
    result.key_place = public_place(*place);
  } else {
    result.key_place_problem = place.error().what;
  }
  return result;
}

}  // namespace nvsafe
