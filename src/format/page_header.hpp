// The first 32 bytes of a page: state, sequence number, version, CRC. Never encrypted.
#pragma once

#include <cstdint>
#include <span>

#include "format/layout.hpp"

namespace nvsafe::format {

// On flash: never renumber. Each state clears more bits than the one before. docs/FORMAT.md §2.1.
enum class PageState : std::uint32_t {
  kEmpty = 0xFFFFFFFF,
  kActive = 0xFFFFFFFE,
  kFull = 0xFFFFFFFC,
  kFreeing = 0xFFFFFFF8,
  kCorrupt = 0xFFFFFFF0,  // no release writes it
  kInvalid = 0x00000000,
};

// On flash: never renumber. Counts down. docs/FORMAT.md §2.1.
inline constexpr std::uint8_t kVersion1 = 0xFF;
inline constexpr std::uint8_t kVersion2 = 0xFE;

inline constexpr std::uint32_t kPageHeaderCrcOffset = 28;

struct PageHeader {
  PageState state = PageState::kEmpty;
  std::uint32_t sequence = 0;  // grows by one with each page that is taken into use
  std::uint8_t version = kVersion2;
  std::uint32_t crc = 0;  // as stored; encode_page_header computes it
};

using PageHeaderBytes = std::span<const std::uint8_t, kPageHeaderSize>;

[[nodiscard]] PageHeader decode_page_header(PageHeaderBytes bytes);
// Fills the 32 bytes, unused ones with 0xFF.
void encode_page_header(const PageHeader& header, std::span<std::uint8_t, kPageHeaderSize> out);
// CRC over bytes 4..27: not the state, so that it can change without a new CRC.
[[nodiscard]] std::uint32_t page_header_crc(PageHeaderBytes bytes);

// All is right but the CRC, and that is 0: the page was given up by its writer and is about to be erased.
[[nodiscard]] bool is_retired_page_header(PageHeaderBytes bytes);

// A state that a page with entries can have in normal use.
[[nodiscard]] constexpr bool is_in_use(PageState state) {
  return state == PageState::kActive || state == PageState::kFull || state == PageState::kFreeing;
}

}  // namespace nvsafe::format
