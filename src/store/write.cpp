// Set, erase, purge, namespaces. Each first finds out whether there is room, then writes the new version complete, then
// erases the old one; nothing else is written in between.
#include <algorithm>
#include <cstring>

#include "base/crc32.hpp"
#include "base/endian.hpp"
#include "store/new_entry.hpp"
#include "store/store.hpp"

namespace nvsafe::store {
namespace {

using format::kEntryCount;
using format::kEntrySize;

// Exponent all ones and a fraction: IEEE 754, section 3.4.
bool is_nan(ValueType type, std::span<const std::uint8_t> value) {
  if (type == ValueType::kFloat) return (load_le(value) & 0x7FFFFFFF) > 0x7F800000;
  return type == ValueType::kDouble && (load_le(value) & 0x7FFFFFFFFFFFFFFF) > 0x7FF0000000000000;
}

// A blob that fits a page together with its index.
constexpr bool is_one_chunk(std::uint32_t size) { return 2 + format::data_entry_count(size) <= kEntryCount; }

}  // namespace

// --- Guards

Result<void> Store::begin_write(std::uint8_t namespace_index) {
  if (options_.is_read_only) return fail(ErrorCode::kReadOnly);
  if (needs_tidying_) NVSAFE_TRY(tidy());
  for (const Namespace& known : namespaces_) {
    if (known.index == namespace_index) return {};
  }
  return fail(ErrorCode::kNotFound);
}

// What a write that failed has done is looked up on flash before the next one.
Result<void> Store::failed_write(const Result<void>& result) {
  if (result) return result;
  switch (result.error().code) {
    case ErrorCode::kNoSpace:
    case ErrorCode::kNotFound:
    case ErrorCode::kNoMemory:
    case ErrorCode::kInvalidValue:
    case ErrorCode::kValueTooLong:
    case ErrorCode::kNotAllOrNothing:
      break;
    default:
      needs_tidying_ = true;
  }
  return result;
}

Result<void> Store::check_value(ValueType type, std::span<const std::uint8_t> value) const {
  if (is_number(type)) {
    if (value.size() != number_size(type) || is_nan(type, value)) return fail(ErrorCode::kInvalidValue);
    return {};
  }
  if (type == ValueType::kString) {
    if (value.size() > format::kStringSizeMax) return fail(ErrorCode::kValueTooLong);
    if (value.empty() || value.back() != 0) return fail(ErrorCode::kInvalidValue);
    return {};
  }
  if (type != ValueType::kBlobData) return fail(ErrorCode::kInvalidValue);
  if (value.size() > format::blob_size_max(statistics_.page_count)) return fail(ErrorCode::kValueTooLong);
  return {};
}

// --- The version that is there

Result<Store::Old> Store::find_old(std::uint8_t namespace_index, const std::array<char, Name::kFieldSize>& key) {
  Old old;
  const auto found = find_location(namespace_index, key, format::kChunkIndexNone, old.location, old.entry);
  if (!found) return found.failed();
  old.exists = *found;
  return old;
}

// The same version, where it stands by now.
Result<Store::Old> Store::found_again(const Old& old) {
  if (!old.exists) return Old{};
  return find_old(old.entry.namespace_index, old.entry.key);
}

Result<bool> Store::is_equal(const Old& old, ValueType type, std::span<const std::uint8_t> value) {
  if (!old.exists) return false;
  if (type == ValueType::kBlobData) {
    if (old.entry.type != ValueType::kBlobIndex || old.entry.blob_size() != value.size()) return false;
    return is_blob_equal(old.entry, value);
  }
  if (old.entry.type != type) return false;
  if (is_number(type)) return old.entry.number() == load_le(value);
  return is_data_equal(old.location, old.entry, value);
}

Result<bool> Store::is_blob_equal(const format::Entry& index, std::span<const std::uint8_t> value) {
  std::size_t done = 0;
  bool is_same = true;
  const auto complete = for_each_chunk(index, [&](Location location, const format::Entry& chunk) -> Result<void> {
    const std::size_t size = std::min<std::size_t>(chunk.data_size(), value.size() - done);
    if (is_same) {
      const auto equal = is_data_equal(location, chunk, value.subspan(done, size));
      if (!equal) return equal.failed();
      is_same = *equal;
    }
    done += size;
    return {};
  });
  if (!complete) return complete.failed();
  return *complete && is_same;
}

// The checksums first: they are in memory.
Result<bool> Store::is_data_equal(Location header, const format::Entry& entry, std::span<const std::uint8_t> value) {
  if (entry.data_size() != value.size() || entry.data_crc() != nvs_crc32(value)) return false;
  std::array<std::uint8_t, PageWriter::kBatchSize> batch;
  std::uint32_t next = header.value + 1;
  while (!value.empty()) {
    const std::size_t size = std::min<std::size_t>(value.size(), batch.size());
    const std::uint32_t count = format::data_entry_count(static_cast<std::uint32_t>(size));
    NVSAFE_TRY(read_entries({next}, std::span(batch).first(count * kEntrySize)));
    if (std::memcmp(batch.data(), value.data(), size) != 0) return false;
    next += count;
    value = value.subspan(size);
  }
  return true;
}

// --- Set

Result<void> Store::set(std::uint8_t namespace_index, const Name& key, ValueType type,
                        std::span<const std::uint8_t> value) {
  NVSAFE_TRY(begin_write(namespace_index));
  return failed_write(set_checked(namespace_index, key, type, value));
}

Result<void> Store::set_checked(std::uint8_t namespace_index, const Name& key, ValueType type,
                                std::span<const std::uint8_t> value) {
  NVSAFE_TRY(check_value(type, value));
  format::Entry entry = started(namespace_index, key, type);
  const auto old = find_old(namespace_index, entry.key);
  if (!old) return old.failed();
  const auto equal = is_equal(*old, type, value);
  if (!equal) return equal.failed();
  if (*equal) return {};
  if (type == ValueType::kBlobData) {
    NVSAFE_TRY(set_blob(namespace_index, key, value, *old));
  } else if (is_number(type)) {
    entry.set_number(load_le(value));
    NVSAFE_TRY(set_single(entry, {}, *old));
  } else {
    NVSAFE_TRY(set_single(with_data(entry, value), value, *old));
  }
  if (damaged_.empty()) return {};
  return erase_damaged(namespace_index, entry.key);
}

// A number or a string.
Result<void> Store::set_single(const format::Entry& entry, std::span<const std::uint8_t> data, Old old) {
  if (!old.exists) NVSAFE_TRY(reserve_items(1));
  // Stock firmware finds the older copy of another type only on the page of the newer one: so it is moved there first.
  const bool changes_type = old.exists && old.entry.type != entry.type;
  const bool moves = changes_type && old.entry.span + entry.span <= kEntryCount;
  const std::uint32_t wanted = entry.span + (moves ? old.entry.span : 0u);
  if (this->room().takes(wanted) && (moves || !changes_type)) return update_single(entry, data, old, moves);
  const auto room = make_room([&](const Room& now) { return now.takes(wanted); }, false);
  if (!room) return room.failed();
  if (!*room) return set_single_at_full(entry, data, old);

  const auto now = found_again(old);
  if (!now) return now.failed();
  if (changes_type && !moves) return change_type_by_page(entry, data, *now);
  return update_single(entry, data, *now, moves);
}

// A change of type where no page takes both versions. The old one gets a page of its own if it has none, and that page
// is collected without it, so that stock firmware, too, sees one of the two at any time.
Result<void> Store::change_type_by_page(const format::Entry& entry, std::span<const std::uint8_t> data, Old old) {
  Location chunk{kNoPlace};
  auto page = replaceable_page(entry.span, old, LeavesChunks::kYes, chunk);
  if (!page) return page.failed();
  if (*page == kNoPlace && room().usable_pages() > 0) {
    NVSAFE_TRY(start_next_page());
    NVSAFE_TRY(move_item(old.location, old.entry));
    const auto moved = found_again(old);
    if (!moved) return moved.failed();
    old = *moved;
    page = replaceable_page(entry.span, old, LeavesChunks::kYes, chunk);
    if (!page) return page.failed();
  }
  if (*page == kNoPlace) return update_single(entry, data, old, false);
  return replace_through_collection(entry, data, nullptr, old);
}

// Requires room for the item, and for the old one too if it is to be moved.
Result<void> Store::update_single(const format::Entry& entry, std::span<const std::uint8_t> data, Old old, bool moves) {
  const std::uint32_t wanted = entry.span + (moves ? old.entry.span : 0u);
  const bool clashes = clashes_on_active_page(entry, old);
  if (active_free() < wanted || (clashes && may_part_clashes_ && this->room().usable_pages() > 0)) {
    NVSAFE_TRY(start_next_page());
  }
  if (moves && old.location.page_index() != active_page_) {
    NVSAFE_TRY(move_item(old.location, old.entry));
    const auto moved = found_again(old);
    if (!moved) return moved.failed();
    old = *moved;
  }
  const auto location = append(entry, data);
  if (!location) return location.failed();
  NVSAFE_TRY(put_in_index(entry, *location, old));
  return old.exists ? erase_old(old) : Result<void>();
}

Result<void> Store::set_single_at_full(const format::Entry& entry, std::span<const std::uint8_t> data, const Old& old) {
  Location chunk{kNoPlace};
  const auto victim = replaceable_page(entry.span, old, LeavesChunks::kYes, chunk);
  if (!victim) return victim.failed();
  if (*victim != kNoPlace) return replace_through_collection(entry, data, nullptr, old);
  // A change of type that finds room for the new version only.
  const auto room = make_room([&](const Room& now) { return now.takes(entry.span); }, false);
  if (!room) return room.failed();
  if (!*room) return fail(ErrorCode::kNoSpace);
  const auto now = found_again(old);
  if (!now) return now.failed();
  return update_single(entry, data, *now, false);
}

// At 100 % full: the page of the old version is collected without it, and the new version is written behind the copies.
// Until that page is erased the old version is there. Requires: replaceable_page() gives one.
Result<void> Store::replace_through_collection(const format::Entry& entry, std::span<const std::uint8_t> data,
                                               const format::Entry* blob_index, const Old& old) {
  Location chunk{kNoPlace};
  const auto victim = replaceable_page(entry.span + (blob_index != nullptr ? 1u : 0u), old,
                                       blob_index != nullptr ? LeavesChunks::kNo : LeavesChunks::kYes, chunk);
  if (!victim) return victim.failed();
  if (*victim == kNoPlace) return fail(ErrorCode::kNoSpace);
  NVSAFE_TRY(collect_start(*victim, std::array{old.location, chunk}));
  const auto location = append(entry, data);
  if (!location) return location.failed();
  Location final_location = *location;
  if (blob_index != nullptr) {
    NVSAFE_TRY(put_in_index(entry, *location, {}));
    const auto index_location = append(*blob_index, {});
    if (!index_location) return index_location.failed();
    final_location = *index_location;
  }
  NVSAFE_TRY(put_in_index(blob_index != nullptr ? *blob_index : entry, final_location, old));
  if (!(chunk == Location{kNoPlace})) {
    index_.remove(identity_hash(old.entry.namespace_index, old.entry.key, old.entry.chunk_start()), chunk);
  }
  NVSAFE_TRY(collect_finish(*victim));
  if (old.entry.type != ValueType::kBlobIndex) return {};
  return erase_chunks(old.entry);
}

// The page where `span` entries find room when the old version leaves it; kNoPlace: none. `chunk`: the only one of a
// blob, when it leaves together with its index. Chunks that stay behind may not meet new ones of their key.
Result<std::uint32_t> Store::replaceable_page(std::uint32_t span, const Old& old, LeavesChunks leaves_chunks,
                                              Location& chunk) {
  if (!old.exists || !has_sequences_left() || find_free_page() == kNoPlace) return kNoPlace;
  const std::uint32_t page_index = old.location.page_index();
  std::uint32_t old_span = old.entry.span;
  chunk = {kNoPlace};
  if (old.entry.type == ValueType::kBlobIndex) {
    Location only;
    format::Entry data;
    const auto found = find_location(old.entry.namespace_index, old.entry.key, old.entry.chunk_start(), only, data);
    if (!found) return found.failed();
    if (*found && old.entry.chunk_count() == 1 && only.page_index() == page_index) {
      chunk = only;
      old_span += data.span;
    } else if (leaves_chunks == LeavesChunks::kNo) {
      return kNoPlace;
    }
  }
  const PageRecord& page = pages_[page_index];
  if (page.is_pinned || page.written_count - old_span + span > kEntryCount) return kNoPlace;
  return page_index;
}

// --- Blobs

// A last data entry that begins with FFFFFFFF looks blank to stock firmware: such a chunk may not share its page with
// the older one. (Encrypted, that is one case in four billion, and is not looked at.)
bool Store::needs_fresh_page(std::span<const std::uint8_t> value, const Old& old) const {
  if (cipher_ != nullptr || value.empty() || !old.exists || old.entry.type != ValueType::kBlobIndex) return false;
  const std::size_t last = (value.size() - 1) / kEntrySize * kEntrySize;
  return value.size() >= last + 4 && load_le32(value.data() + last) == 0xFFFFFFFF;
}

Result<void> Store::set_blob(std::uint8_t namespace_index, const Name& key, std::span<const std::uint8_t> value,
                             Old old) {
  const auto size = static_cast<std::uint32_t>(value.size());
  const bool replaces_blob = old.exists && old.entry.type == ValueType::kBlobIndex;
  const bool is_other_half = replaces_blob && old.entry.chunk_start() == 0;
  format::Entry index = started(namespace_index, key, ValueType::kBlobIndex);
  index.set_blob_index(size, 0, is_other_half ? format::kChunkStartOther : 0);

  const bool is_fresh = needs_fresh_page(value, old);
  const auto is_enough = [&](const Room& now) { return blob_layout(now, size, is_fresh).fits; };
  NVSAFE_TRY(reserve_items(size / 32 > 0 ? fresh_pages_for(size) + 2 : 3));
  const auto room = make_room(is_enough, false);
  if (!room) return room.failed();
  if (!*room) return set_blob_at_full(index, value, old);

  const auto now = found_again(old);
  if (!now) return now.failed();
  old = *now;
  format::Entry first_chunk = index;
  first_chunk.chunk_index = index.chunk_start();
  const bool clashes = clashes_on_active_page(index, old) || clashes_on_active_page(first_chunk, {});
  BlobLayout layout = blob_layout(this->room(), size, is_fresh);
  if (clashes && may_part_clashes_ && blob_fits_from_fresh_page(this->room(), size)) layout.starts_on_fresh_page = true;
  Location location{kNoPlace};
  NVSAFE_TRY(write_chunks(value, old, layout, index, location));
  if (location == Location{kNoPlace}) return write_blob_index(index, old);
  NVSAFE_TRY(put_in_index(index, location, old));
  return erase_old(old);
}

// Its chunks are complete. A value of another type is brought to the page of the index first, or its page is collected
// without it: stock firmware finds an older copy of another type only on the page of the newer one.
Result<void> Store::write_blob_index(const format::Entry& index, Old old) {
  const bool changes_type = old.exists && old.entry.type != ValueType::kBlobIndex;
  if (changes_type && old.location.page_index() != active_page_) {
    if (old.entry.span < active_free()) {
      NVSAFE_TRY(move_item(old.location, old.entry));
      const auto moved = found_again(old);
      if (!moved) return moved.failed();
      old = *moved;
    } else {
      Location chunk{kNoPlace};
      const auto page = replaceable_page(index.span, old, LeavesChunks::kYes, chunk);
      if (!page) return page.failed();
      if (*page != kNoPlace) return replace_through_collection(index, {}, nullptr, old);
    }
  }
  const auto location = append(index, {});
  if (!location) return location.failed();
  NVSAFE_TRY(put_in_index(index, *location, old));
  return old.exists ? erase_old(old) : Result<void>();
}

Result<void> Store::set_blob_at_full(format::Entry index, std::span<const std::uint8_t> value, const Old& old) {
  const auto size = static_cast<std::uint32_t>(value.size());
  if (!is_one_chunk(size) || !old.exists) return fail(ErrorCode::kNoSpace);
  index.set_blob_index(size, 1, index.chunk_start());
  format::Entry chunk = index;
  chunk.type = ValueType::kBlobData;
  chunk.chunk_index = index.chunk_start();
  return replace_through_collection(with_data(chunk, value), value, &index, old);
}

// Writes all chunks; also the index, and then `index_location` says where, if it must come before the last chunk's last
// mark. Room is there for all of it.
Result<void> Store::write_chunks(std::span<const std::uint8_t> value, const Old& old, const BlobLayout& layout,
                                 format::Entry& index, Location& index_location) {
  const auto size = static_cast<std::uint32_t>(value.size());
  format::Entry chunk = index;
  chunk.type = ValueType::kBlobData;
  std::uint32_t count = 0;
  if (layout.starts_on_fresh_page || active_free() < 2) NVSAFE_TRY(start_next_page());
  do {
    if (active_free() < 2) NVSAFE_TRY(start_next_page());
    const auto part = value.first(std::min<std::size_t>(value.size(), (active_free() - 1) * kEntrySize));
    chunk.chunk_index = static_cast<std::uint8_t>(index.chunk_start() + count++);
    chunk = with_data(chunk, part);
    value = value.subspan(part.size());
    const bool has_room_for_index = value.empty() && chunk.span < active_free();
    if (has_room_for_index && holds_chunk_of(old, active_page_)) {
      index.set_blob_index(size, static_cast<std::uint8_t>(count), index.chunk_start());
      const auto location = append_chunk_and_index(chunk, part, index);
      if (!location) return location.failed();
      index_location = {location->value + chunk.span};
      return put_in_index(chunk, *location, {});
    }
    const auto location =
        append(chunk, part, has_room_for_index ? ChunkOrder::kPlain : ChunkOrder::kFullBeforeLastMark);
    if (!location) return location.failed();
    NVSAFE_TRY(put_in_index(chunk, *location, {}));
    if (!has_room_for_index) NVSAFE_TRY(start_next_page());
  } while (!value.empty());
  index.set_blob_index(size, static_cast<std::uint8_t>(count), index.chunk_start());
  return {};
}

// One of the chunks of the older version stands in that page.
bool Store::holds_chunk_of(const Old& old, std::uint32_t page_index) {
  if (!old.exists || old.entry.type != ValueType::kBlobIndex) return false;
  bool holds = false;
  const auto walked = for_each_chunk(old.entry, [&](Location location, const format::Entry&) -> Result<void> {
    holds |= location.page_index() == page_index;
    return {};
  });
  return holds || !walked;
}

// --- Erasing

// Data of up to one batch are looked at: reading them costs less than the program it saves.
Result<bool> Store::has_plain_data(Location header, std::uint32_t span) {
  const std::uint32_t count = span - 1;
  if (count == 0 || count > PageWriter::kBatchEntries) return false;
  std::array<std::uint8_t, PageWriter::kBatchSize> batch;
  const auto data = std::span(batch).first(count * kEntrySize);
  NVSAFE_TRY(read_entries({header.value + 1}, data));
  for (std::uint32_t i = 0; i < count; ++i) {
    if (format::is_entry_crc_right(format::EntryBytes(data.data() + i * kEntrySize, kEntrySize))) return false;
  }
  return true;
}

Result<void> Store::erase_item(Location location, const format::Entry& entry) {
  const auto is_plain = has_plain_data(location, entry.span);
  if (!is_plain) return is_plain.failed();
  NVSAFE_TRY(writer_.erase_item(location, entry.span, *is_plain));
  PageRecord& page = pages_[location.page_index()];
  page.written_count = static_cast<std::uint8_t>(page.written_count - entry.span);
  page.decoded_count = static_cast<std::uint8_t>(page.decoded_count - entry.span);
  page.erased_count = static_cast<std::uint8_t>(page.erased_count + entry.span);
  if (location.page_index() == active_page_) stock_hashes_[location.entry_index()] = StockIdentity::kNone;
  if (!options_.purges) return {};
  return writer_.destroy(location, entry.span);
}

// The version whose place in the index another one has taken.
Result<void> Store::erase_old(const Old& old) {
  NVSAFE_TRY(erase_item(old.location, old.entry));
  if (old.entry.type != ValueType::kBlobIndex) return {};
  return erase_chunks(old.entry);
}

Result<void> Store::erase_chunks(const format::Entry& index) {
  for (std::uint32_t i = 0; i < index.chunk_count(); ++i) {
    Location location;
    format::Entry chunk;
    const auto chunk_index = static_cast<std::uint8_t>(index.chunk_start() + i);
    const auto found = find_location(index.namespace_index, index.key, chunk_index, location, chunk);
    if (!found) return found.failed();
    if (!*found || chunk.type != ValueType::kBlobData) continue;
    NVSAFE_TRY(erase_item(location, chunk));
    index_.remove(identity_hash(index.namespace_index, index.key, chunk_index), location);
  }
  return {};
}

// Copies of the key that cannot be read any more have done their duty when the key is set or erased.
Result<void> Store::erase_damaged(std::uint8_t namespace_index, const std::array<char, Name::kFieldSize>& key) {
  for (std::size_t i = 0; i < damaged_.size();) {
    const Damaged damaged = damaged_[i];
    const auto entry = read_entry(damaged.location);
    if (!entry) return entry.failed();
    if (entry->namespace_index != namespace_index || entry->key != key) {
      ++i;
      continue;
    }
    format::Entry erased = *entry;
    if (format::entry_fault(erased, damaged.location.entry_index()) == format::EntryFault::kSpan) erased.span = 1;
    NVSAFE_TRY(erase_item(damaged.location, erased));
    PageRecord& page = pages_[damaged.location.page_index()];
    --page.damaged_count;
    page.is_pinned = page.written_count > page.decoded_count || page.damaged_count > 0 || !store::is_in_use(page.kind);
    damaged_[i] = damaged_[damaged_.size() - 1];
    damaged_.pop_back();
  }
  return {};
}

Result<void> Store::erase(std::uint8_t namespace_index, const Name& key) {
  NVSAFE_TRY(begin_write(namespace_index));
  return failed_write(erase_checked(namespace_index, key));
}

Result<void> Store::erase_checked(std::uint8_t namespace_index, const Name& key) {
  const format::Entry entry = started(namespace_index, key, ValueType::kU8);
  const auto old = find_old(namespace_index, entry.key);
  if (!old) return old.failed();
  const std::size_t damaged_count = damaged_.size();
  if (!damaged_.empty()) NVSAFE_TRY(erase_damaged(namespace_index, entry.key));
  if (!old->exists) return damaged_.size() < damaged_count ? Result<void>() : fail(ErrorCode::kNotFound);
  NVSAFE_TRY(erase_old(*old));
  index_.remove(identity_hash(namespace_index, entry.key, format::kChunkIndexNone), old->location);
  return {};
}

Result<void> Store::erase_namespace(std::uint8_t namespace_index) {
  NVSAFE_TRY(begin_write(namespace_index));
  return failed_write(erase_items_of(namespace_index));
}

// Values before chunks, so that none is left without a part of itself. for_each_header has read the marks of the page
// before the first is erased, and visits each item once.
Result<void> Store::erase_items_of(std::uint8_t namespace_index) {
  if (!damaged_.empty()) needs_tidying_ = true;  // some of them may go now
  for (const bool takes_chunks : {false, true}) {
    for (const std::uint32_t page_index : page_order_) {
      const auto walked =
          for_each_header(page_index, [&](Location location, const format::Entry& entry) -> Result<void> {
            if (entry.namespace_index != namespace_index) return {};
            if ((entry.type == ValueType::kBlobData) != takes_chunks) return {};
            NVSAFE_TRY(erase_item(location, entry));
            index_.remove(identity_hash(entry.namespace_index, entry.key, entry.chunk_index), location);
            return {};
          });
      if (!walked) return walked.failed();
    }
  }
  return {};
}

Result<void> Store::purge_namespace(std::uint8_t namespace_index) {
  NVSAFE_TRY(begin_write(namespace_index));
  for (const std::uint32_t page_index : page_order_) {
    NVSAFE_TRY(failed_write(purge_page(page_index, namespace_index)));
  }
  return {};
}

// Headers of erased items still decode. Their data go with them as far as they are marked ERASED too.
Result<void> Store::purge_page(std::uint32_t page_index, std::uint8_t namespace_index) {
  for (std::uint32_t i = 0; i < kEntryCount;) {
    const Location location = Location::at(page_index, i);
    const auto count = erased_run(location, namespace_index);
    if (!count) return count.failed();
    if (*count > 0) NVSAFE_TRY(writer_.destroy(location, *count));
    i += std::max(*count, 1u);
  }
  return {};
}

// Entries of the erased item that begins here; 0: none of that namespace does.
Result<std::uint32_t> Store::erased_run(Location location, std::uint8_t namespace_index) {
  const auto state = writer_.state(location);
  if (!state) return state.failed();
  if (*state != format::EntryState::kErased) return 0u;
  const auto entry = read_entry(location);
  if (!entry) return entry.error().code == ErrorCode::kDamaged ? Result<std::uint32_t>(0u) : entry.failed();
  if (entry->namespace_index != namespace_index) return 0u;
  std::uint32_t count = 1;
  while (count < entry->span && location.entry_index() + count < kEntryCount) {
    const auto next = writer_.state({location.value + count});
    if (!next) return next.failed();
    if (*next != format::EntryState::kErased) break;
    ++count;
  }
  return count;
}

Result<bool> Store::would_fit(std::uint8_t namespace_index, const Name& key, ValueType type,
                              std::span<const std::uint8_t> value) {
  NVSAFE_TRY(begin_write(namespace_index));
  if (const auto checked = check_value(type, value); !checked) return checked.failed();
  const auto size = static_cast<std::uint32_t>(value.size());
  const format::Entry entry = started(namespace_index, key, type);
  const auto old = find_old(namespace_index, entry.key);
  if (!old) return old.failed();
  auto equal = is_equal(*old, type, value);
  if (!equal || *equal) return equal;
  Location chunk;
  if (type == ValueType::kBlobData) {
    const bool is_fresh = needs_fresh_page(value, *old);
    auto room = make_room([&](const Room& now) { return blob_layout(now, size, is_fresh).fits; }, true);
    if (!room || *room || !is_one_chunk(size)) return room;
    const auto page = replaceable_page(2 + format::data_entry_count(size), *old, LeavesChunks::kNo, chunk);
    if (!page) return page.failed();
    return *page != kNoPlace;
  }
  const std::uint32_t span = is_number(type) ? 1 : 1 + format::data_entry_count(size);
  auto room = make_room([&](const Room& now) { return now.takes(span); }, true);
  if (!room || *room) return room;
  const auto page = replaceable_page(span, *old, LeavesChunks::kYes, chunk);
  if (!page) return page.failed();
  return *page != kNoPlace;
}

// --- Namespaces

Result<std::uint8_t> Store::create_namespace(const Name& name, FunctionRef<bool(std::uint8_t)> is_held) {
  if (needs_tidying_) NVSAFE_TRY(tidy());  // a definition that failed may be there all the same
  for (const Namespace& known : namespaces_) {
    if (known.name == name) return known.index;
  }
  if (options_.is_read_only) return fail(ErrorCode::kReadOnly);
  const auto index = free_namespace_index(is_held);
  if (!index) return index.failed();
  NVSAFE_TRY(failed_write(add_namespace(name, *index)));
  return *index;
}

Result<void> Store::add_namespace(const Name& name, std::uint8_t index) {
  if (!namespaces_.reserve(namespaces_.size() + 1)) return fail(ErrorCode::kNoMemory);
  NVSAFE_TRY(reserve_items(1));  // a namespace is made for a key
  const auto room = make_room([](const Room& now) { return now.takes(1); }, false);
  if (!room) return room.failed();
  if (!*room) return fail(ErrorCode::kNoSpace);
  // The name that had the index before, if any, holds nothing.
  for (std::size_t i = 0; i < namespaces_.size(); ++i) {
    if (namespaces_[i].index != index) continue;
    NVSAFE_TRY(erase_item(namespaces_[i].location, format::Entry{}));
    namespaces_[i] = namespaces_[namespaces_.size() - 1];
    namespaces_.pop_back();
    --i;
  }
  format::Entry entry = started(format::kNamespaceOfNamespaces, name, ValueType::kU8);
  entry.set_number(index);
  if (clashes_on_active_page(entry, {}) && this->room().usable_pages() > 0) NVSAFE_TRY(start_next_page());
  const auto location = append(entry, {});
  if (!location) return location.failed();
  if (!namespaces_.push_back({index, name, *location})) return fail(ErrorCode::kNoMemory);
  return {};
}

// The lowest that no name has; when there is none, the lowest whose namespace holds nothing.
Result<std::uint8_t> Store::free_namespace_index(FunctionRef<bool(std::uint8_t)> is_held) {
  std::array<bool, 256> is_taken{};
  for (const Namespace& known : namespaces_) is_taken[known.index] = true;
  const auto first = is_taken.begin() + format::kNamespaceIndexMin;
  const auto free = std::find(first, is_taken.end() - 1, false);
  if (free != is_taken.end() - 1) {
    const auto index = static_cast<std::uint8_t>(free - is_taken.begin());
    const auto is_empty = is_namespace_empty(index);  // items of an index whose name was lost belong to nobody new
    if (!is_empty) return is_empty.failed();
    if (*is_empty) return index;
  }
  for (const PageRecord& page : pages_) {
    if (page.is_pinned) return fail(ErrorCode::kNoSpace);
  }
  for (std::uint32_t i = format::kNamespaceIndexMin; i <= format::kNamespaceIndexMax; ++i) {
    const auto index = static_cast<std::uint8_t>(i);
    if (is_held(index)) continue;
    const auto is_empty = is_namespace_empty(index);
    if (!is_empty) return is_empty.failed();
    if (*is_empty) return index;
  }
  return fail(ErrorCode::kNoSpace);
}

Result<bool> Store::is_namespace_empty(std::uint8_t namespace_index) {
  bool is_empty = true;
  for (const std::uint32_t page_index : page_order_) {
    NVSAFE_TRY(for_each_header(page_index, [&](Location, const format::Entry& entry) -> Result<void> {
      if (entry.namespace_index == namespace_index) is_empty = false;
      return {};
    }));
    if (!is_empty) return false;
  }
  return true;
}

}  // namespace nvsafe::store
