// Reads every row of the settings back from an opened partition and compares.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/open.hpp"
#include "text/settings.hpp"

namespace nvsafe::image {

struct Difference {
  enum class Kind : std::uint8_t { kMissing, kOtherType, kOtherValue, kDamaged, kExtra } kind;
  std::string namespace_name;
  std::string key;
  std::string place;  // the row, "settings.csv:12:1"; empty for kExtra
  std::string what;   // one line: "wifi/port: stored as u16, not u32"
};

struct Verification {
  std::uint32_t key_count = 0;    // rows that name a key
  std::uint32_t equal_count = 0;  // of these, read back as written
  std::uint32_t partition_key_count = 0;
  std::vector<Difference> differences;

  // Every row reads back; extra keys in the partition do not count against it.
  [[nodiscard]] bool all_rows_equal() const { return equal_count == key_count; }
};

// Errors: kIo when reading fails for want of memory or cryptography.
[[nodiscard]] text::Outcome<Verification> verify(store::Store& store, const text::Settings& settings);

}  // namespace nvsafe::image
