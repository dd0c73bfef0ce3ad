// A virtual chip in a folder: flash.bin, efuses.json and chip.json, which says what its firmware was built with
// (docs/CHIP.md, the folder). Flash is mapped: each program and erase is in the file at once, as on a chip.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "device/virtual_chip.hpp"
#include "host/file_lock.hpp"
#include "text/problem.hpp"

namespace nvsafe::device {

inline constexpr const char* kFlashFile = "flash.bin";
inline constexpr const char* kEfuseFile = "efuses.json";
inline constexpr const char* kSettingsFile = "chip.json";

// chip.json.
[[nodiscard]] std::string to_json(const chip::Profile& profile, const FirmwareSettings& settings);
struct FolderSettings {
  const chip::Profile* profile = nullptr;
  FirmwareSettings settings;
};
// Errors: kBadInput with what is wrong in `file`.
[[nodiscard]] text::Outcome<FolderSettings> parse_settings(std::string_view json, const std::string& file);
// "off", "development", "release"; "none", "flash-encryption", "hmac:0". Errors: kUsage.
[[nodiscard]] text::Outcome<FirmwareSettings::FlashEncryption> parse_flash_encryption(std::string_view text);
[[nodiscard]] text::Outcome<NvsEncryption> parse_nvs_encryption(std::string_view text);
[[nodiscard]] std::string to_string(FirmwareSettings::FlashEncryption mode);
[[nodiscard]] std::string to_string(const NvsEncryption& encryption);
// What a chip cannot be: a release that nobody has looked at, HMAC on a chip that has none. Errors: kUsage.
[[nodiscard]] text::Outcome<void> check_settings(const chip::Profile& profile, const FirmwareSettings& settings);

// The chip of a folder, which nobody else opens meanwhile. Stays where it is.
class ChipFolder {
 public:
  // Errors: kBadInput: no chip there, or one of its files is wrong; kIo; kUsage: another program has it open.
  static text::Outcome<std::unique_ptr<ChipFolder>> open(const std::string& path);
  ChipFolder(const ChipFolder&) = delete;
  ChipFolder& operator=(const ChipFolder&) = delete;
  ~ChipFolder();

  [[nodiscard]] VirtualChip& chip() { return *chip_; }

 private:
  ChipFolder() = default;

  text::Outcome<void> lock(const std::string& path);

  std::vector<host::FileLock> locks_;
  std::span<std::uint8_t> flash_;
  std::unique_ptr<VirtualChip> chip_;
};

}  // namespace nvsafe::device
