// Reading from an opened store: find, values, iteration, and the checks that look across pages.
#include <algorithm>
#include <cstring>

#include "base/crc32.hpp"
#include "store/store.hpp"

namespace nvsafe::store {
namespace {

using format::kEntrySize;

std::array<char, Name::kFieldSize> key_field(const Name& key) {
  std::array<char, Name::kFieldSize> field{};
  std::memcpy(field.data(), key.field(), field.size());
  return field;
}

// As two words: std::array compares by a call of memcmp.
bool is_same_key(const std::array<char, Name::kFieldSize>& a, const std::array<char, Name::kFieldSize>& b) {
  std::uint64_t words[4];
  std::memcpy(words, a.data(), Name::kFieldSize);
  std::memcpy(words + 2, b.data(), Name::kFieldSize);
  return ((words[0] ^ words[2]) | (words[1] ^ words[3])) == 0;
}

ItemInfo describe(Location location, const format::Entry& entry) {
  ItemInfo item;
  item.namespace_index = entry.namespace_index;
  item.key = Name::from_field(entry.key);  // entry_fault has checked the key
  item.type = entry.type;
  item.location = location;
  item.entry = entry;
  if (is_number(entry.type)) {
    item.size = number_size(entry.type);
  } else if (entry.type == ValueType::kBlobIndex) {
    item.size = entry.blob_size();
  } else if (has_data_entries(entry.type)) {
    item.size = entry.data_size();
  }
  return item;
}

}  // namespace

// Half of an index would say of keys that they are not there.
Result<void> Store::ensure_loaded() { return is_loaded_ ? Result<void>() : load(); }

Result<std::uint8_t> Store::namespace_index(const Name& name) {
  if (const auto loaded = ensure_loaded(); !loaded) return loaded.failed();
  for (const Namespace& known : namespaces_) {
    if (known.name == name) return known.index;
  }
  return fail(ErrorCode::kNotFound);
}

Name Store::namespace_name(std::uint8_t index) const {
  for (const Namespace& known : namespaces_) {
    if (known.index == index) return known.name;
  }
  return {};
}

Result<format::Entry> Store::read_entry(Location location) {
  format::Entry entry;
  NVSAFE_TRY(read_entry(location, entry));
  return entry;
}

Result<void> Store::read_entry(Location location, format::Entry& entry) {
  std::array<std::uint8_t, kEntrySize> bytes;
  NVSAFE_TRY(flash_->read(location.offset(), bytes));
  if (cipher_ != nullptr) NVSAFE_TRY(cipher_->decrypt(location.page_index(), location.entry_index(), bytes));
  if (!format::is_entry_crc_right(bytes)) {
    return fail(ErrorCode::kDamaged, location.page_index(), location.entry_index());
  }
  entry = format::decode_entry(bytes);
  return {};
}

Result<bool> Store::find_location(std::uint8_t namespace_index, const std::array<char, Name::kFieldSize>& key,
                                  std::uint8_t chunk_index, Location& location, format::Entry& entry) {
  const std::uint32_t hash = identity_hash(namespace_index, key, chunk_index);
  if (!index_.is_full())
    return find_in_blocks({.namespace_index = namespace_index, .chunk_index = chunk_index, .key = key}, hash, location,
                          entry);
  auto candidates = index_.slots(hash);
  while (candidates.next()) {
    location = candidates.location();
    NVSAFE_TRY(read_entry(location, entry));
    if (entry.namespace_index == namespace_index && entry.chunk_index == chunk_index && is_same_key(entry.key, key)) {
      return true;
    }
  }
  return false;
}

// Each block that may hold the item is read in one call. A live entry that does not decode any more could be the one
// that is looked for.
Result<bool> Store::find_in_blocks(const format::Entry& wanted, std::uint32_t hash, Location& location,
                                   format::Entry& entry) {
  std::array<std::uint8_t, BlockFilter::kBlockEntriesMax * kEntrySize> block;
  Location damaged{kNoPlace};
  auto blocks = index_.blocks(hash);
  while (blocks.next()) {
    NVSAFE_TRY(read_entries(blocks.first(), std::span(block).first(blocks.entry_count() * kEntrySize)));
    for (std::uint32_t i = 0; i < blocks.entry_count(); ++i) {
      const Location at{blocks.first().value + i};
      if (!index_.contains(hash, at)) continue;
      const format::EntryBytes bytes(block.data() + i * kEntrySize, kEntrySize);
      if (!format::is_entry_crc_right(bytes)) {
        damaged = at;
        continue;
      }
      entry = format::decode_entry(bytes);
      if (entry.namespace_index != wanted.namespace_index || entry.chunk_index != wanted.chunk_index ||
          entry.key != wanted.key) {
        continue;
      }
      location = at;
      return true;
    }
  }
  if (damaged == Location{kNoPlace}) return false;
  return fail(ErrorCode::kDamaged, damaged.page_index(), damaged.entry_index());
}

Result<ItemInfo> Store::find(std::uint8_t namespace_index, const Name& key) {
  if (const auto loaded = ensure_loaded(); !loaded) return loaded.failed();
  Location location;
  format::Entry entry;
  const auto field = key_field(key);
  const auto found = find_location(namespace_index, field, format::kChunkIndexNone, location, entry);
  if (!found) return found.failed();
  const auto damaged = find_damaged(namespace_index, field);
  if (!damaged) return damaged.failed();
  if (*found) {
    ItemInfo item = describe(location, entry);
    item.is_older_copy = *damaged != nullptr && is_newer((*damaged)->location, location);
    return item;
  }
  if (*damaged == nullptr) return fail(ErrorCode::kNotFound);
  return fail(ErrorCode::kDamaged, (*damaged)->location.page_index(), (*damaged)->location.entry_index());
}

// The newest damaged copy of a key; nullptr: none.
Result<const Store::Damaged*> Store::find_damaged(std::uint8_t namespace_index,
                                                  const std::array<char, Name::kFieldSize>& key) {
  const Damaged* newest = nullptr;
  if (damaged_.empty()) return newest;
  const std::uint32_t hash = identity_hash(namespace_index, key, format::kChunkIndexNone);
  for (const Damaged& damaged : damaged_) {
    if (damaged.hash != hash) continue;
    const auto entry = read_entry(damaged.location);
    if (!entry) return entry.failed();
    if (entry->namespace_index != namespace_index || entry->key != key) continue;
    if (newest == nullptr || is_newer(damaged.location, newest->location)) newest = &damaged;
  }
  return newest;
}

Result<void> Store::read_value(const ItemInfo& item, std::span<std::uint8_t> out) {
  NVSAFE_ASSERT(out.size() == item.size);
  if (item.type == ValueType::kBlobIndex) return read_blob(item.entry, out);
  if (has_data_entries(item.type)) return read_data(item.location, item.entry, out);
  std::copy_n(item.entry.data.begin(), out.size(), out.begin());
  return {};
}

Result<bool> Store::for_each_chunk(const format::Entry& index,
                                   FunctionRef<Result<void>(Location, const format::Entry&)> visit) {
  std::uint32_t size = 0;
  for (std::uint32_t i = 0; i < index.chunk_count(); ++i) {
    Location location;
    format::Entry chunk;
    const auto found = find_location(index.namespace_index, index.key,
                                     static_cast<std::uint8_t>(index.chunk_start() + i), location, chunk);
    if (!found) return found.failed();
    if (!*found || chunk.type != ValueType::kBlobData) return false;
    NVSAFE_TRY(visit(location, chunk));
    size += chunk.data_size();
  }
  return size == index.blob_size();
}

Result<bool> Store::is_blob_complete(const format::Entry& index) {
  return for_each_chunk(index, [](Location, const format::Entry&) -> Result<void> { return {}; });
}

Result<void> Store::read_blob(const format::Entry& index, std::span<std::uint8_t> out) {
  std::size_t done = 0;
  const auto complete = for_each_chunk(index, [&](Location location, const format::Entry& chunk) -> Result<void> {
    if (chunk.data_size() > out.size() - done) return fail(ErrorCode::kDamaged);
    NVSAFE_TRY(read_data(location, chunk, out.subspan(done, chunk.data_size())));
    done += chunk.data_size();
    return {};
  });
  if (!complete) return complete.failed();
  if (!*complete) return fail(ErrorCode::kDamaged);
  return {};
}

// The data entries behind a header: whole ones straight into `out`, the last one by way of a buffer.
Result<void> Store::read_data(Location header, const format::Entry& entry, std::span<std::uint8_t> out) {
  const std::uint32_t page = header.page_index();
  const std::uint32_t first = header.entry_index() + 1;
  const std::size_t whole = out.size() / kEntrySize * kEntrySize;
  if (whole > 0) {
    NVSAFE_TRY(flash_->read(format::entry_offset(page, first), out.first(whole)));
    if (cipher_ != nullptr) NVSAFE_TRY(cipher_->decrypt(page, first, out.first(whole)));
  }
  if (whole < out.size()) {
    const auto last = first + static_cast<std::uint32_t>(whole / kEntrySize);
    std::array<std::uint8_t, kEntrySize> tail;
    NVSAFE_TRY(flash_->read(format::entry_offset(page, last), tail));
    if (cipher_ != nullptr) NVSAFE_TRY(cipher_->decrypt(page, last, tail));
    std::memcpy(out.data() + whole, tail.data(), out.size() - whole);
  }
  if (nvs_crc32(out) != entry.data_crc()) return fail(ErrorCode::kDamaged, page, header.entry_index());
  return {};
}

Result<void> Store::for_each_live_entry(FunctionRef<Result<void>(Location, const format::Entry&)> visit) {
  Buffer<std::uint8_t> page(*allocator_);
  if (!page.resize(format::kPageSize)) return fail(ErrorCode::kNoMemory);
  for (const std::uint32_t page_index : page_order_) {
    NVSAFE_TRY(flash_->read(page_index * format::kPageSize, page.span()));
    const auto record = scan_page(
        page_index, page.span(), cipher_,
        [&](const ScannedItem& item) -> Result<void> {
          const format::Entry& entry = item.entry;
          const Location location = Location::at(page_index, item.entry_index);
          if (!index_.contains(identity_hash(entry.namespace_index, entry.key, entry.chunk_index), location)) return {};
          return visit(location, entry);
        },
        [](const Finding&) -> Result<void> { return {}; });
    if (!record) return record.failed();
  }
  return {};
}

Result<void> Store::for_each_item(FunctionRef<Result<void>(const ItemInfo&)> visit) {
  NVSAFE_TRY(ensure_loaded());
  return for_each_live_entry([&](Location location, const format::Entry& entry) -> Result<void> {
    if (entry.type == ValueType::kBlobData) return {};
    return visit(describe(location, entry));
  });
}

Result<std::uint32_t> Store::used_entry_count(std::uint8_t namespace_index) {
  if (const auto loaded = ensure_loaded(); !loaded) return loaded.failed();
  std::uint32_t count = 0;
  const auto walked = for_each_live_entry([&](Location, const format::Entry& entry) -> Result<void> {
    if (entry.namespace_index == namespace_index) count += entry.span;
    return {};
  });
  if (!walked) return walked.failed();
  return count;
}

Result<void> Store::check() {
  NVSAFE_TRY(ensure_loaded());
  Buffer<Location> used_chunks(*allocator_);
  NVSAFE_TRY(check_blobs(used_chunks));
  NVSAFE_TRY(check_chunks(used_chunks));
  return check_namespaces();
}

Result<void> Store::check_blobs(Buffer<Location>& used_chunks) {
  return for_each_live_entry([&](Location at, const format::Entry& entry) -> Result<void> {
    if (entry.type != ValueType::kBlobIndex) return {};
    const auto complete = for_each_chunk(entry, [&](Location chunk, const format::Entry&) -> Result<void> {
      return used_chunks.push_back(chunk) ? Result<void>() : fail(ErrorCode::kNoMemory);
    });
    if (!complete) return complete.failed();
    if (*complete) return {};
    return note({FindingCode::kBlobIncomplete, at.page_index(), at.entry_index(), 1});
  });
}

Result<void> Store::check_chunks(Buffer<Location>& used_chunks) {
  const auto by_value = [](Location a, Location b) { return a.value < b.value; };
  std::sort(used_chunks.begin(), used_chunks.end(), by_value);
  return for_each_live_entry([&](Location at, const format::Entry& entry) -> Result<void> {
    if (entry.type != ValueType::kBlobData) return {};
    if (std::binary_search(used_chunks.begin(), used_chunks.end(), at, by_value)) return {};
    return note({FindingCode::kChunkOrphaned, at.page_index(), at.entry_index(), entry.span});
  });
}

Result<void> Store::check_namespaces() {
  std::array<bool, 256> is_defined{};
  for (const Namespace& known : namespaces_) is_defined[known.index] = true;
  return for_each_live_entry([&](Location at, const format::Entry& entry) -> Result<void> {
    if (is_defined[entry.namespace_index]) return {};
    is_defined[entry.namespace_index] = true;  // one finding per index
    return note({FindingCode::kNamespaceUndefined, at.page_index(), at.entry_index(), 1});
  });
}

}  // namespace nvsafe::store
