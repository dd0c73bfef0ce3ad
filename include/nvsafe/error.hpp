// What can go wrong in the core, as codes. The core carries no text: the layer that talks to a person
// turns a code and its place into words.
#pragma once

#include <cstdint>

namespace nvsafe {

// A whole word: with a gap behind it an Error is copied in pieces that a processor has to wait for.
enum class ErrorCode : std::uint32_t {
  kNone = 0,
  kNoMemory,            // the allocator gave nothing
  kOutOfRange,          // offset or length outside the device, the page or the buffer
  kFlashIo,             // the device failed
  kFlashRule,           // a program would set a bit, or an erase is not sector-aligned
  kPowerLost,           // simulated: power is off
  kProvider,            // the crypto or random provider failed
  kNotFound,            // no such namespace or key
  kWrongType,           // the key exists with another type
  kNameTooLong,         // namespace or key of 16 bytes or more
  kBufferTooSmall,      // the value is longer than the caller's buffer
  kDamaged,             // the value's bytes do not match their CRC, or a chunk is missing
  kKeyProof,            // entries are written, and none decodes under the key (or without one)
  kUnsupportedVersion,  // a page of a format newer than version 2
  kBadSize,             // not a whole number of pages, or none, or too many
  kKeyPageErased,       // nvs_keys holds only 0xFF
  kKeyPageDamaged,      // nvs_keys: CRC over the 64 key bytes is wrong
  kKeyPageShort,        // fewer than 68 bytes
  kEqualKeyHalves,      // XTS encryption refused: key 1 equals key 2
  kNoSpace,             // the live data leave no room, or all 254 namespaces are taken
  kValueTooLong,        // longer than the format, or this partition, can ever hold
  kInvalidValue,        // not a number (NaN), a string without its NUL, or a length that the type does not have
  kReadOnly,            // the store was mounted for reading only
  kBatchFull,           // the memory of a batch takes no more
  kNotAllOrNothing,     // the format cannot keep this batch all or nothing
};

// A place in a partition, where there is one.
inline constexpr std::uint32_t kNoPlace = 0xFFFFFFFF;

struct Error {
  ErrorCode code = ErrorCode::kNone;
  std::uint32_t page_index = kNoPlace;   // page from the start of the partition
  std::uint32_t entry_index = kNoPlace;  // entry 0..125 in the page

  friend constexpr bool operator==(const Error&, const Error&) = default;
};

}  // namespace nvsafe
