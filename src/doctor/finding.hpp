// Findings of everything that one has of a device: image, dump, keys, table, eFuses, boot log, settings of the build.
// The codes are those of docs/FINDINGS.md, which is made of the texts here (nvsafe explain --all).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "image/finding_text.hpp"

namespace nvsafe::doctor {

using image::FindingSeverity;

// Printed as NVS-D002 and so on. Stable: never renumber, never reuse. 7 to 9 and 11 to 24 are those of
// store::FindingCode, which one partition shows by itself.
enum class Code : std::uint16_t {
  kWipedByMount = 1,       // a start that could not read the entries marked them erased; they are still there
  kKeyPageInClear = 2,     // nvs_keys lies in the clear, and flash encryption is on
  kUniversalKey = 3,       // the keys that every device without flash encryption makes
  kKeyPageErased = 4,      // no keys, and NVS is encrypted
  kNoKeyOpens = 5,         // entries that no key at hand decodes
  kNvsFlashEncrypted = 6,  // the NVS partition itself lies through flash encryption
  kNoFreePage = 7,
  kPageHeaderDamaged = 8,
  kBlobIncomplete = 9,
  kLostToRelease = 10,  // sound values that the firmware's release erases when it mounts
  kEntryUndecodable = 11,
  kDataDamaged = 12,
  kItemSuperseded = 13,
  kChunkOrphaned = 14,
  kEntryTorn = 15,
  kStateIllegal = 16,
  kEntryFaulty = 17,
  kNamespaceUndefined = 18,
  kNamespaceTwice = 19,
  kTypeUnknown = 20,
  kPageFreeing = 21,
  kPageDirty = 22,
  kSequenceTwice = 23,
  kItemTorn = 24,
  kZeroedByMount = 25,      // as 1, and overwritten with zeros
  kKeyPageDamaged = 26,     // nvs_keys is no key page, whichever way it is read
  kKeyPageNotForChip = 27,  // it was encrypted for the chip, and flash encryption is off
  kFlashKeyAsKeyPage = 28,  // a flash encryption key where NVS keys belong
  kKeysElsewhere = 29,      // a key page that opens NVS lies where firmware does not look
  kNvsMissing = 30,         // the table has no NVS partition of that name
  kNvsKeysMissing = 31,     // NVS encryption by flash encryption, and no nvs_keys partition
  kTableProblem = 32,       // a rule of partition tables
  kHmacKeyMissing = 33,     // the HMAC scheme, and no key with that purpose in the slot
  kHmacKeyReadable = 34,    // anybody can read the HMAC key
  kReadProtectLocked = 35,  // no key can be read-protected any more
  kMountedPlain = 36,       // an encrypted partition, and firmware that mounts it without keys
  kMountedEncrypted = 37,   // a plain partition, and firmware that mounts it with keys
  kPlainSecrets = 38,       // secrets readable in a plain partition
  kResidue = 39,            // secrets readable in erased entries
  kReadableKeys = 40,       // the dump opens its own encryption
  kWearHigh = 41,           // the sequence numbers are near what flash bears
  kPagesOutside = 42,       // NVS pages right behind the partition's end
  kNewVersion = 43,         // a page format that no release knows
  kOverlongValue = 44,      // a value longer than firmware writes
  kWrongFlashScheme = 45,   // written with another chip's flash encryption
  kSettingsMismatch = 46,   // what the build is configured for is not what the chip is
  kKeysMadeAnew = 47,       // a start could not read the keys and made others
  kOtherKey = 48,           // the device has a key, and NVS was written with another one
  kKeyNotThere = 49,        // what the app asks for was never written there, or lies elsewhere
  kSharedKey = 50,          // devices that were written with one key
};

[[nodiscard]] std::string code_name(Code code);
// "NVS-D002", "D002", "d2". Nothing: no such code.
[[nodiscard]] std::optional<Code> parse_code(std::string_view text);

// What is known of a finding, whatever it was found in.
struct CodeText {
  Code code;
  FindingSeverity severity;
  std::string_view title;     // "page header damaged"
  std::string_view means;     // sentences, without the first word's capital where a line begins with "Means"
  std::string_view firmware;  // what ESP-IDF does with it
  std::string_view advice;    // what to do
};
[[nodiscard]] std::span<const CodeText> code_texts();
[[nodiscard]] const CodeText& text_of(Code code);

// One possible cause of an error code, and how to tell that it is this one with the files one has.
struct ErrorCause {
  Code code;
  std::string_view tell;
};
struct ErrorText {
  std::int32_t value;
  std::string_view means;  // which calls give it, and what they found
  std::string_view first;  // what to do before all else; may be empty
  std::span<const ErrorCause> causes;
  std::string_view otherwise;  // when it is none of these: often no fault of the flash at all
};
[[nodiscard]] std::span<const ErrorText> error_texts();
// "ESP_ERR_NVS_CORRUPT_KEY_PART".
[[nodiscard]] std::string_view error_name(std::int32_t value);
// "ESP_ERR_NVS_CORRUPT_KEY_PART (0x1117)".
[[nodiscard]] std::string error_title(std::int32_t value);
// "0x1117", "4375", "ESP_ERR_NVS_CORRUPT_KEY_PART", "NVS_CORRUPT_KEY_PART". Nothing: none of NVS or nvs_sec_provider.
[[nodiscard]] const ErrorText* find_error(std::string_view text);

// All of it as docs/FINDINGS.md has it.
[[nodiscard]] std::string findings_document();

}  // namespace nvsafe::doctor
