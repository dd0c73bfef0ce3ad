#include "store/item_index.hpp"

#include <cstring>

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
std::uint32_t identity_hash(std::uint8_t namespace_index, const std::array<char, Name::kFieldSize>& key,
                            std::uint8_t chunk_index) {
  std::uint64_t words[2];
  static_assert(sizeof words == Name::kFieldSize);
  std::memcpy(words, key.data(), sizeof words);
  std::uint64_t h = mixed(std::uint64_t{namespace_index} << 8 | chunk_index);
  h = mixed(h ^ words[0]);
  h = mixed(h ^ words[1]);
  return static_cast<std::uint32_t>(mixed(h) >> 32);
}

Result<void> ItemIndex::start(std::uint32_t page_count) {
  table_.start(page_count);
  return is_full() ? Result<void>() : filter_.reset(page_count, size_);
}

Result<void> ItemIndex::list(std::uint32_t hash, Location location) {
  if (!is_full()) filter_.note(hash, location);
  return table_.list(hash, location);
}

// Of items with one fingerprint the table has the one that came first to its place, of whatever age. It goes to the
// others.
Result<void> ItemIndex::gather(Buffer<SlotTable::Suspect>& copies,
                               FunctionRef<Result<std::uint32_t>(Location)> hash_of) {
  NVSAFE_TRY(table_.build(copies));
  const std::size_t suspect_count = copies.size();
  for (std::size_t i = 0; i < suspect_count; ++i) {
    auto found = table_.candidates(copies[i].hash);
    while (found.next()) {
      const auto hash = hash_of(found.location());
      if (!hash) return hash.failed();
      if (!copies.push_back({*hash, found.location()})) return fail(ErrorCode::kNoMemory);
      found.remove();
    }
  }
  return {};
}

void ItemIndex::finish() {
  if (is_full()) return;
  table_.for_each_location([&](Location location) { filter_.set_live(location); });
  table_.release();
}

Result<void> ItemIndex::prepare_growth(std::uint32_t count, std::uint32_t page_count, LiveMap& live) {
  if (!live.reset(page_count)) return fail(ErrorCode::kNoMemory);
  NVSAFE_TRY(table_.prepare_rebuild(count, page_count));
  table_.for_each_location([&](Location location) { live.set(location); });
  table_.start(page_count);
  return {};
}

bool ItemIndex::contains(std::uint32_t hash, Location location) {
  if (!is_full()) return filter_.is_live(location);
  auto found = table_.candidates(hash);
  while (found.next()) {
    if (found.location() == location) return true;
  }
  return false;
}

void ItemIndex::insert(std::uint32_t hash, Location location) {
  if (!is_full()) {
    filter_.note(hash, location);
    return filter_.set_live(location);
  }
  table_.insert(hash, location);
}

bool ItemIndex::replace(std::uint32_t hash, Location from, Location to) {
  if (!is_full()) {
    if (!filter_.is_live(from)) return false;
    filter_.set_dead(from);
    insert(hash, to);
    return true;
  }
  auto found = table_.candidates(hash);
  while (found.next()) {
    if (!(found.location() == from)) continue;
    found.replace(to);
    return true;
  }
  return false;
}

void ItemIndex::remove(std::uint32_t hash, Location location) {
  if (!is_full()) return filter_.set_dead(location);
  auto found = table_.candidates(hash);
  while (found.next()) {
    if (found.location() == location) return found.remove();
  }
}

void ItemIndex::forget_page(std::uint32_t page_index) {
  if (!is_full()) filter_.forget_page(page_index);
}

}  // namespace nvsafe::store
