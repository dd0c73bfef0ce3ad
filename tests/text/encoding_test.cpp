#include "text/encoding.hpp"

#include <gtest/gtest.h>

#include <random>

namespace nvsafe::text {
namespace {

using Kind = DecodeFault::Kind;
using ByteList = std::vector<std::uint8_t>;

TEST(Hex, reads_digits_in_either_case) {
  EXPECT_EQ(decode_hex("00fFaB").value(), (ByteList{0x00, 0xFF, 0xAB}));
  EXPECT_EQ(decode_hex("").value(), ByteList{});
}

TEST(Hex, refuses_an_odd_number_of_digits) {
  EXPECT_EQ(decode_hex("abc").error().kind, Kind::kLength);
  EXPECT_EQ(decode_hex("abc").error().index, 3u);
}

TEST(Hex, names_the_first_character_that_is_no_digit) {
  EXPECT_EQ(decode_hex("0g").error().kind, Kind::kDigit);
  EXPECT_EQ(decode_hex("0g").error().index, 1u);
  EXPECT_EQ(decode_hex("0 0").error().index, 1u);
  EXPECT_EQ(decode_hex("0x00").error().index, 1u);
}

TEST(Hex, is_written_in_lower_case) { EXPECT_EQ(encode_hex(ByteList{0x00, 0xFF, 0xAB}), "00ffab"); }

// The vectors of RFC 4648, section 10.
TEST(Base64, agrees_with_the_vectors_of_rfc_4648) {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    const ByteList bytes(plain.begin(), plain.end());
    EXPECT_EQ(encode_base64(bytes), text);
    EXPECT_EQ(decode_base64(text).value(), bytes);
  }
}

TEST(Base64, refuses_what_is_cut_or_has_no_padding) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zm9vYg", "Zm9v="}) {
    EXPECT_FALSE(decode_base64(text).ok()) << text;
    EXPECT_EQ(decode_base64(text).error().kind, Kind::kLength) << text;
  }
}

TEST(Base64, refuses_characters_outside_the_alphabet) {
  for (const char* text : {"====", "A===", "Zg==Zg==", "Zm 9", "Zm9-", "Zm9_", "=Zm9", "\xC3\xBC=="}) {
    EXPECT_FALSE(decode_base64(text).ok()) << text;
    EXPECT_EQ(decode_base64(text).error().kind, Kind::kDigit) << text;
  }
  EXPECT_EQ(decode_base64("Zm 9").error().index, 2u);
}

TEST(Base64, refuses_bits_that_belong_to_no_byte) {
  EXPECT_EQ(decode_base64("Zh==").error().kind, Kind::kPadding);
  EXPECT_EQ(decode_base64("Zm9=").error().kind, Kind::kPadding);
}

TEST(Encoding, random_bytes_come_back_from_both_texts) {
  std::mt19937 random(1);
  for (std::size_t size = 0; size < 100; ++size) {
    ByteList bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    EXPECT_EQ(decode_hex(encode_hex(bytes)).value(), bytes);
    EXPECT_EQ(decode_base64(encode_base64(bytes)).value(), bytes);
  }
}

}  // namespace
}  // namespace nvsafe::text
