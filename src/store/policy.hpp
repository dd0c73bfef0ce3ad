// Release policies: what a firmware of some ESP-IDF release does to a partition while it mounts it, as far as releases
// differ. What all of them do alike is in release_mount.cpp. docs/DESIGN.md, release policies.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "nvsafe/result.hpp"

namespace nvsafe::store {

// After which rules a partition is mounted: those of this engine, or those of a release and the ones that follow it.
enum class Policy : std::uint8_t {
  kNeverDestroy,
  kRelease5_1,
  kRelease5_3,
  kRelease5_5,
  kRelease6_0_1,
  kRelease6_1,
};

inline constexpr Policy kReleasePolicies[] = {Policy::kRelease5_1, Policy::kRelease5_3, Policy::kRelease5_5,
                                              Policy::kRelease6_0_1, Policy::kRelease6_1};

// The differences between releases at mount. Sets differ in more, which is not asked here.
struct ReleaseTraits {
  bool drops_mismatched_indexes;  // a blob index whose chunks are not as many, or not as large, as it says
  bool checks_entries;            // span, chunk index and type of an entry whose CRC is right; else only its CRC
  bool knows_float;               // types 0x24 and 0x28; unknown ones are erased by a release that checks entries
  bool zeroes_what_it_erases;     // programs zeros over entries that it drops on its own, not only their marks

  friend constexpr bool operator==(const ReleaseTraits&, const ReleaseTraits&) = default;
};

// Requires: a release, not kNeverDestroy.
[[nodiscard]] ReleaseTraits traits_of(Policy policy);

// An ESP-IDF release as people write it.
struct Release {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::optional<std::uint32_t> patch;  // none: the worst patch of the line is meant

  // Whether it has what came with major.minor.
  [[nodiscard]] constexpr bool is_since(std::uint32_t since_major, std::uint32_t since_minor) const {
    return major != since_major ? major > since_major : minor >= since_minor;
  }

  friend constexpr bool operator==(const Release&, const Release&) = default;
};

// "5.5", "v6.0.1". Errors: kInvalidValue.
[[nodiscard]] Result<Release> parse_release(std::string_view text);

struct ReleasePolicy {
  Policy policy;
  // The storage code of that release, or of the worst patch of that line, was run; otherwise it was only read.
  bool was_run;
};

// Errors: kNotFound for a release that nobody has looked at: older than 4.0, or newer than 6.1.
[[nodiscard]] Result<ReleasePolicy> policy_of(const Release& release);

}  // namespace nvsafe::store
