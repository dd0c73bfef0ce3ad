// Evidence: everything that one has of a device, taken for what it is by its bytes, and what all of it together says of
// chip, release, flash encryption and NVS encryption.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "chip/efuses.hpp"
#include "doctor/boot_log.hpp"
#include "doctor/sdkconfig.hpp"
#include "image/source.hpp"
#include "table/problem.hpp"
#include "text/problem.hpp"

namespace nvsafe::doctor {

using Bytes = std::vector<std::uint8_t>;

// A file as it was named, or the flash of a chip folder with what else lies there.
struct GivenFile {
  std::string name;
  Bytes bytes;
  std::string partition;               // "", or the one that is meant
  std::optional<chip::Efuses> efuses;  // of a chip folder
  std::optional<store::Release> release;
  std::optional<NvsEncryption> nvs;
  std::optional<std::uint32_t> table_offset;
};

// What is said besides the files; it counts more than they do.
struct EvidenceOptions {
  const chip::Profile* chip = nullptr;
  std::optional<store::Release> release;
  std::optional<NvsEncryption> nvs;
  std::optional<std::uint32_t> table_offset;
};

// What a file was taken for.
struct TakenFile {
  std::string name;
  std::string kind;                      // "an NVS image", "a boot log"
  std::optional<text::Problem> problem;  // why it says nothing: broken, or none of what a device has
};

// An image or a dump.
struct FlashFile {
  std::string name;
  std::unique_ptr<image::Source> source;  // nullptr: no NVS is found in it; its TakenFile says why
  Bytes bytes;                            // as in the file
  std::uint32_t table_offset = table::kTableOffset;

  // A whole flash, or a piece with its table; not one partition by itself.
  [[nodiscard]] bool is_dump() const;
  [[nodiscard]] const table::Table* table() const {
    return source != nullptr && source->table() ? &*source->table() : nullptr;
  }
};

// A file that may be NVS keys: `key` is empty where it is none.
struct KeyFile {
  std::string name;
  image::FileKind kind = image::FileKind::kUnknown;
};

struct TableFile {
  std::string name;
  std::optional<table::Table> table;
  table::ProblemList problems;  // with those of the rules
};

// A fact, and the file that says it; empty: it was said besides.
template <typename T>
struct Fact {
  std::optional<T> value;
  std::string from;

  void set_once(const std::optional<T>& said, const std::string& by) {
    if (value || !said) return;
    value = said;
    from = by;
  }
};

class Evidence {
 public:
  // Errors: kBadInput for a broken file of eFuses, kUsage where its chip must be named.
  static text::Outcome<Evidence> gather(std::vector<GivenFile> files, std::vector<image::KeyCandidate> keys,
                                        image::ChipKeys chip_keys, const EvidenceOptions& options);

  std::vector<TakenFile> taken;  // in the order in which they were named
  std::vector<FlashFile> flash;
  std::vector<KeyFile> key_files;
  std::vector<TableFile> tables;
  struct NamedEfuses {
    std::string name;
    chip::Efuses efuses;
  };
  std::vector<NamedEfuses> efuses;
  struct NamedLog {
    std::string name;
    BootLog log;
  };
  std::vector<NamedLog> logs;
  struct NamedConfig {
    std::string name;
    Sdkconfig config;
  };
  std::vector<NamedConfig> configs;

  std::vector<image::KeyCandidate> keys;  // that may open NVS: given, of the files, derived
  std::shared_ptr<const image::ChipKeys> chip_keys;

  Fact<const chip::Profile*> chip;
  Fact<store::Release> release;
  Fact<NvsEncryption> nvs;             // what the firmware mounts with
  Fact<bool> is_flash_encryption_on;   // of the chip
  Fact<bool> is_flash_encryption_dev;  // development mode: esptool --encrypt still works

 private:
  Evidence() = default;
};

}  // namespace nvsafe::doctor
