// What the benchmarks work on: settings of the mix that products have, a key, and images made of both.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "format/entry_cipher.hpp"
#include "text/settings.hpp"

namespace nvsafe::bench {

// A settings CSV: half numbers, a third short strings, some blobs and one certificate of 1.6 KB in 50 rows.
[[nodiscard]] std::string settings_csv(std::uint32_t row_count);
// `row_count` u32 values and nothing else: as many items as a partition can hold for its size.
[[nodiscard]] std::string number_csv(std::uint32_t row_count);

// The sample must be sound: these stop the program where a user would get an error.
[[nodiscard]] text::Settings parsed(const std::string& csv);
[[nodiscard]] format::XtsKey sample_key();
[[nodiscard]] format::EntryCipher sample_cipher();
[[nodiscard]] std::vector<std::uint8_t> encrypted_image(const text::Settings& settings, std::uint32_t size);

}  // namespace nvsafe::bench
