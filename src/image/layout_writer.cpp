#include "image/layout_writer.hpp"

#include <algorithm>
#include <cstring>

#include "base/crc32.hpp"
#include "format/entry_state.hpp"

namespace nvsafe::image {

using format::kEntryCount;
using format::kEntrySize;
using format::kPageSize;

LayoutWriter::LayoutWriter(std::uint8_t version, Rule rule) : version_(version), rule_(rule) { start_page(); }

void LayoutWriter::start_page() {
  if (page_count_ > 0) {
    used_of_page_.push_back(used_);
    const auto header_bytes = std::span<std::uint8_t, format::kPageHeaderSize>(page(), format::kPageHeaderSize);
    format::PageHeader header = format::decode_page_header(header_bytes);
    header.state = format::PageState::kFull;
    format::encode_page_header(header, header_bytes);
  }
  image_.resize(image_.size() + kPageSize, 0xFF);
  ++page_count_;
  used_ = 0;
  format::encode_page_header({format::PageState::kActive, page_count_ - 1, version_},
                             std::span<std::uint8_t, format::kPageHeaderSize>(page(), format::kPageHeaderSize));
}

void LayoutWriter::append(const format::Entry& header, std::span<const std::uint8_t> data) {
  std::uint8_t* at = page() + format::kEntriesOffset + used_ * kEntrySize;
  format::encode_entry(header, std::span<std::uint8_t, kEntrySize>(at, kEntrySize));
  if (!data.empty()) std::memcpy(at + kEntrySize, data.data(), data.size());
  const auto bitmap = std::span<std::uint8_t, format::kBitmapSize>(page() + format::kBitmapOffset, format::kBitmapSize);
  for (std::uint32_t i = 0; i < header.span; ++i) {
    format::set_entry_state(bitmap, used_ + i, format::EntryState::kWritten);
  }
  used_ += header.span;
}

void LayoutWriter::add_single(const format::Entry& entry) {
  if (used_ == kEntryCount) start_page();
  append(entry, {});
}

void LayoutWriter::add_within_page(format::Entry header, std::span<const std::uint8_t> data) {
  header.span = static_cast<std::uint8_t>(1 + format::data_entry_count(static_cast<std::uint32_t>(data.size())));
  header.set_data(static_cast<std::uint16_t>(data.size()), nvs_crc32(data));
  // The original moves on also when the item would fill the page to its last entry; one of a whole page it cannot
  // place at all, and we do.
  const std::uint32_t end_max = rule_ == Rule::kTight ? kEntryCount : kEntryCount - 1;
  if (used_ > 0 && used_ + header.span > end_max) start_page();
  append(header, data);
}

bool LayoutWriter::add_blob(std::uint8_t namespace_index, const Name& key, std::span<const std::uint8_t> data) {
  const auto size = static_cast<std::uint32_t>(data.size());
  format::Entry entry;
  entry.namespace_index = namespace_index;
  entry.type = ValueType::kBlobData;
  entry.set_key(key);
  const std::uint32_t end_max = rule_ == Rule::kTight && !data.empty() ? kEntryCount - 1 : kEntryCount;
  if (used_ >= end_max) start_page();
  std::uint32_t chunk_count = 0;
  do {
    if (chunk_count == format::kChunkCountMax) return false;
    // With one entry left this is a chunk without data, as the original writes it.
    const std::uint32_t room = (kEntryCount - used_ - 1) * kEntrySize;
    const auto chunk = data.first(std::min<std::size_t>(room, data.size()));
    entry.chunk_index = static_cast<std::uint8_t>(chunk_count++);
    entry.span = static_cast<std::uint8_t>(1 + format::data_entry_count(static_cast<std::uint32_t>(chunk.size())));
    entry.set_data(static_cast<std::uint16_t>(chunk.size()), nvs_crc32(chunk));
    append(entry, chunk);
    data = data.subspan(chunk.size());
    if (!data.empty() || room - chunk.size() < kEntrySize) start_page();
  } while (!data.empty());

  entry.type = ValueType::kBlobIndex;
  entry.chunk_index = format::kChunkIndexNone;
  entry.span = 1;
  entry.set_blob_index(size, static_cast<std::uint8_t>(chunk_count), 0);
  append(entry, {});
  return true;
}

Result<std::vector<std::uint8_t>> LayoutWriter::finish(const format::EntryCipher* cipher) && {
  used_of_page_.push_back(used_);
  if (cipher != nullptr) {
    for (std::uint32_t i = 0; i < page_count_; ++i) {
      const auto entries = std::span(image_).subspan(format::entry_offset(i, 0), used_of_page_[i] * kEntrySize);
      NVSAFE_TRY(cipher->encrypt(i, 0, entries));
    }
  }
  return std::move(image_);
}

}  // namespace nvsafe::image
