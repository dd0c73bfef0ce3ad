#include "store/item_index.hpp"

#include <bit>
#include <cstring>
#include <utility>

namespace nvsafe::store {
namespace {

// Every bit of `h` reaches the upper half, and from there the lower.
constexpr std::uint64_t mixed(std::uint64_t h) {
  h *= 0x9E3779B97F4A7C15;
  return h ^ h >> 32;
}

}  // namespace

// Mixed between its parts: numbered keys of numbered namespaces are common, and must not cancel out. Not a defence
// against somebody who picks keys that collide: those cost time, never a wrong answer.
IdentityHash identity_hashes(std::uint8_t namespace_index, const std::array<char, Name::kFieldSize>& key,
                             std::uint8_t chunk_index) {
  std::uint64_t words[2];
  static_assert(sizeof words == Name::kFieldSize);
  std::memcpy(words, key.data(), sizeof words);
  std::uint64_t h = mixed(std::uint64_t{namespace_index} << 8 | chunk_index);
  h = mixed(h ^ words[0]);
  h = mixed(h ^ words[1]);
  // Put together in another way, so that keys which collide in one do not in the other.
  const std::uint64_t other = mixed(words[0] + 3 * words[1] + (std::uint64_t{namespace_index} << 8 | chunk_index));
  return {static_cast<std::uint32_t>(mixed(h) >> 32), static_cast<std::uint32_t>(other >> 32)};
}

Result<void> ItemIndex::reset(std::uint32_t item_count, std::uint32_t page_count) {
  location_bits_ = static_cast<std::uint32_t>(std::bit_width(page_count * format::kEntryCount));
  // A quarter of the slots stays empty, which keeps probes short; one always does, which ends them.
  const std::uint32_t slot_count = item_count + item_count / 3 + 4;
  slots_.clear();
  item_count_ = removed_count_ = 0;
  if (!slots_.resize(slot_count)) return fail(ErrorCode::kNoMemory);
  for (std::uint32_t& slot : slots_) slot = kEmptySlot;
  return {};
}

ItemIndex::Candidates::Candidates(ItemIndex& index, std::uint32_t hash)
    : index_(&index),
      fingerprint_(index.fingerprint_of(hash)),
      slot_(index.home(hash)),
      left_(static_cast<std::uint32_t>(index.slots_.size())) {}

bool ItemIndex::Candidates::next() {
  while (left_ > 0) {
    const std::uint32_t value = index_->slots_[slot_];
    if (value == kEmptySlot) return false;
    found_ = slot_;
    slot_ = index_->after(slot_);
    --left_;
    if (value == kRemovedSlot) {
      if (reusable_ == kEmptySlot) reusable_ = found_;
    } else if (value >> index_->location_bits_ == fingerprint_) {
      return true;
    }
  }
  return false;
}

Location ItemIndex::Candidates::location() const {
  return {index_->slots_[found_] & ((1u << index_->location_bits_) - 1)};
}

void ItemIndex::Candidates::replace(Location location) {
  index_->slots_[found_] = index_->encoded(fingerprint_, location);
}

void ItemIndex::Candidates::remove() {
  index_->slots_[found_] = kRemovedSlot;
  --index_->item_count_;
  ++index_->removed_count_;
}

void ItemIndex::Candidates::insert(Location location) {
  const bool reuses = reusable_ != kEmptySlot;
  index_->slots_[reuses ? reusable_ : slot_] = index_->encoded(fingerprint_, location);
  ++index_->item_count_;
  if (reuses) --index_->removed_count_;
}

bool ItemIndex::contains(std::uint32_t hash, Location location) {
  Candidates found = candidates(hash);
  while (found.next()) {
    if (found.location() == location) return true;
  }
  return false;
}

void ItemIndex::move(std::uint32_t hash, Location from, Location to) {
  Candidates found = candidates(hash);
  while (found.next()) {
    if (found.location() == from) return found.replace(to);
  }
}

void ItemIndex::remove(std::uint32_t hash, Location location) {
  Candidates found = candidates(hash);
  while (found.next()) {
    if (found.location() == location) return found.remove();
  }
}

void ItemIndex::swap(ItemIndex& other) noexcept {
  slots_.swap(other.slots_);
  std::swap(location_bits_, other.location_bits_);
  std::swap(item_count_, other.item_count_);
  std::swap(removed_count_, other.removed_count_);
}

}  // namespace nvsafe::store
