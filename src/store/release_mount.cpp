#include "store/release_mount.hpp"

#include <algorithm>
#include <cstring>

#include "store/location.hpp"
#include "store/release_pages.hpp"

namespace nvsafe::store {
namespace {

using Item = ReleasePages::Item;
using Wanted = ReleasePages::Wanted;
using State = ReleasePages::State;

Result<void> added(bool has_memory) {
  if (!has_memory) return fail(ErrorCode::kNoMemory);
  return {};
}

// What the passes over all pages keep of a blob index or a chunk.
struct BlobPart {
  Location location;
  std::uint8_t namespace_index;
  std::uint8_t chunk_index;  // of an index: its chunk start
  std::uint8_t chunk_count;  // of an index
  std::uint8_t span;
  std::uint32_t size;
  std::array<char, Name::kFieldSize> key;
  std::uint32_t order;  // in which it was found: pages by sequence number, then entries
  bool is_dropped = false;

  static BlobPart of(Location location, const format::Entry& entry, std::size_t order) {
    const bool is_index = entry.type == ValueType::kBlobIndex;
    return {location,
            entry.namespace_index,
            is_index ? entry.chunk_start() : entry.chunk_index,
            is_index ? entry.chunk_count() : std::uint8_t{0},
            entry.span,
            is_index ? entry.blob_size() : entry.data_size(),
            entry.key,
            static_cast<std::uint32_t>(order)};
  }
  // Of a blob: chunks below 0x80, or from there.
  [[nodiscard]] std::size_t version() const { return chunk_index >= format::kChunkStartOther ? 1 : 0; }
  [[nodiscard]] int compare(const BlobPart& other) const {
    if (namespace_index != other.namespace_index) return namespace_index < other.namespace_index ? -1 : 1;
    return std::memcmp(key.data(), other.key.data(), key.size());
  }
};

void sort_by_key(Buffer<BlobPart>& parts) {
  std::sort(parts.begin(), parts.end(), [](const BlobPart& a, const BlobPart& b) { return a.compare(b) < 0; });
}

// Those with the key of `like`. Requires: sorted by key.
std::span<BlobPart> of_key(Buffer<BlobPart>& parts, const BlobPart& like) {
  const auto found = std::equal_range(parts.begin(), parts.end(), like,
                                      [](const BlobPart& a, const BlobPart& b) { return a.compare(b) < 0; });
  return {found.first, found.second};
}

// Calls `judge` with all of `parts` that have a key, and all of `others` that have it, once for each key of `parts`.
template <typename Judge>
void for_each_key(Buffer<BlobPart>& parts, Buffer<BlobPart>& others, Judge judge) {
  sort_by_key(parts);
  sort_by_key(others);
  for (std::size_t i = 0; i < parts.size();) {
    const auto group = of_key(parts, parts[i]);
    judge(group, of_key(others, parts[i]));
    i += group.size();
  }
}

class ReleaseMount {
 public:
  ReleaseMount(Flash& flash, Allocator& allocator, const format::EntryCipher* cipher, const ReleaseTraits& traits)
      : traits_(traits),
        pages_(flash, allocator, cipher, traits),
        order_(allocator),
        free_(allocator),
        indexes_(allocator),
        chunks_(allocator) {}

  // Errors: besides those of mount_as_release(), kUnsupportedVersion and kNoSpace, which are its outcomes.
  Result<void> run();

 private:
  Result<void> order_pages();
  Result<std::uint32_t> activate();
  Result<void> drop_duplicate_of_last_item();
  Result<bool> drop_older(const Wanted& wanted);
  Result<void> finish_collection();
  Result<void> collect_blob_parts();
  Result<void> drop_mismatched_indexes();
  Result<void> drop_orphans();
  Result<void> erase_dropped(Buffer<BlobPart>& parts);

  const ReleaseTraits traits_;
  ReleasePages pages_;
  Buffer<std::uint32_t> order_;  // pages in use, by sequence number
  Buffer<std::uint32_t> free_;   // blank and corrupt ones; the first that came is the first to go
  std::uint32_t free_first_ = 0;
  std::uint32_t next_sequence_ = 0;
  Buffer<BlobPart> indexes_;
  Buffer<BlobPart> chunks_;
};

Result<void> ReleaseMount::run() {
  NVSAFE_TRY(pages_.load());
  NVSAFE_TRY(order_pages());
  if (order_.empty()) {
    // Nothing but blank and corrupt pages; whether a second one is free is not asked.
    if (const auto page = activate(); !page) return page.failed();
  } else {
    NVSAFE_TRY(drop_duplicate_of_last_item());
    NVSAFE_TRY(finish_collection());
    if (free_first_ == free_.size()) return fail(ErrorCode::kNoSpace);
  }
  if (traits_.drops_mismatched_indexes) NVSAFE_TRY(drop_mismatched_indexes());
  return drop_orphans();
}

Result<void> ReleaseMount::order_pages() {
  // Each page can be taken into use once more, and become free once more.
  const std::uint32_t count = pages_.count();
  NVSAFE_TRY(added(order_.reserve(2 * count) && free_.reserve(3 * count)));
  for (std::uint32_t i = 0; i < count; ++i) {
    const bool is_free = pages_[i].state == State::kBlank || pages_[i].state == State::kCorrupt;
    NVSAFE_TRY(added((is_free ? free_ : order_).push_back(i)));
  }
  // Assumed: pages with one sequence number stay in the order of their places.
  std::sort(order_.begin(), order_.end(), [this](std::uint32_t a, std::uint32_t b) {
    return pages_[a].sequence != pages_[b].sequence ? pages_[a].sequence < pages_[b].sequence : a < b;
  });
  if (!order_.empty()) next_sequence_ = pages_[order_[order_.size() - 1]].sequence + 1;
  return {};
}

// The new version is complete, and the old one on another page is not yet erased. Looked for by type too, only for the
// last item of the last page, and only the first one that is found goes. A blob index may also replace an old blob.
Result<void> ReleaseMount::drop_duplicate_of_last_item() {
  Item last;
  const auto found_last = pages_.for_each_item(order_[order_.size() - 1], [&](const Item& item) -> Result<void> {
    last = item;
    return {};
  });
  if (!found_last) return found_last.failed();
  if (!last) return {};
  Wanted wanted{last.entry.namespace_index, last.entry.key, last.entry.type, last.entry.chunk_index};
  const auto dropped = drop_older(wanted);
  if (!dropped) return dropped.failed();
  if (*dropped || last.entry.type != ValueType::kBlobIndex) return {};
  wanted.type = ValueType::kBlobV1;
  if (const auto old_blob = drop_older(wanted); !old_blob) return old_blob.failed();
  return {};
}

Result<bool> ReleaseMount::drop_older(const Wanted& wanted) {
  for (std::size_t i = 0; i + 1 < order_.size(); ++i) {
    const std::uint32_t page_index = order_[i];
    if (pages_[page_index].state == State::kFreeing) continue;
    const auto older = pages_.find(page_index, wanted);
    if (!older) return older.failed();
    if (!*older) continue;
    NVSAFE_TRY(pages_.erase_item(page_index, older->at, older->entry.span));
    return true;
  }
  return false;
}

// A collection that was cut: the copy is thrown away and made again. Nothing asks whether the newest page is the copy.
// Assumed: one a mount.
Result<void> ReleaseMount::finish_collection() {
  std::size_t place = 0;
  while (place < order_.size() && pages_[order_[place]].state != State::kFreeing) ++place;
  if (place == order_.size()) return {};
  const std::uint32_t freeing = order_[place];
  const std::uint32_t newest = order_[order_.size() - 1];
  if (pages_[newest].state == State::kActive) {
    order_.pop_back();
    NVSAFE_TRY(pages_.erase_page(newest));
    NVSAFE_TRY(added(free_.push_back(newest)));
  }
  const auto copy = activate();
  if (!copy) return copy.failed();
  const auto copied = pages_.for_each_item(freeing, [&](const Item& item) { return pages_.append(*copy, item); });
  if (!copied) return copied.failed();
  std::copy(order_.begin() + place + 1, order_.end(), order_.begin() + place);
  order_.pop_back();
  NVSAFE_TRY(pages_.erase_page(freeing));
  return added(free_.push_back(freeing));
}

Result<void> ReleaseMount::collect_blob_parts() {
  indexes_.clear();
  chunks_.clear();
  for (const std::uint32_t page_index : order_) {
    const auto collected = pages_.for_each_item(page_index, [&](const Item& item) -> Result<void> {
      const std::size_t order = indexes_.size() + chunks_.size();
      const BlobPart part = BlobPart::of(Location::at(page_index, item.at), item.entry, order);
      if (item.entry.type == ValueType::kBlobIndex) return added(indexes_.push_back(part));
      if (item.entry.type == ValueType::kBlobData) return added(chunks_.push_back(part));
      return {};
    });
    if (!collected) return collected.failed();
  }
  return {};
}

Result<void> ReleaseMount::erase_dropped(Buffer<BlobPart>& parts) {
  std::sort(parts.begin(), parts.end(), [](const BlobPart& a, const BlobPart& b) { return a.order < b.order; });
  for (const BlobPart& part : parts) {
    if (!part.is_dropped) continue;
    NVSAFE_TRY(pages_.erase_item(part.location.page_index(), part.location.entry_index(), part.span));
  }
  return {};
}

// An index whose chunks are not as many, or not as large, as it says. Which chunks are its own is told by their version
// alone: a blob of 151 chunks is erased, as it was by 5.3 and later.
Result<void> ReleaseMount::drop_mismatched_indexes() {
  NVSAFE_TRY(collect_blob_parts());
  for_each_key(indexes_, chunks_, [](std::span<BlobPart> indexes, std::span<const BlobPart> chunks) {
    std::uint32_t counts[2] = {};
    std::uint64_t sizes[2] = {};
    for (const BlobPart& chunk : chunks) {
      ++counts[chunk.version()];
      sizes[chunk.version()] += chunk.size;
    }
    for (BlobPart& index : indexes) {
      index.is_dropped = counts[index.version()] != index.chunk_count || sizes[index.version()] != index.size;
    }
  });
  return erase_dropped(indexes_);
}

// A chunk that no index names. Here the index's count decides: of the blob of 151 chunks 5.1 erases none.
Result<void> ReleaseMount::drop_orphans() {
  NVSAFE_TRY(collect_blob_parts());
  for_each_key(chunks_, indexes_, [](std::span<BlobPart> chunks, std::span<const BlobPart> indexes) {
    bool is_named[256] = {};
    for (const BlobPart& index : indexes) {
      const std::uint32_t end = std::min<std::uint32_t>(index.chunk_index + index.chunk_count, 256);
      for (std::uint32_t i = index.chunk_index; i < end; ++i) is_named[i] = true;
    }
    for (BlobPart& chunk : chunks) chunk.is_dropped = !is_named[chunk.chunk_index];
  });
  return erase_dropped(chunks_);
}

// The free page that has waited longest.
Result<std::uint32_t> ReleaseMount::activate() {
  if (free_first_ == free_.size()) return fail(ErrorCode::kNoSpace);
  const std::uint32_t page_index = free_[free_first_++];
  NVSAFE_TRY(pages_.activate(page_index, next_sequence_++));
  NVSAFE_TRY(added(order_.push_back(page_index)));
  return page_index;
}

}  // namespace

Result<MountOutcome> mount_as_release(Flash& flash, Allocator& allocator, const format::EntryCipher* cipher,
                                      const ReleaseTraits& traits) {
  if (flash.size() == 0 || flash.size() % format::kPageSize != 0) return fail(ErrorCode::kBadSize);
  ReleaseMount mount(flash, allocator, cipher, traits);
  const auto done = mount.run();
  if (done) return MountOutcome::kMounted;
  if (done.error().code == ErrorCode::kUnsupportedVersion) return MountOutcome::kNewVersionFound;
  if (done.error().code == ErrorCode::kNoSpace) return MountOutcome::kNoFreePages;
  return done.failed();
}

}  // namespace nvsafe::store
