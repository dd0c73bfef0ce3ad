#include "chip/app_image.hpp"

#include <algorithm>

#include "base/endian.hpp"
#include "crypto/hash.hpp"

namespace nvsafe::chip {
namespace {

// On flash: never renumber. docs/CHIP.md, images.
constexpr std::uint8_t kImageMagic = 0xE9;
constexpr std::size_t kHeaderSize = 24;
constexpr std::size_t kSegmentCountAt = 1;
constexpr std::size_t kSpiModeAt = 2;
constexpr std::size_t kSpeedAndSizeAt = 3;
constexpr std::size_t kWpPinAt = 8;
constexpr std::size_t kChipIdAt = 12;
constexpr std::size_t kRevisionMaxAt = 17;
constexpr std::size_t kHasDigestAt = 23;
constexpr std::size_t kSegmentCountMax = 16;
constexpr std::size_t kSegmentHeaderSize = 8;
constexpr std::uint32_t kSegmentSizeEnd = 0x1000000;
constexpr std::uint8_t kChecksumStart = 0xEF;
constexpr std::size_t kChecksumBlock = 16;

// Both descriptions lie at the start of the first segment; the places are counted from there.
constexpr std::size_t kDescriptionAt = kHeaderSize + kSegmentHeaderSize;
constexpr std::size_t kTextSize = 32;
constexpr std::uint32_t kAppMagic = 0xABCD5432;
constexpr std::size_t kAppDescriptionSize = 256;
constexpr std::size_t kAppVersionAt = 0x10;
constexpr std::size_t kAppProjectAt = 0x30;
constexpr std::size_t kAppIdfVersionAt = 0x70;
constexpr std::uint8_t kBootloaderMagic = 0x50;
constexpr std::size_t kBootloaderDescriptionSize = 80;
constexpr std::size_t kBootloaderIdfVersionAt = 0x8;

using Bytes = std::span<const std::uint8_t>;

bool is_printable(std::uint8_t byte) { return byte >= 0x20 && byte < 0x7F; }

// Up to the NUL, with nothing left out.
std::string_view raw_text(Bytes field) {
  const auto end = std::find(field.begin(), field.end(), std::uint8_t{0});
  return {reinterpret_cast<const char*>(field.data()), static_cast<std::size_t>(end - field.begin())};
}

std::string printable_text(Bytes field) {
  std::string text;
  for (const char c : raw_text(field)) {
    if (is_printable(static_cast<std::uint8_t>(c))) text += c;
  }
  return text;
}

std::optional<AppDescription> read_app_description(Bytes segment) {
  if (segment.size() < kAppDescriptionSize || load_le32(segment.data()) != kAppMagic) return std::nullopt;
  return AppDescription{printable_text(segment.subspan(kAppVersionAt, kTextSize)),
                        printable_text(segment.subspan(kAppProjectAt, kTextSize)),
                        printable_text(segment.subspan(kAppIdfVersionAt, kTextSize))};
}

// Its magic is one byte, which code may begin with too: so the version must be text.
std::optional<std::string> read_bootloader_version(Bytes segment) {
  if (segment.size() < kBootloaderDescriptionSize || segment[0] != kBootloaderMagic) return std::nullopt;
  const Bytes field = segment.subspan(kBootloaderIdfVersionAt, kTextSize);
  const std::string_view raw = raw_text(field);
  std::string version = printable_text(field);
  if (version.empty() || version != raw || raw.size() == kTextSize) return std::nullopt;
  return version;
}

std::uint8_t xor_of(Bytes bytes, std::uint8_t start) {
  for (const std::uint8_t byte : bytes) start ^= byte;
  return start;
}

// Walks over the segments; `at` ends behind the last one.
struct SegmentWalk {
  std::size_t at = kHeaderSize;
  std::uint8_t checksum = kChecksumStart;
  Bytes first;

  Result<void, ImageProblem> take(Bytes bytes) {
    if (bytes.size() - at < kSegmentHeaderSize) return Failed{ImageProblem::kTooLong};
    const std::uint32_t size = load_le32(&bytes[at + 4]);
    if (size % 4 != 0 || size >= kSegmentSizeEnd) return Failed{ImageProblem::kSegmentSize};
    const bool is_first = at == kHeaderSize;
    at += kSegmentHeaderSize;
    if (bytes.size() - at < size) return Failed{ImageProblem::kTooLong};
    const Bytes data = bytes.subspan(at, size);
    if (is_first) first = data;
    checksum = xor_of(data, checksum);
    at += size;
    return {};
  }
};

// The checksum is the last byte of a block of 16.
constexpr std::size_t end_with_checksum(std::size_t size) {
  return size / kChecksumBlock * kChecksumBlock + kChecksumBlock;
}

Result<void, ImageProblem> check_digest(Bytes bytes, std::size_t end) {
  if (bytes.size() - end < sizeof(crypto::Sha256)) return Failed{ImageProblem::kTooLong};
  const auto digest = crypto::sha256(bytes.first(end));
  if (!digest) return Failed{ImageProblem::kProvider};
  if (!std::equal(digest->begin(), digest->end(), bytes.begin() + static_cast<std::ptrdiff_t>(end))) {
    return Failed{ImageProblem::kDigest};
  }
  return {};
}

void put_text(std::vector<std::uint8_t>& segment, std::size_t at, std::string_view text) {
  NVSAFE_ASSERT(text.size() < kTextSize);
  std::copy(text.begin(), text.end(), segment.begin() + static_cast<std::ptrdiff_t>(at));
}

// Where a chip maps data from flash, and RAM of its bootloader. Nothing is run from there, but tools tell by the
// address what a segment holds. docs/CHIP.md, images.
struct Addresses {
  std::uint16_t image_id;
  std::uint32_t mapped_data;
  std::uint32_t ram;
};
constexpr Addresses kAddresses[] = {
    {0x0000, 0x3F400000, 0x3FFF0000}, {0x0002, 0x3F000000, 0x3FFE0000}, {0x0005, 0x3C000000, 0x3FCD0000},
    {0x0009, 0x3C000000, 0x3FCD0000}, {0x000C, 0x3C000000, 0x3FCD0000}, {0x000D, 0x42000000, 0x40840000},
    {0x0010, 0x42000000, 0x40840000}, {0x0012, 0x40000000, 0x4FF80000}, {0x0014, 0x42000000, 0x40840000},
    {0x0017, 0x42000000, 0x40840000},
};

const Addresses& addresses_of(const Profile& profile) {
  const auto* found = std::find_if(std::begin(kAddresses), std::end(kAddresses),
                                   [&](const Addresses& addresses) { return addresses.image_id == profile.image_id; });
  NVSAFE_ASSERT(found != std::end(kAddresses));
  return *found;
}

// An image of one segment.
std::vector<std::uint8_t> wrap(const Profile& profile, std::uint32_t load_address, Bytes segment) {
  const std::size_t end = end_with_checksum(kDescriptionAt + segment.size());
  std::vector<std::uint8_t> image(end + sizeof(crypto::Sha256), 0);
  image[0] = kImageMagic;
  image[kSegmentCountAt] = 1;
  image[kSpiModeAt] = 2;          // DIO
  image[kSpeedAndSizeAt] = 0x20;  // 40 MHz, 4 MB
  image[kWpPinAt] = 0xEE;         // none
  store_le16(&image[kChipIdAt], profile.image_id);
  store_le16(&image[kRevisionMaxAt], 0xFFFF);
  image[kHasDigestAt] = 1;
  store_le32(&image[kHeaderSize], load_address);
  store_le32(&image[kHeaderSize + 4], static_cast<std::uint32_t>(segment.size()));
  std::copy(segment.begin(), segment.end(), image.begin() + kDescriptionAt);
  image[end - 1] = xor_of(segment, kChecksumStart);
  const auto digest = crypto::sha256(std::span(image).first(end));
  NVSAFE_ASSERT(digest.ok());  // the provider is this program's own
  std::copy(digest->begin(), digest->end(), image.begin() + static_cast<std::ptrdiff_t>(end));
  return image;
}

}  // namespace

std::string_view to_string(ImageProblem problem) {
  switch (problem) {
    case ImageProblem::kNoMagic:
      return "no image begins here";
    case ImageProblem::kSegmentCount:
      return "a number of segments that no image has";
    case ImageProblem::kSegmentSize:
      return "a segment of a size that no image has";
    case ImageProblem::kTooLong:
      return "the image reaches past its place";
    case ImageProblem::kChecksum:
      return "the image's checksum is wrong";
    case ImageProblem::kDigest:
      return "the image's SHA-256 is wrong";
    case ImageProblem::kProvider:
      break;
  }
  return "the crypto library failed";
}

Result<AppImage, ImageProblem> read_image(std::span<const std::uint8_t> bytes) {
  if (bytes.empty() || bytes[0] != kImageMagic) return Failed{ImageProblem::kNoMagic};
  if (bytes.size() < kHeaderSize) return Failed{ImageProblem::kTooLong};
  AppImage image;
  image.chip_id = load_le16(&bytes[kChipIdAt]);
  image.segment_count = bytes[kSegmentCountAt];
  image.has_digest = bytes[kHasDigestAt] != 0;
  if (image.segment_count == 0 || image.segment_count > kSegmentCountMax) return Failed{ImageProblem::kSegmentCount};
  SegmentWalk walk;
  for (std::size_t i = 0; i < image.segment_count; ++i) NVSAFE_TRY(walk.take(bytes));
  std::size_t end = end_with_checksum(walk.at);
  if (end > bytes.size()) return Failed{ImageProblem::kTooLong};
  if (bytes[end - 1] != walk.checksum) return Failed{ImageProblem::kChecksum};
  if (image.has_digest) {
    NVSAFE_TRY(check_digest(bytes, end));
    end += sizeof(crypto::Sha256);
  }
  image.size = static_cast<std::uint32_t>(end);
  image.description = read_app_description(walk.first);
  image.bootloader_idf_version = read_bootloader_version(walk.first);
  return image;
}

std::vector<std::uint8_t> make_bootloader(const Profile& profile, std::string_view idf_version) {
  std::vector<std::uint8_t> segment(kBootloaderDescriptionSize, 0);
  segment[0] = kBootloaderMagic;
  put_text(segment, kBootloaderIdfVersionAt, idf_version);
  return wrap(profile, addresses_of(profile).ram, segment);
}

std::vector<std::uint8_t> make_app(const Profile& profile, const AppDescription& description) {
  std::vector<std::uint8_t> segment(kAppDescriptionSize, 0);
  store_le32(segment.data(), kAppMagic);
  put_text(segment, kAppVersionAt, description.version);
  put_text(segment, kAppProjectAt, description.project);
  put_text(segment, kAppIdfVersionAt, description.idf_version);
  // A bootloader wants the place in the mapped page to be that in flash.
  return wrap(profile, addresses_of(profile).mapped_data + static_cast<std::uint32_t>(kDescriptionAt), segment);
}

}  // namespace nvsafe::chip
