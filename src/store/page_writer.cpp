#include "store/page_writer.hpp"

#include <algorithm>
#include <cstring>

#include "base/endian.hpp"
#include "format/entry_set.hpp"

namespace nvsafe::store {

using format::kEntrySize;
using format::kPageSize;

Result<void> PageWriter::start_page(std::uint32_t page_index, std::uint32_t sequence) {
  std::array<std::uint8_t, format::kPageHeaderSize> bytes;
  format::encode_page_header({format::PageState::kActive, sequence, format::kVersion2}, bytes);
  forget(page_index);
  NVSAFE_TRY(flash_->program(page_index * kPageSize, bytes));
  newest_page_ = page_index;
  newest_.page_index = page_index;
  newest_.bytes.fill(0xFF);
  return {};
}

Result<void> PageWriter::set_page_state(std::uint32_t page_index, format::PageState state) {
  const auto byte = static_cast<std::uint8_t>(state);  // the states differ in the lowest byte only
  return flash_->program(page_index * kPageSize, std::span(&byte, 1));
}

Result<void> PageWriter::retire_page(std::uint32_t page_index) {
  constexpr std::array<std::uint8_t, format::kBitmapSize> kZeros{};
  const std::uint32_t page = page_index * kPageSize;
  const auto marks = marks_of(page_index);
  if (!marks) return marks.failed();
  const bool has_written = !format::EntrySet::marked((*marks)->bytes, format::EntryState::kWritten).empty();
  forget(page_index);
  NVSAFE_TRY(flash_->program(page + format::kPageHeaderCrcOffset, std::span(kZeros).first(4)));
  if (has_written) NVSAFE_TRY(flash_->program(page + format::kBitmapOffset, kZeros));
  return flash_->erase_sector(page);
}

Result<void> PageWriter::program_header(Location location, const format::Entry& entry) {
  std::array<std::uint8_t, kEntrySize> bytes;
  format::encode_entry(entry, bytes);
  if (!first_word_alone_) return program_batch(location, bytes);
  if (cipher_ != nullptr) NVSAFE_TRY(cipher_->encrypt(location.page_index(), location.entry_index(), bytes));
  last_raw_word_ = load_le32(bytes.data());
  NVSAFE_TRY(flash_->program(location.offset(), std::span(bytes).first(4)));
  return flash_->program(location.offset() + 4, std::span(bytes).subspan(4));
}

Result<void> PageWriter::program_data(Location first, std::span<const std::uint8_t> data) {
  if (cipher_ == nullptr && data.size() > kBatchSize) {
    const auto whole = data.first(data.size() / kEntrySize * kEntrySize);
    last_raw_word_ = load_le32(whole.data() + whole.size() - kEntrySize);
    NVSAFE_TRY(flash_->program(first.offset(), whole));
    first.value += static_cast<std::uint32_t>(whole.size() / kEntrySize);
    data = data.subspan(whole.size());
  }
  std::array<std::uint8_t, kBatchSize> batch;
  while (!data.empty()) {
    const std::size_t size = std::min<std::size_t>(data.size(), kBatchSize);
    const std::uint32_t count = format::data_entry_count(static_cast<std::uint32_t>(size));
    std::memcpy(batch.data(), data.data(), size);
    std::memset(batch.data() + size, 0xFF, count * kEntrySize - size);
    NVSAFE_TRY(program_batch(first, std::span(batch).first(count * kEntrySize)));
    first.value += count;
    data = data.subspan(size);
  }
  return {};
}

Result<void> PageWriter::program_batch(Location first, std::span<std::uint8_t> plain) {
  if (cipher_ != nullptr) NVSAFE_TRY(cipher_->encrypt(first.page_index(), first.entry_index(), plain));
  last_raw_word_ = load_le32(plain.data() + plain.size() - kEntrySize);
  return flash_->program(first.offset(), plain);
}

Result<void> PageWriter::destroy(Location first, std::uint32_t count) {
  constexpr std::array<std::uint8_t, kBatchSize> kZeros{};
  for (std::uint32_t done = 0; done < count; done += kBatchEntries) {
    const std::uint32_t size = std::min(count - done, kBatchEntries) * kEntrySize;
    NVSAFE_TRY(flash_->program(first.offset() + done * kEntrySize, std::span(kZeros).first(size)));
  }
  return {};
}

Result<PageWriter::Marks*> PageWriter::marks_of(std::uint32_t page_index) {
  Marks* marks = page_index == newest_page_ ? &newest_ : &other_;
  if (marks->page_index == page_index) return marks;
  marks->page_index = kNoPlace;
  NVSAFE_TRY(flash_->read(page_index * kPageSize + format::kBitmapOffset, marks->bytes));
  marks->page_index = page_index;
  return marks;
}

void PageWriter::forget(std::uint32_t page_index) {
  if (newest_.page_index == page_index) newest_.page_index = kNoPlace;
  if (other_.page_index == page_index) other_.page_index = kNoPlace;
}

Result<format::EntryState> PageWriter::state(Location location) {
  auto marks = marks_of(location.page_index());
  if (!marks) return marks.failed();
  return format::entry_state((*marks)->bytes, location.entry_index());
}

Result<void> PageWriter::mark(Location first, std::uint32_t count, format::EntryState state) {
  if (count == 0) return {};
  const std::uint32_t page_index = first.page_index();
  auto found = marks_of(page_index);
  if (!found) return found.failed();
  Marks& marks = **found;
  const std::uint32_t first_byte = first.entry_index() / 4;
  const std::uint32_t end_byte = (first.entry_index() + count - 1) / 4 + 1;
  std::array<std::uint8_t, format::kBitmapSize> wanted = marks.bytes;
  bool changes = false;
  for (std::uint32_t i = first.entry_index(); i < first.entry_index() + count; ++i) {
    // Bits are only ever cleared: from EMPTY to WRITTEN, from anything to ERASED.
    const auto old = format::entry_state(wanted, i);
    const auto now = static_cast<format::EntryState>(static_cast<unsigned>(old) & static_cast<unsigned>(state));
    format::set_entry_state(wanted, i, now);
    changes |= now != old;
  }
  if (!changes) return {};
  marks.page_index = kNoPlace;  // unknown until the program has succeeded
  NVSAFE_TRY(flash_->program(page_index * kPageSize + format::kBitmapOffset + first_byte,
                             std::span(wanted).subspan(first_byte, end_byte - first_byte)));
  marks.bytes = wanted;
  marks.page_index = page_index;
  return {};
}

Result<void> PageWriter::erase_item(Location header, std::uint32_t span, bool has_plain_data) {
  if (has_plain_data) return mark(header, span, format::EntryState::kErased);
  NVSAFE_TRY(mark({header.value + 1}, span - 1, format::EntryState::kErased));
  return mark(header, 1, format::EntryState::kErased);
}

}  // namespace nvsafe::store
