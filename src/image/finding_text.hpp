// Findings and core errors in words: one sentence each, and how bad they are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "nvsafe/error.hpp"
#include "store/finding.hpp"
#include "text/problem.hpp"

namespace nvsafe::image {

// kNote: normal in use, worth knowing. kWarning: nothing is lost yet. kError: something cannot be read, or will be
// lost.
enum class FindingSeverity : std::uint8_t { kNote, kWarning, kError };

[[nodiscard]] FindingSeverity severity_of(store::FindingCode code);
[[nodiscard]] std::string_view to_string(FindingSeverity severity);
// "NVS-D011".
[[nodiscard]] std::string finding_name(store::FindingCode code);
// "page 2, entry 7: the data of this value do not match their CRC".
[[nodiscard]] std::string describe(const store::Finding& finding);
// "page 2, entry 7", "page 2", or "the partition".
[[nodiscard]] std::string place_in_partition(std::uint32_t page_index, std::uint32_t entry_index);

// What a core error means, without a place: "no memory", "a CRC is wrong".
[[nodiscard]] std::string_view describe(ErrorCode code);
// A failure of the core that is not about what was asked: memory, cryptography.
[[nodiscard]] Failed<text::Problem> core_failed(const Error& error);

}  // namespace nvsafe::image
