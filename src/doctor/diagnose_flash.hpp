// The rules for one image or dump: its key pages, its NVS partitions, and whether they belong together.
#pragma once

#include "doctor/diagnose.hpp"

namespace nvsafe::doctor {

// What a question about a key needs of a partition that opened.
struct KnownKey {
  std::string file;
  std::string partition;  // "partition nvs (0x9000)"
  std::string namespace_name;
  std::string key;
};

struct FlashRules {
  std::vector<Diagnosis> findings;
  std::vector<KnownKey> keys;  // live ones
  std::vector<std::string> blank_partitions;
};

// Errors: kIo.
[[nodiscard]] text::Outcome<FlashRules> judge_flash(const Evidence& evidence, const FlashFile& flash,
                                                    const Question& question, Allocator& allocator);

// "ESP-IDF 5.5.3 (boot.log)"; "firmware" where the release is not known.
[[nodiscard]] std::string firmware_name(const Evidence& evidence);
// " --chip esp32c3"; empty where it is not known.
[[nodiscard]] std::string chip_flag(const Evidence& evidence);

}  // namespace nvsafe::doctor
