// Digests of the formats around NVS: MD5 (partition table), SHA-256 (fingerprints), HMAC-SHA256 (key derivation),
// PBKDF2-HMAC-SHA1 (Wi-Fi PMK).
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "nvsafe/result.hpp"

namespace nvsafe::crypto {

using Md5 = std::array<std::uint8_t, 16>;
using Sha1 = std::array<std::uint8_t, 20>;
using Sha256 = std::array<std::uint8_t, 32>;

// Errors of all: kProvider.
Result<Md5> md5(std::span<const std::uint8_t> data);
Result<Sha1> sha1(std::span<const std::uint8_t> data);
Result<Sha256> sha256(std::span<const std::uint8_t> data);
Result<Sha256> hmac_sha256(std::span<const std::uint8_t> key, std::span<const std::uint8_t> data);
Result<void> pbkdf2_hmac_sha1(std::span<const std::uint8_t> password, std::span<const std::uint8_t> salt,
                              std::uint32_t iteration_count, std::span<std::uint8_t> out);

}  // namespace nvsafe::crypto
