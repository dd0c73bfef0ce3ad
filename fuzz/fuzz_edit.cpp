// Edits of any bytes as a partition of 1 to 8 pages, plain or encrypted: an error, or a result in which each edit reads
// as it was asked for and only the sectors named have changed; and any bytes as an undo journal: what it leads back to,
// if anything, is the file by its digest.
//
// Input: byte 0 options, byte 1 how many edits; those, 4 bytes each; the rest is the partition, and the journal.
#include <algorithm>
#include <vector>

#include "base/endian.hpp"
#include "format/page_header.hpp"
#include "host/heap_allocator.hpp"
#include "image/edit.hpp"
#include "image/undo_journal.hpp"
#include "nvsafe/memory_flash.hpp"
#include "require.hpp"

using nvsafe::ValueType;
using nvsafe::fuzz::require;
namespace format = nvsafe::format;
namespace image = nvsafe::image;

namespace {

using Bytes = std::vector<std::uint8_t>;

const format::EntryCipher& test_cipher() {
  static const auto created = [] {
    std::array<std::uint8_t, format::kXtsKeySize> key;
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i * 7 + 1);  // a test key
    return format::EntryCipher::create(format::XtsKey(key));
  }();
  return *created;
}

// Random bytes never have a right CRC, so most inputs would end at the first page header.
void repair_header(std::uint8_t* page) {
  page[8] |= 0xFE;
  nvsafe::store_le32(page + format::kPageHeaderCrcOffset,
                     format::page_header_crc(format::PageHeaderBytes(page, format::kPageHeaderSize)));
}

image::Edit edit_of(const std::uint8_t* bytes) {
  const auto name = [](const char* stem, int number) { return stem + std::to_string(number); };
  image::Edit edit{.namespace_name = name("n", bytes[1] & 3), .key = name("k", bytes[1] >> 4)};
  edit.kind = static_cast<image::Edit::Kind>(bytes[0] & 3);
  if (edit.kind == image::Edit::Kind::kMove) {
    edit.to_namespace = name("n", bytes[2] & 3);
    edit.to_key = name("k", bytes[2] >> 4);
    edit.replaces = (bytes[0] & 4) != 0;
  }
  constexpr ValueType kTypes[] = {ValueType::kU8, ValueType::kI64, ValueType::kString, ValueType::kBlobData};
  edit.type = kTypes[bytes[0] >> 6];
  const std::size_t size = nvsafe::is_number(edit.type) ? nvsafe::number_size(edit.type) : 1 + bytes[3] * 20u;
  edit.value.assign(size, static_cast<std::uint8_t>(bytes[2] | 1));
  if (edit.type == ValueType::kString) edit.value.back() = 0;
  return edit;
}

void check_edits(const Bytes& partition, const format::EntryCipher* cipher, const std::vector<image::Edit>& edits) {
  nvsafe::host::HeapAllocator allocator;
  const Bytes before = partition;
  const auto edited = image::apply_edits(partition, cipher, edits, "it", allocator);
  require(partition == before, "the input stays");
  if (!edited) return;
  require(edited->bytes.size() == before.size(), "the size stays");
  auto named = edited->changed_sectors.begin();
  for (std::uint32_t at = 0; at < before.size(); at += nvsafe::Flash::kSectorSize) {
    const bool is_named = named != edited->changed_sectors.end() && *named == at;
    named += is_named ? 1 : 0;
    require(is_named != std::equal(before.begin() + at, before.begin() + at + nvsafe::Flash::kSectorSize,
                                   edited->bytes.begin() + at),
            "the sectors that have changed are named");
  }
  const auto again = image::apply_edits(edited->bytes, cipher, {}, "it", allocator);
  require(again.ok() && again->bytes == edited->bytes, "the result opens");
}

void check_journal(const Bytes& bytes) {
  const auto journal = image::UndoJournal::decode(bytes, "it");
  if (!journal) return;
  for (const image::UndoStep& step : journal->steps()) {
    const auto back = image::undone(bytes, step);
    require(!back.ok() || *nvsafe::crypto::sha256(*back) == step.before, "an undo leads back");
  }
}

// The same bytes as a journal with a right digest.
Bytes as_journal(std::span<const std::uint8_t> content) {
  constexpr std::string_view kMagic = "nvsafe undo 1\n";
  Bytes bytes(kMagic.begin(), kMagic.end());
  bytes.insert(bytes.end(), content.begin(), content.end());
  const auto digest = *nvsafe::crypto::sha256(bytes);
  bytes.insert(bytes.end(), digest.begin(), digest.end());
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t edit_count = std::min<std::size_t>(data[1] % 16, (size - 2) / 4);
  std::vector<image::Edit> edits;
  for (std::size_t i = 0; i < edit_count; ++i) edits.push_back(edit_of(data + 2 + 4 * i));
  const std::span rest(data + 2 + 4 * edit_count, size - 2 - 4 * edit_count);
  Bytes partition((1 + data[0] % 8) * nvsafe::Flash::kSectorSize, 0xFF);
  std::copy_n(rest.begin(), std::min(rest.size(), partition.size()), partition.begin());
  if ((data[0] & 16) != 0) {
    for (std::size_t at = 0; at < partition.size() && at < rest.size(); at += nvsafe::Flash::kSectorSize) {
      repair_header(&partition[at]);
    }
  }
  check_edits(partition, (data[0] & 8) != 0 ? &test_cipher() : nullptr, edits);
  check_journal(as_journal(rest));
  return 0;
}
