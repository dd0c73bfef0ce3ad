#include "image/wipe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/erased.hpp"
#include "format/entry_set.hpp"
#include "image/contents.hpp"
#include "image/finding_text.hpp"
#include "image/history.hpp"
#include "image/page_view.hpp"
#include "nvsafe/memory_flash.hpp"

namespace nvsafe::image {
namespace {

using format::EntryState;
using format::kEntryCount;
using text::Exit;
using text::Outcome;
using text::problem;

bool is_cut_trace(store::FindingCode code) {
  switch (code) {
    case store::FindingCode::kPageFreeing:
    case store::FindingCode::kItemSuperseded:
    case store::FindingCode::kChunkOrphaned:
    case store::FindingCode::kItemTorn:
    case store::FindingCode::kEntryTorn:
    case store::FindingCode::kStateIllegal:
      return true;
    default:
      return false;
  }
}

// Written entries that no reader gets to.
std::set<std::uint32_t> superseded(const store::Store& store) {
  std::set<std::uint32_t> locations;
  for (const store::Finding& finding : store.findings()) {
    if (finding.code != store::FindingCode::kItemSuperseded && finding.code != store::FindingCode::kChunkOrphaned)
      continue;
    locations.insert(store::Location::at(finding.page_index, finding.entry_index).value);
  }
  return locations;
}

class PageCount {
 public:
  PageCount(std::uint32_t page_index, const PageView& page, const std::set<std::uint32_t>& superseded)
      : page_(page), superseded_(superseded) {
    residue_.page_index = page_index;
    residue_.kind = page.kind;
  }

  PageResidue run() {
    for (const EntryView& entry : page_.entries) count(entry);
    return residue_;
  }

 private:
  using Content = EntryView::Content;

  void count(const EntryView& entry) {
    if (!store::is_in_use(page_.kind)) {
      if (entry.content != Content::kBlank) count_erased(entry);
    } else if (entry.state == EntryState::kWritten) {
      count_written(entry);
    } else if (entry.state != EntryState::kEmpty || entry.content != Content::kBlank) {
      count_erased(entry);
    }
  }
  void count_written(const EntryView& entry) {
    if (entry.content == Content::kZeros) return count_erased(entry);
    if (entry.item_index == kNoItem) {
      ++residue_.unknown_count;
    } else if (superseded_.contains(page_.items[entry.item_index].location.value)) {
      count_erased(entry);
    }
  }
  void count_erased(const EntryView& entry) {
    ++residue_.erased_count;
    switch (entry.content) {
      case Content::kBlank:
      case Content::kZeros:
        ++residue_.zero_count;
        break;
      case Content::kHeader:
      case Content::kData:
        ++residue_.readable_count;
        break;
      case Content::kOther:
        ++residue_.unreadable_count;
        break;
    }
  }

  const PageView& page_;
  const std::set<std::uint32_t>& superseded_;
  PageResidue residue_;
};

class Wiper {
 public:
  Wiper(std::span<std::uint8_t> bytes, OpenedPartition& partition, Allocator& allocator)
      : bytes_(bytes), partition_(partition), allocator_(allocator) {}

  Outcome<Wiped> run() {
    auto before = read_contents(*partition_.store);
    if (!before) return before.failed();
    if (auto checked = partition_.store->check(); !checked) return core_failed(checked.error());
    const auto findings = partition_.store->findings();
    if (std::any_of(findings.begin(), findings.end(), [](const auto& each) { return is_cut_trace(each.code); })) {
      NVSAFE_TRY(tidy());
    }
    for (std::uint32_t page = 0; page < bytes_.size() / format::kPageSize; ++page) wipe_page(page);
    NVSAFE_TRY(compare(*before));
    return wiped_;
  }

 private:
  // What refuses to be mounted stays untidy: then only what is marked erased is overwritten.
  Outcome<void> tidy() {
    const std::vector<std::uint8_t> old(bytes_.begin(), bytes_.end());
    MemoryFlash flash(bytes_);
    store::Statistics statistics;
    const auto mounted = store::Store::mount(flash, allocator_, cipher(), {}, statistics);
    if (mounted) {
      wiped_.is_tidied = !std::equal(old.begin(), old.end(), bytes_.begin());
    } else if (mounted.error().code == ErrorCode::kNoMemory || mounted.error().code == ErrorCode::kProvider) {
      return core_failed(mounted.error());
    } else {
      std::copy(old.begin(), old.end(), bytes_.begin());
    }
    return {};
  }

  void wipe_page(std::uint32_t page_index) {
    const auto page = bytes_.subspan(std::size_t{page_index} * format::kPageSize, format::kPageSize);
    const auto header_bytes = page.first<format::kPageHeaderSize>();
    const auto header = format::decode_page_header(header_bytes);
    const auto bitmap = page.subspan<format::kBitmapOffset, format::kBitmapSize>();
    const bool is_whole = is_in_use(header.state) && header.crc == format::page_header_crc(header_bytes);
    if (is_whole) return wipe_entries(page, bitmap);
    // Given up before an erase, or noise without a written entry: nothing in it counts, for firmware neither.
    const bool counts = !format::is_retired_page_header(header_bytes) &&
                        !format::EntrySet::marked(format::BitmapBytes(bitmap), EntryState::kWritten).empty();
    if (counts || is_erased(page)) return;
    std::fill(page.begin(), page.end(), std::uint8_t{0xFF});
    ++wiped_.erased_pages;
  }

  void wipe_entries(std::span<std::uint8_t> page, format::BitmapBytes bitmap) {
    for (std::uint32_t i = 0; i < kEntryCount; ++i) {
      const EntryState state = format::entry_state(bitmap, i);
      if (state != EntryState::kErased && state != EntryState::kIllegal) continue;
      const auto entry = page.subspan(format::kEntriesOffset + i * format::kEntrySize, format::kEntrySize);
      if (is_zero(entry)) continue;
      std::fill(entry.begin(), entry.end(), std::uint8_t{0});
      ++wiped_.zeroed_entries;
    }
  }

  Outcome<void> compare(const Contents& before) {
    flash::SpanFlash flash(bytes_);
    store::Statistics statistics;
    auto store = store::Store::open(flash, allocator_, cipher(), statistics);
    if (!store) return core_failed(store.error());
    const auto after = read_contents(*store);
    if (!after) return after.failed();
    for (const Item& item : before.items) {
      if (!item.has_value()) continue;
      const auto same = [&](const Item& other) {
        return other.namespace_index == item.namespace_index && other.key == item.key && other.type == item.type &&
               !other.is_damaged && other.bytes == item.bytes;
      };
      if (std::any_of(after->items.begin(), after->items.end(), same)) continue;
      return problem(Exit::kBadInput, fmt::format("{}/{} is not what it was", item.namespace_text(), item.key),
                     "this is a fault in nvsafe: please report it");
    }
    return {};
  }

  [[nodiscard]] const format::EntryCipher* cipher() const { return partition_.cipher ? &*partition_.cipher : nullptr; }

  std::span<std::uint8_t> bytes_;
  OpenedPartition& partition_;
  Allocator& allocator_;
  Wiped wiped_;
};

}  // namespace

PageResidue Residue::total() const {
  PageResidue sum;
  for (const PageResidue& page : pages) {
    sum.erased_count += page.erased_count;
    sum.zero_count += page.zero_count;
    sum.readable_count += page.readable_count;
    sum.unreadable_count += page.unreadable_count;
    sum.unknown_count += page.unknown_count;
  }
  return sum;
}

bool Residue::is_clean() const {
  const PageResidue sum = total();
  return sum.readable_count + sum.unreadable_count + sum.unknown_count == 0;
}

Outcome<Residue> find_residue(std::span<const std::uint8_t> bytes, OpenedPartition& partition,
                              std::span<const KeyCandidate> keys) {
  const auto history_keys = HistoryKeys::make(&partition, keys);
  if (!history_keys) return history_keys.failed();
  if (auto checked = partition.store->check(); !checked) return core_failed(checked.error());
  const auto dead = superseded(*partition.store);
  Residue residue;
  for (std::uint32_t page = 0; page < bytes.size() / format::kPageSize; ++page) {
    const auto raw = bytes.subspan(std::size_t{page} * format::kPageSize, format::kPageSize);
    const auto view = view_page(page, raw, history_keys->ciphers());
    if (!view) return core_failed(view.error());
    residue.pages.push_back(PageCount(page, *view, dead).run());
  }
  return residue;
}

Outcome<Wiped> wipe(std::span<std::uint8_t> bytes, OpenedPartition& partition, Allocator& allocator) {
  return Wiper(bytes, partition, allocator).run();
}

}  // namespace nvsafe::image
