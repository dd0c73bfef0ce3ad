// CRC-32 of a few bytes by carry-less multiplication, where the processor has it: a third of the work that tables take.
// Method: Gopal and others, Fast CRC Computation Using PCLMULQDQ (Intel, 2009), bits reflected.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__)
#define NVSAFE_HAS_CLMUL_CRC32 1

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/endian.hpp"

namespace nvsafe::provider {

inline constexpr std::size_t kClmulCrc32SizeMin = 16;  // bytes
inline constexpr std::size_t kClmulCrc32SizeMax = 32;

[[nodiscard]] inline bool has_clmul() { return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1"); }

// x to that power, modulo the polynomial; reflected, and one up because a product of reflected numbers is one down.
constexpr std::int64_t crc32_power(unsigned power) {
  std::uint32_t rest = 0x80000000;
  for (; power > 0; --power) rest = rest >> 1 ^ ((rest & 1) != 0 ? 0xEDB88320 : 0);
  return std::int64_t{rest} << 1;
}

// zlib's crc32(). Requires: has_clmul(), and 16 to 32 bytes.
[[nodiscard, gnu::target("pclmul,sse4.1")]] inline std::uint32_t clmul_crc32(std::uint32_t crc,
                                                                             std::span<const std::uint8_t> data) {
  // Read from 16 - n on it moves bytes up by n, from 16 + n on down; zeros follow.
  alignas(16) static constexpr std::int8_t kMoves[48] = {
      -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0,  1,  2,  3,  4,  5,  6,  7,
      8,  9,  10, 11, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
  const auto load = [](const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); };
  const std::size_t head_size = data.size() - 16;
  const __m128i started = _mm_cvtsi32_si128(static_cast<int>(~crc));
  // As 32 bytes, zeros in front: they change nothing.
  const __m128i head =
      _mm_shuffle_epi8(_mm_xor_si128(load(data.data()), started), load(kMoves + 16 - (16 - head_size)));
  const __m128i tail =
      _mm_xor_si128(load(data.data() + head_size), _mm_shuffle_epi8(started, load(kMoves + 16 + head_size)));

  // 32 bytes to 16, to 12, to 8: the front times what it is worth at the end.
  const __m128i far = _mm_set_epi64x(crc32_power(128 - 32), crc32_power(128 + 32));
  const __m128i low_words = _mm_set_epi32(0, -1, 0, -1);
  __m128i rest =
      _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(head, far, 0x00), _mm_clmulepi64_si128(head, far, 0x11)), tail);
  rest = _mm_xor_si128(_mm_clmulepi64_si128(rest, far, 0x10), _mm_srli_si128(rest, 8));
  const __m128i near = _mm_cvtsi64_si128(crc32_power(64));
  rest = _mm_xor_si128(_mm_clmulepi64_si128(_mm_and_si128(rest, low_words), near, 0x00), _mm_srli_si128(rest, 4));

  // Barrett: the polynomial with its leading term, and x^64 divided by it, both reflected.
  const __m128i division = _mm_set_epi64x(0x1F7011641, 0x1DB710641);
  __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(rest, low_words), division, 0x10);
  quotient = _mm_clmulepi64_si128(_mm_and_si128(quotient, low_words), division, 0x00);
  return ~static_cast<std::uint32_t>(_mm_extract_epi32(_mm_xor_si128(rest, quotient), 1));
}

}  // namespace nvsafe::provider
#endif
