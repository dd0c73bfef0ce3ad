#include "format/entry.hpp"

#include <cstring>

#include "base/crc32.hpp"
#include "base/endian.hpp"

namespace nvsafe::format {
namespace {

// docs/FORMAT.md §3.
constexpr std::size_t kNamespaceOffset = 0;
constexpr std::size_t kTypeOffset = 1;
constexpr std::size_t kSpanOffset = 2;
constexpr std::size_t kChunkIndexOffset = 3;
constexpr std::size_t kCrcOffset = 4;
constexpr std::size_t kKeyOffset = 8;
constexpr std::size_t kDataOffset = 24;

std::uint32_t entry_crc(EntryBytes bytes) {
  return nvs_crc32(nvs_crc32(bytes.first<kCrcOffset>()), bytes.subspan<kKeyOffset>());
}

}  // namespace

void Entry::set_key(const Name& name) { std::memcpy(key.data(), name.field(), key.size()); }

std::uint64_t Entry::number() const {
  const std::uint64_t all = load_le64(data.data());
  const unsigned bits = 8u * number_size(type);
  return bits >= 64 ? all : all & ((std::uint64_t{1} << bits) - 1);
}

void Entry::set_number(std::uint64_t value) {
  const unsigned bits = 8u * number_size(type);
  store_le64(data.data(), bits >= 64 ? value : value | ~std::uint64_t{0} << bits);
}

std::uint16_t Entry::data_size() const { return load_le16(data.data()); }
std::uint32_t Entry::data_crc() const { return load_le32(data.data() + 4); }

void Entry::set_data(std::uint16_t size, std::uint32_t crc) {
  data.fill(0xFF);
  store_le16(data.data(), size);
  store_le32(data.data() + 4, crc);
}

std::uint32_t Entry::blob_size() const { return load_le32(data.data()); }
std::uint8_t Entry::chunk_count() const { return data[4]; }
std::uint8_t Entry::chunk_start() const { return data[5]; }

void Entry::set_blob_index(std::uint32_t size, std::uint8_t count, std::uint8_t start) {
  data.fill(0xFF);
  store_le32(data.data(), size);
  data[4] = count;
  data[5] = start;
}

bool is_entry_crc_right(EntryBytes bytes) { return load_le32(bytes.data() + kCrcOffset) == entry_crc(bytes); }

Entry decode_entry(EntryBytes bytes) {
  Entry entry;
  entry.namespace_index = bytes[kNamespaceOffset];
  entry.type = static_cast<ValueType>(bytes[kTypeOffset]);
  entry.span = bytes[kSpanOffset];
  entry.chunk_index = bytes[kChunkIndexOffset];
  std::memcpy(entry.key.data(), bytes.data() + kKeyOffset, entry.key.size());
  std::memcpy(entry.data.data(), bytes.data() + kDataOffset, entry.data.size());
  return entry;
}

void encode_entry(const Entry& entry, std::span<std::uint8_t, kEntrySize> out) {
  out[kNamespaceOffset] = entry.namespace_index;
  out[kTypeOffset] = static_cast<std::uint8_t>(entry.type);
  out[kSpanOffset] = entry.span;
  out[kChunkIndexOffset] = entry.chunk_index;
  std::memcpy(out.data() + kKeyOffset, entry.key.data(), entry.key.size());
  std::memcpy(out.data() + kDataOffset, entry.data.data(), entry.data.size());
  store_le32(out.data() + kCrcOffset, entry_crc(out));
}

namespace {

// Versions of a blob take turns with chunks 0… and 128…; each chunk lies within a page.
bool is_blob_index_possible(const Entry& entry) {
  return (entry.chunk_start() == 0 || entry.chunk_start() == kChunkStartOther) &&
         entry.chunk_count() <= kChunkCountMax && entry.blob_size() <= entry.chunk_count() * kChunkSizeMax;
}

}  // namespace

EntryFault entry_fault(const Entry& entry, std::uint32_t entry_index) {
  if (entry.span == 0 || entry_index + entry.span > kEntryCount) return EntryFault::kSpan;
  if (entry.key.back() != '\0') return EntryFault::kKey;
  if (entry.namespace_index > kNamespaceIndexMax) return EntryFault::kNamespace;
  if (!is_known(entry.type)) return EntryFault::kType;
  const std::uint32_t data_entries = has_data_entries(entry.type) ? data_entry_count(entry.data_size()) : 0;
  if (entry.span != 1 + data_entries) return EntryFault::kSpan;
  if ((entry.type == ValueType::kBlobData) == (entry.chunk_index == kChunkIndexNone)) return EntryFault::kChunkIndex;
  if (entry.type == ValueType::kBlobIndex && !is_blob_index_possible(entry)) return EntryFault::kBlobIndex;
  return EntryFault::kNone;
}

}  // namespace nvsafe::format
