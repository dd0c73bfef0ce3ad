#include "chip/app_image.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/endian.hpp"
#include "support/bytes.hpp"

namespace nvsafe::chip {
namespace {

using test::Bytes;

const AppDescription kDescription{"1.2.3", "blink", "v5.5.3"};

const Profile& c3() { return *find_profile("esp32c3"); }

// So that bytes can be changed and only the checksum tells.
Bytes without_digest(Bytes image) {
  image.resize(image.size() - 32);
  image[23] = 0;
  return image;
}

// Changes a byte of a segment and keeps the checksum right. Of an image without a digest.
void put(Bytes& image, std::size_t at, std::uint8_t value) {
  image.back() = static_cast<std::uint8_t>(image.back() ^ image[at] ^ value);
  image[at] = value;
}

ImageProblem problem_of(std::span<const std::uint8_t> bytes) {
  const auto image = read_image(bytes);
  EXPECT_FALSE(image.ok());
  return image.ok() ? ImageProblem{} : image.error();
}

TEST(AppImage, a_made_app_reads_back_for_every_chip) {
  for (const Profile& profile : profiles()) {
    const Bytes bytes = make_app(profile, kDescription);
    const auto image = read_image(bytes);
    ASSERT_TRUE(image.ok()) << profile.name;
    EXPECT_EQ(image->size, bytes.size());
    EXPECT_EQ(image->chip_id, profile.image_id);
    EXPECT_EQ(image->segment_count, 1);
    EXPECT_TRUE(image->has_digest);
    ASSERT_TRUE(image->description);
    EXPECT_EQ(image->description->version, "1.2.3");
    EXPECT_EQ(image->description->project, "blink");
    EXPECT_EQ(image->description->idf_version, "v5.5.3");
    EXPECT_FALSE(image->bootloader_idf_version);
  }
}

TEST(AppImage, a_made_bootloader_says_its_release_and_is_no_app) {
  const Bytes bytes = make_bootloader(c3(), "v5.5.3");
  const auto image = read_image(bytes);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->bootloader_idf_version, "v5.5.3");
  EXPECT_FALSE(image->description);
}

TEST(AppImage, it_ends_with_checksum_block_and_digest_whatever_follows) {
  Bytes bytes = make_app(c3(), kDescription);
  const std::size_t size = bytes.size();
  // 24 + 8 + 256 bytes, the checksum at the end of the next 16, 32 of SHA-256.
  EXPECT_EQ(size, 304u + 32u);
  const Bytes rest = test::random_bytes(100, 7);
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  EXPECT_EQ(read_image(bytes)->size, size);
}

TEST(AppImage, segments_that_fill_a_block_get_a_block_for_the_checksum) {
  // By hand: header, one segment of 0 bytes: 32 bytes, then 15 zeros and the start value of the checksum.
  Bytes bytes(48, 0);
  bytes[0] = 0xE9;
  bytes[1] = 1;
  bytes[47] = 0xEF;
  const auto image = read_image(bytes);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->size, 48u);
  EXPECT_FALSE(image->has_digest);
}

TEST(AppImage, the_checksum_covers_all_segments) {
  Bytes bytes(64, 0);
  bytes[0] = 0xE9;
  bytes[1] = 2;
  bytes[28] = 4;  // length of the first segment, whose data lie at 32
  bytes[32] = 0x01;
  bytes[40] = 8;  // length of the second, at 44
  bytes[44] = 0x02;
  bytes[51] = 0x04;
  bytes[63] = 0xEF ^ 0x01 ^ 0x02 ^ 0x04;
  ASSERT_TRUE(read_image(bytes).ok());
  bytes[51] = 0x05;
  EXPECT_EQ(problem_of(bytes), ImageProblem::kChecksum);
}

TEST(AppImage, each_flipped_byte_of_the_data_is_noticed) {
  const Bytes good = make_app(c3(), kDescription);
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes bytes = good;
    bytes[at] ^= 0x40;
    // Byte 23 says only whether a digest follows: any value but 0 is yes, and then the digest covers that byte too.
    EXPECT_FALSE(read_image(bytes).ok()) << at;
  }
}

TEST(AppImage, without_a_digest_the_checksum_alone_decides) {
  Bytes bytes = without_digest(make_app(c3(), kDescription));
  ASSERT_TRUE(read_image(bytes).ok());
  EXPECT_FALSE(read_image(bytes)->has_digest);
  EXPECT_EQ(read_image(bytes)->size, bytes.size());
  bytes[0x50] ^= 1;
  EXPECT_EQ(problem_of(bytes), ImageProblem::kChecksum);
}

TEST(AppImage, a_wrong_digest_has_its_own_name) {
  Bytes bytes = make_app(c3(), kDescription);
  bytes.back() ^= 1;
  EXPECT_EQ(problem_of(bytes), ImageProblem::kDigest);
}

TEST(AppImage, cut_at_any_byte_it_is_no_image) {
  const Bytes good = make_app(c3(), kDescription);
  EXPECT_EQ(problem_of({}), ImageProblem::kNoMagic);
  for (std::size_t size = 1; size < good.size(); ++size) {
    EXPECT_EQ(problem_of(std::span(good).first(size)), ImageProblem::kTooLong) << size;
  }
}

TEST(AppImage, erased_and_zeroed_flash_hold_none) {
  EXPECT_EQ(problem_of(Bytes(4096, 0xFF)), ImageProblem::kNoMagic);
  EXPECT_EQ(problem_of(Bytes(4096, 0)), ImageProblem::kNoMagic);
}

TEST(AppImage, counts_and_sizes_of_segments_have_bounds) {
  const Bytes good = make_app(c3(), kDescription);
  for (const int count : {0, 17, 255}) {
    Bytes bytes = good;
    bytes[1] = static_cast<std::uint8_t>(count);
    EXPECT_EQ(problem_of(bytes), ImageProblem::kSegmentCount);
  }
  for (const std::uint32_t size : {257u, 0x1000000u, 0xFFFFFFFCu}) {
    Bytes bytes = good;
    store_le32(&bytes[28], size);
    EXPECT_EQ(problem_of(bytes), ImageProblem::kSegmentSize) << size;
  }
  Bytes bytes = good;
  store_le32(&bytes[28], 0x00FFFFFC);
  EXPECT_EQ(problem_of(bytes), ImageProblem::kTooLong);
}

TEST(AppImage, what_cannot_be_printed_is_left_out_of_texts) {
  Bytes bytes = without_digest(make_app(c3(), kDescription));
  const std::uint8_t change[] = {'a', 0x1B, '[', 0x80, 'b', 0};
  for (std::size_t i = 0; i < sizeof(change); ++i) put(bytes, 0x50 + i, change[i]);
  ASSERT_TRUE(read_image(bytes).ok());
  EXPECT_EQ(read_image(bytes)->description->project, "a[b");
}

TEST(AppImage, a_text_that_fills_its_field_needs_no_nul) {
  Bytes bytes = without_digest(make_app(c3(), kDescription));
  for (std::size_t at = 0x90; at < 0xB0; ++at) put(bytes, at, 'x');
  ASSERT_TRUE(read_image(bytes).ok());
  EXPECT_EQ(read_image(bytes)->description->idf_version, std::string(32, 'x'));
}

TEST(AppImage, code_that_begins_like_a_bootloader_description_is_none) {
  Bytes bytes = without_digest(make_bootloader(c3(), "v5.5.3"));
  put(bytes, 0x28, 0x80);
  ASSERT_TRUE(read_image(bytes).ok());
  EXPECT_FALSE(read_image(bytes)->bootloader_idf_version);
}

TEST(AppImage, every_problem_has_words) {
  for (int i = 0; i <= static_cast<int>(ImageProblem::kProvider); ++i) {
    EXPECT_FALSE(to_string(static_cast<ImageProblem>(i)).empty());
  }
}

}  // namespace
}  // namespace nvsafe::chip
