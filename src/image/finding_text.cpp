#include "image/finding_text.hpp"

#include <fmt/format.h>

namespace nvsafe::image {

using store::FindingCode;

FindingSeverity severity_of(FindingCode code) {
  switch (code) {
    case FindingCode::kItemSuperseded:
    case FindingCode::kPageFreeing:
    case FindingCode::kTypeUnknown:
      return FindingSeverity::kNote;
    case FindingCode::kNoFreePage:
    case FindingCode::kChunkOrphaned:
    case FindingCode::kEntryTorn:
    case FindingCode::kStateIllegal:
    case FindingCode::kNamespaceTwice:
    case FindingCode::kSequenceTwice:
    case FindingCode::kPageDirty:
    case FindingCode::kItemTorn:
      return FindingSeverity::kWarning;
    case FindingCode::kPageHeaderDamaged:
    case FindingCode::kBlobIncomplete:
    case FindingCode::kEntryUndecodable:
    case FindingCode::kDataDamaged:
    case FindingCode::kEntryFaulty:
    case FindingCode::kNamespaceUndefined:
      return FindingSeverity::kError;
  }
  return FindingSeverity::kError;
}

std::string_view to_string(FindingSeverity severity) {
  switch (severity) {
    case FindingSeverity::kNote:
      return "note";
    case FindingSeverity::kWarning:
      return "warning";
    case FindingSeverity::kError:
      break;
  }
  return "error";
}

std::string finding_name(FindingCode code) { return fmt::format("NVS-D{:03}", static_cast<unsigned>(code)); }

std::string place_in_partition(std::uint32_t page_index, std::uint32_t entry_index) {
  if (page_index == kNoPlace) return "the partition";
  if (entry_index == kNoPlace) return fmt::format("page {}", page_index);
  return fmt::format("page {}, entry {}", page_index, entry_index);
}

namespace {

std::string sentence(const store::Finding& finding) {
  switch (finding.code) {
    case FindingCode::kNoFreePage:
      return "has no free page: firmware that writes answers ESP_ERR_NVS_NO_FREE_PAGES (0x110D)";
    case FindingCode::kPageHeaderDamaged:
      return fmt::format("its header is damaged; {} of its entries decode all the same, and firmware ignores them",
                         finding.count);
    case FindingCode::kBlobIncomplete:
      return "this blob lacks a chunk";
    case FindingCode::kEntryUndecodable:
      return fmt::format("{} written entries do not decode", finding.count);
    case FindingCode::kDataDamaged:
      return "the data of this value do not match their CRC";
    case FindingCode::kItemSuperseded:
      return "an older copy of a key that is live elsewhere";
    case FindingCode::kChunkOrphaned:
      return "a blob chunk that no blob names";
    case FindingCode::kEntryTorn:
      return "marked empty, but something was written: power was cut here";
    case FindingCode::kStateIllegal:
      return fmt::format("{} entry marks hold a value that no writer leaves: power was cut here", finding.count);
    case FindingCode::kEntryFaulty:
      return "its CRC is right, but its span, chunks, size, key or namespace make no sense";
    case FindingCode::kNamespaceUndefined:
      return "belongs to a namespace that no entry defines";
    case FindingCode::kNamespaceTwice:
      return "defines a namespace or an index that is defined already; the older one counts";
    case FindingCode::kTypeUnknown:
      return "a value type that this program does not know; firmware from 5.5 to 6.0 erases such entries";
    case FindingCode::kPageFreeing:
      return "was being collected when power was cut; firmware finishes that at its next start";
    case FindingCode::kPageDirty:
      return "is marked empty, but is not blank";
    case FindingCode::kSequenceTwice:
      return "has the sequence number of another page";
    case FindingCode::kItemTorn:
      return "was being written or erased when power was cut";
  }
  return "";
}

}  // namespace

std::string describe(const store::Finding& finding) {
  const char* join = finding.page_index == kNoPlace ? " " : ": ";
  return place_in_partition(finding.page_index, finding.entry_index) + join + sentence(finding);
}

std::string_view describe(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNone:
      return "no error";
    case ErrorCode::kNoMemory:
      return "no memory";
    case ErrorCode::kOutOfRange:
      return "outside the partition";
    case ErrorCode::kFlashIo:
      return "the device failed";
    case ErrorCode::kFlashRule:
      return "flash cannot be written so";
    case ErrorCode::kPowerLost:
      return "power is off";
    case ErrorCode::kProvider:
      return "the cryptography or random source of this system failed";
    case ErrorCode::kNotFound:
      return "not found";
    case ErrorCode::kWrongType:
      return "stored with another type";
    case ErrorCode::kNameTooLong:
      return "a name of 16 bytes or more";
    case ErrorCode::kBufferTooSmall:
      return "the buffer is too small";
    case ErrorCode::kDamaged:
      return "damaged: a CRC is wrong, or a chunk is missing";
    case ErrorCode::kKeyProof:
      return "no written entry decodes";
    case ErrorCode::kUnsupportedVersion:
      return "a page format newer than version 2";
    case ErrorCode::kBadSize:
      return "the size is no multiple of 4096";
    case ErrorCode::kKeyPageErased:
      return "erased: only 0xFF (firmware says 0x1116)";
    case ErrorCode::kKeyPageDamaged:
      return "its CRC is wrong (firmware says 0x1117)";
    case ErrorCode::kKeyPageShort:
      return "too short for a key page";
    case ErrorCode::kEqualKeyHalves:
      return "the two halves of the key are equal";
    case ErrorCode::kNoSpace:
      return "there is no room for it";
    case ErrorCode::kValueTooLong:
      return "the value is longer than a partition of this size can hold";
    case ErrorCode::kInvalidValue:
      return "the value does not fit its type";
    case ErrorCode::kReadOnly:
      return "it was opened for reading only";
    case ErrorCode::kBatchFull:
      return "the memory of the batch is full";
    case ErrorCode::kNotAllOrNothing:
      return "the format cannot keep this batch all or nothing";
  }
  return "unknown error";
}

Failed<text::Problem> core_failed(const Error& error) {
  return text::problem(text::Exit::kIo, std::string(describe(error.code)));
}

}  // namespace nvsafe::image
