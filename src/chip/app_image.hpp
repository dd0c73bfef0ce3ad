// Apps and bootloaders as they lie in flash, in the clear: header, segments, checksum, digest, what the app says of
// itself. docs/CHIP.md, images.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chip/profile.hpp"
#include "nvsafe/result.hpp"

namespace nvsafe::chip {

// Text fields end at a NUL; whatever is no printable ASCII has been taken out.
struct AppDescription {
  std::string version;
  std::string project;
  std::string idf_version;  // "v5.5.3", as the build system wrote it
};

struct AppImage {
  std::uint32_t size = 0;  // bytes, with checksum and digest; a multiple of 16. Signature sectors follow.
  std::uint16_t chip_id = 0;
  std::uint8_t segment_count = 0;
  bool has_digest = false;
  std::optional<AppDescription> description;          // of an app
  std::optional<std::string> bootloader_idf_version;  // of a bootloader new enough to have one
};

enum class ImageProblem : std::uint8_t {
  kNoMagic,       // does not begin with 0xE9
  kSegmentCount,  // more than 16, or none
  kSegmentSize,   // no multiple of 4, or 16 MiB and more
  kTooLong,       // reaches past the bytes there are
  kChecksum,
  kDigest,
  kProvider,
};
[[nodiscard]] std::string_view to_string(ImageProblem problem);

// The image at the start of `bytes`, which end with its partition. Only what every boot chain checks is checked; that
// `chip_id` is the chip's own is for the caller to see.
[[nodiscard]] Result<AppImage, ImageProblem> read_image(std::span<const std::uint8_t> bytes);

// The smallest images that a boot chain takes: nvsafe's own stand-ins for a bootloader and an app that a dump lacks.
// They hold no code. `idf_version` as in AppDescription. Requires: the texts fit (31 bytes).
[[nodiscard]] std::vector<std::uint8_t> make_bootloader(const Profile& profile, std::string_view idf_version);
[[nodiscard]] std::vector<std::uint8_t> make_app(const Profile& profile, const AppDescription& description);

}  // namespace nvsafe::chip
