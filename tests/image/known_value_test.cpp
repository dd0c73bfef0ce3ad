#include "image/known_value.hpp"

#include <gtest/gtest.h>

#include "image/certificate.hpp"
#include "support/bytes.hpp"
#include "text/encoding.hpp"

namespace nvsafe::image {
namespace {

using std::string_literals::operator""s;
using std::string_view_literals::operator""sv;

// Self-signed, made for this test with openssl req -x509; its key was thrown away.
constexpr std::string_view kCertificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBqTCCAU+gAwIBAgIUGPkfmMJYtep3frINSZBJ2Q7CtXIwCgYIKoZIzj0EAwIw\n"
    "KjEVMBMGA1UECgwMbnZzYWZlIHRlc3RzMREwDwYDVQQDDAhkZXZpY2UgNzAeFw0y\n"
    "NjExMjEyMTA4NDJaFw0zNTAyMDcyMTA4NDJaMCoxFTATBgNVBAoMDG52c2FmZSB0\n"
    "ZXN0czERMA8GA1UEAwwIZGV2aWNlIDcwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
    "AAQ8FhA21ph0w6SXurupvSRPNQ1oUMLaka3QeCBoPEhSubxyYXYR3Zzj3rhmJrQy\n"
    "Z6xefGAWOnnrsDGXPtScOV9Qo1MwUTAdBgNVHQ4EFgQUUOBkKx5mygLqghvVlzuc\n"
    "g0jA5AcwHwYDVR0jBBgwFoAUUOBkKx5mygLqghvVlzucg0jA5AcwDwYDVR0TAQH/\n"
    "BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAlxulQhIl7eEuX2QlNbCRXxyVak9I\n"
    "ISWs0hiomcOFW5kCIATzwppEmNQ94GheaxEN38gwPMn2bzuw3xe1tEzF+010\n"
    "-----END CERTIFICATE-----\n";

std::string known(std::string_view space, std::string_view key, ValueType type, std::string_view bytes) {
  return known_value_text({space, key, type, test::as_bytes(bytes)}).value_or("-");
}
std::string blob(std::string_view space, std::string_view key, std::string_view bytes) {
  return known(space, key, ValueType::kBlobData, bytes);
}

test::Bytes der() {
  std::string base64;
  for (std::size_t at = kCertificate.find('\n') + 1; kCertificate[at] != '-'; ++at) {
    if (kCertificate[at] != '\n') base64 += kCertificate[at];
  }
  return *text::decode_base64(base64);
}

TEST(KnownValue, settings_of_the_wifi_driver) {
  const std::string ssid = "\x04\0\0\0home"s + std::string(28, '\0');
  EXPECT_EQ(blob("nvs.net80211", "sta.ssid", ssid), "SSID 'home'");
  EXPECT_EQ(blob("nvs.net80211", "ap.ssid", std::string(36, '\0')), "SSID not set");
  EXPECT_EQ(blob("nvs.net80211", "sta.ssid", "\x21\0\0\0"s + std::string(32, 'a')), "-");
  EXPECT_EQ(blob("other", "sta.ssid", ssid), "-");
  EXPECT_EQ(blob("nvs.net80211", "sta.pswd", "correct horse"s + std::string(52, '\0')), "password 'correct horse'");
  EXPECT_EQ(blob("nvs.net80211", "sta.pswd", std::string(65, '\0')), "no password");
  EXPECT_EQ(known("nvs.net80211", "opmode", ValueType::kU8, "\x02"sv), "2 (access point)");
  EXPECT_EQ(known("nvs.net80211", "opmode", ValueType::kU8, "\x09"sv), "-");
  EXPECT_EQ(known("nvs.net80211", "ap.authmode", ValueType::kU8, "\x03"sv), "3 (WPA2-PSK)");
}

TEST(KnownValue, calibration_of_the_radio_and_esphome) {
  EXPECT_EQ(blob("phy", "cal_mac", "\x24\x0a\xc4\x00\x01\xff"sv), "calibrated for MAC 24:0a:c4:00:01:ff");
  EXPECT_EQ(blob("phy", "cal_data", std::string(1904, 'x')), "radio calibration, 1904 bytes");
  EXPECT_EQ(blob("esphome", "3148276254", "\x01\x02"sv), "ESPHome preference: 01 02");
  EXPECT_EQ(blob("esphome", "name", "\x01\x02"sv), "-");
}

// A float as a blob is a guess, and said only for a number that somebody would set.
TEST(KnownValue, floats_of_preferences_are_a_guess) {
  EXPECT_EQ(blob("app", "gain", "\x00\x00\xc0\x3f"sv), "perhaps float 1.5 (00 00 c0 3f)");
  EXPECT_EQ(blob("app", "temp", "\x9a\x99\x99\x99\x99\x99\x35\x40"sv), "perhaps double 21.6 (9a 99 99 99 99 99 35 40)");
  EXPECT_EQ(blob("app", "id", "\x12\x34\x56\x42"sv), "-");
  EXPECT_EQ(blob("app", "zero", "\0\0\0\0"sv), "-");
  EXPECT_EQ(blob("app", "nan", "\x00\x00\xc0\x7f"sv), "-");
  EXPECT_EQ(blob("app", "text", "abcd"sv), "-");
  EXPECT_EQ(blob("app", "five", "\x00\x00\xc0\x3f\x00"sv), "-");
}

TEST(KnownValue, certificates_by_subject_and_last_day) {
  const std::string text = "certificate of CN=device 7,O=nvsafe tests, until 2035-02-07";
  EXPECT_EQ(known("app", "cert", ValueType::kString, std::string(kCertificate) + '\0'), text);
  EXPECT_EQ(blob("app", "cert", kCertificate), text);
  EXPECT_EQ(known_value_text({"app", "cert", ValueType::kBlobData, der()}), text);
}

TEST(KnownValue, what_only_begins_like_a_certificate_is_none) {
  test::Bytes bytes = der();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(certificate_text(std::span(bytes).first(size))) << size;
  }
  bytes.push_back(0);
  EXPECT_FALSE(certificate_text(bytes));
  EXPECT_FALSE(certificate_text(test::as_bytes(kCertificate.substr(0, 200))));
  EXPECT_FALSE(certificate_text(test::as_bytes("-----BEGIN CERTIFICATE-----\nMII")));
}

}  // namespace
}  // namespace nvsafe::image
