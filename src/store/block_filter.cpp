#include "store/block_filter.hpp"

#include <algorithm>

namespace nvsafe::store {
namespace {

using format::kEntryCount;

// Divisors of the entries of a page, so that every block is of one size.
constexpr std::uint32_t kBlockSizes[] = {7, 14, 21, 42, BlockFilter::kBlockEntriesMax};
constexpr std::uint32_t kBitsPerItemMax = 8;
constexpr std::uint32_t kUnit = 1u << 16;  // 1, in the fixed point used here

// How many of `kUnit` full blocks hold by chance all bits of an item that is not there.
std::uint32_t false_share(std::uint32_t bits_per_block, std::uint32_t items, std::uint32_t bits_per_item) {
  std::uint64_t clear = kUnit;
  for (std::uint32_t i = 0; i < items * bits_per_item; ++i) clear = clear * (bits_per_block - 1) / bits_per_block;
  std::uint64_t share = kUnit;
  for (std::uint32_t i = 0; i < bits_per_item; ++i) share = share * (kUnit - clear) / kUnit;
  return static_cast<std::uint32_t>(share);
}

}  // namespace

// The smallest blocks of which a get reads no more than one and a half in vain: half of those that seem to hold the
// key, in full pages with one page free.
Result<void> BlockFilter::reset(std::uint32_t page_count, std::uint32_t size) {
  bits_.clear();
  if (!live_.reset(page_count) || !bits_.resize(size)) return fail(ErrorCode::kNoMemory);
  const std::uint64_t bits_per_page = std::uint64_t{size} * 8 / page_count;
  bits_per_block_ = 0;
  for (const std::uint32_t entries : kBlockSizes) {
    const std::uint32_t blocks_per_page = kEntryCount / entries;
    block_entries_ = entries;
    bits_per_block_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(bits_per_page / blocks_per_page, 0xFFFF));
    if (bits_per_block_ == 0) continue;
    std::uint32_t least = kUnit;
    for (std::uint32_t k = 1; k <= kBitsPerItemMax; ++k) {
      const std::uint32_t share = false_share(bits_per_block_, entries, k);
      if (share >= least) continue;
      least = share;
      bits_per_item_ = k;
    }
    if (std::uint64_t{page_count - 1} * blocks_per_page * least <= std::uint64_t{3} * kUnit) break;
  }
  return {};
}

std::uint32_t BlockFilter::bit_of(std::uint32_t page_index, std::uint32_t block_index, std::uint32_t hash,
                                  std::uint32_t which) const {
  const std::uint32_t mixed = hash * 0x9E3779B1;
  const std::uint32_t chosen = hash + which * ((mixed ^ mixed >> 15) | 1);
  const std::uint32_t block = page_index * (kEntryCount / block_entries_) + block_index;
  return block * bits_per_block_ + static_cast<std::uint32_t>((std::uint64_t{chosen} * bits_per_block_) >> 32);
}

void BlockFilter::note(std::uint32_t hash, Location location) {
  if (bits_per_block_ == 0) return;
  for (std::uint32_t i = 0; i < bits_per_item_; ++i) {
    const std::uint32_t bit = bit_of(location.page_index(), location.entry_index() / block_entries_, hash, i);
    bits_[bit / 8] = static_cast<std::uint8_t>(bits_[bit / 8] | 1u << (bit % 8));
  }
}

bool BlockFilter::may_hold(std::uint32_t page_index, std::uint32_t block_index, std::uint32_t hash) const {
  if (bits_per_block_ == 0) return true;
  for (std::uint32_t i = 0; i < bits_per_item_; ++i) {
    const std::uint32_t bit = bit_of(page_index, block_index, hash, i);
    if ((bits_[bit / 8] >> (bit % 8) & 1) == 0) return false;
  }
  return true;
}

void BlockFilter::forget_page(std::uint32_t page_index) {
  live_.clear_page(page_index);
  const std::uint32_t per_page = bits_per_block_ * (kEntryCount / block_entries_);
  for (std::uint32_t bit = page_index * per_page; bit < (page_index + 1) * per_page; ++bit) {
    bits_[bit / 8] = static_cast<std::uint8_t>(bits_[bit / 8] & ~(1u << (bit % 8)));
  }
}

bool BlockFilter::Blocks::next() {
  const std::uint32_t blocks_per_page = kEntryCount / filter_->block_entries_;
  while (page_index_ < filter_->live_.page_count()) {
    const std::uint32_t page_index = page_index_;
    const std::uint32_t block_index = block_index_++;
    if (block_index_ == blocks_per_page) {
      block_index_ = 0;
      ++page_index_;
    }
    if (!filter_->may_hold(page_index, block_index, hash_)) continue;
    std::uint32_t first = kEntryCount;
    std::uint32_t end = 0;
    for (std::uint32_t i = block_index * filter_->block_entries_; i < (block_index + 1) * filter_->block_entries_;
         ++i) {
      if (!filter_->live_.contains(Location::at(page_index, i))) continue;
      first = std::min(first, i);
      end = i + 1;
    }
    if (end == 0) continue;
    first_ = Location::at(page_index, first);
    entry_count_ = end - first;
    return true;
  }
  return false;
}

}  // namespace nvsafe::store
