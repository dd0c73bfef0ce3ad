#include "image/key_place.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/erased.hpp"
#include "image/finding_text.hpp"

namespace nvsafe::image {
namespace {

using text::Exit;
using text::Outcome;
using text::problem;

std::span<const std::uint8_t> bytes_of(const Source& source, const table::Partition& partition) {
  return source.bytes().subspan(partition.offset, partition.size);
}

// The page that opened what is changed, else the first one: that is what firmware reads.
const table::Partition* find_page(const Source& source, const keys::XtsKey* old_key) {
  const table::Partition* first = nullptr;
  for (const table::Partition& partition : source.table()->partitions()) {
    if (!partition.is(table::DataSubtype::kNvsKeys) || partition.end() > source.bytes().size() ||
        partition.size < format::kPageSize) {
      continue;
    }
    if (first == nullptr) first = &partition;
    const auto there = source.key_page(partition);
    if (there && old_key != nullptr && there->key == *old_key) return &partition;
  }
  return first;
}

// An NVS partition that stays as it is and opens with `page_key` only.
Outcome<void> check_others(Source& source, std::span<const Region* const> changed, const table::Partition& page,
                           const keys::XtsKey& page_key, Allocator& allocator) {
  for (const table::Partition& partition : source.table()->partitions()) {
    if (!partition.is(table::DataSubtype::kNvs) || partition.end() > source.bytes().size()) continue;
    const auto is_it = [&](const Region* region) { return region->offset == partition.offset; };
    if (std::any_of(changed.begin(), changed.end(), is_it)) continue;
    const KeyCandidate keys[] = {{"", page_key.clone()}};
    const auto piece = source.partition(partition);
    if (!piece) return piece.failed();
    const Region region{std::string(partition.name.view()), partition.offset, piece->bytes};
    const auto opened = open_partition(region, keys, source.file(), allocator);
    if (!opened || !(*opened)->is_encrypted()) continue;
    return problem(
        Exit::kBadInput,
        fmt::format("the key page in {} also opens partition {}, which is not changed: it would lose its key",
                    page.name.view(), region.name),
        fmt::format("name {} without a partition: all of them change together", source.file()));
  }
  return {};
}

}  // namespace

std::string_view to_string(KeyPlace::Change change) {
  switch (change) {
    case KeyPlace::Change::kPlaced:
      return "placed";
    case KeyPlace::Change::kReplaced:
      return "replaced";
    case KeyPlace::Change::kErased:
      return "erased";
    case KeyPlace::Change::kKept:
      return "kept";
    case KeyPlace::Change::kLeft:
      return "left";
  }
  return "";
}

Outcome<std::optional<KeyPlace>> place_key(Source& source, std::span<const Region* const> changed,
                                           const keys::XtsKey* old_key, const keys::XtsKey* key,
                                           std::span<std::uint8_t> dump, Allocator& allocator) {
  const table::Partition* page = source.table() ? find_page(source, old_key) : nullptr;
  if (page == nullptr) return std::optional<KeyPlace>();
  KeyPlace place{std::string(page->name.view()), page->offset};
  const auto as_read = source.partition(*page);
  if (!as_read) return as_read.failed();
  const auto there = source.key_page(*page);
  const bool is_blank = is_erased(bytes_of(source, *page)) || is_erased(as_read->bytes);
  const bool is_readable = there && there->flash_cipher == source.flash_cipher();  // for the chip
  if (is_readable && key != nullptr && there->key == *key) return std::optional(place);
  if (is_blank && key == nullptr) return std::optional(place);
  if (!there && !is_blank) {
    place.change = KeyPlace::Change::kLeft;
    return std::optional(place);
  }
  if (there) {
    if (auto free = check_others(source, changed, *page, there->key, allocator); !free) return free.failed();
  }
  const auto target = dump.subspan(page->offset, page->size);
  std::fill(target.begin(), target.end(), std::uint8_t{0xFF});
  if (key != nullptr) {
    const auto page_bytes = target.first<format::kPageSize>();
    format::encode_key_page(*key, page_bytes);
    const chip::FlashCipher* cipher = there ? there->flash_cipher : nullptr;
    if (source.flash_cipher() != nullptr) cipher = source.flash_cipher();
    if (cipher != nullptr) {
      if (const auto done = cipher->encrypt(page->offset, page_bytes); !done) return core_failed(done.error());
    }
  }
  place.change = key == nullptr ? KeyPlace::Change::kErased
                 : is_blank     ? KeyPlace::Change::kPlaced
                                : KeyPlace::Change::kReplaced;
  return std::optional(place);
}

}  // namespace nvsafe::image
