#include "crypto/xts.hpp"

#include <cstring>

#include "base/endian.hpp"

namespace nvsafe::crypto {
namespace {

constexpr std::size_t kBlockSize = 16;
// Tweaks of one batch live on the stack: 2 KiB, half an NVS page of data.
constexpr std::size_t kBatchBlockCount = 128;

struct Block {
  std::uint64_t low;
  std::uint64_t high;
};

// Multiplies by the primitive element: a left shift by one bit, reduced with x^128 = x^7 + x^2 + x + 1.
Block doubled(Block t) {
  const std::uint64_t carry = 0 - (t.high >> 63);
  return {(t.low << 1) ^ (carry & 0x87), (t.high << 1) | (t.low >> 63)};
}

// Spreads the encrypted tweaks of `unit_count` units, which lie together at the front, to one per block.
// From the last unit to the first, so that none is overwritten before it is read.
void spread_tweaks(std::uint8_t* tweaks, std::size_t unit_count, std::size_t blocks_per_unit) {
  for (std::size_t unit = unit_count; unit-- > 0;) {
    Block tweak{load_le64(tweaks + unit * kBlockSize), load_le64(tweaks + unit * kBlockSize + 8)};
    std::uint8_t* out = tweaks + unit * blocks_per_unit * kBlockSize;
    for (std::size_t block = 0; block < blocks_per_unit; ++block, out += kBlockSize) {
      store_le64(out, tweak.low);
      store_le64(out + 8, tweak.high);
      tweak = doubled(tweak);
    }
  }
}

void xor_into(std::uint8_t* data, const std::uint8_t* mask, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) data[i] ^= mask[i];
}

}  // namespace

Result<XtsCipher> XtsCipher::create(std::span<const std::uint8_t> key) {
  if (key.size() != 32 && key.size() != 64) return fail(ErrorCode::kOutOfRange);
  const std::size_t half = key.size() / 2;
  auto encrypt_key = AesKey::create(key.first(half), provider::AesDirection::kEncrypt);
  if (!encrypt_key) return encrypt_key.failed();
  auto decrypt_key = AesKey::create(key.first(half), provider::AesDirection::kDecrypt);
  if (!decrypt_key) return decrypt_key.failed();
  auto tweak_key = AesKey::create(key.last(half), provider::AesDirection::kEncrypt);
  if (!tweak_key) return tweak_key.failed();
  return XtsCipher(std::move(*encrypt_key), std::move(*decrypt_key), std::move(*tweak_key));
}

Result<void> XtsCipher::encrypt(std::span<std::uint8_t> data, const XtsUnits& units) const {
  return run(encrypt_key_, data, units);
}

Result<void> XtsCipher::decrypt(std::span<std::uint8_t> data, const XtsUnits& units) const {
  return run(decrypt_key_, data, units);
}

Result<void> XtsCipher::run(const AesKey& data_key, std::span<std::uint8_t> data, const XtsUnits& units) const {
  const std::size_t blocks_per_unit = units.unit_size / kBlockSize;
  if (blocks_per_unit == 0 || units.unit_size % kBlockSize != 0 || blocks_per_unit > kBatchBlockCount ||
      data.size() % units.unit_size != 0) {
    return fail(ErrorCode::kOutOfRange);
  }
  const std::size_t batch_size = kBatchBlockCount / blocks_per_unit * units.unit_size;
  std::uint64_t tweak = units.first_tweak;
  while (!data.empty()) {
    const std::size_t size = data.size() < batch_size ? data.size() : batch_size;
    NVSAFE_TRY(run_batch(data_key, data.first(size), units, tweak));
    tweak += size / units.unit_size * units.tweak_step;
    data = data.subspan(size);
  }
  return {};
}

Result<void> XtsCipher::run_batch(const AesKey& data_key, std::span<std::uint8_t> data, const XtsUnits& units,
                                  std::uint64_t first_tweak) const {
  alignas(16) std::uint8_t tweaks[kBatchBlockCount * kBlockSize];
  const std::size_t unit_count = data.size() / units.unit_size;
  std::memset(tweaks, 0, unit_count * kBlockSize);
  for (std::size_t unit = 0; unit < unit_count; ++unit) {
    store_le64(tweaks + unit * kBlockSize, first_tweak + unit * units.tweak_step);
  }
  NVSAFE_TRY(tweak_key_.blocks(tweaks, tweaks, unit_count * kBlockSize));
  spread_tweaks(tweaks, unit_count, units.unit_size / kBlockSize);
  xor_into(data.data(), tweaks, data.size());
  NVSAFE_TRY(data_key.blocks(data.data(), data.data(), data.size()));
  xor_into(data.data(), tweaks, data.size());
  return {};
}

}  // namespace nvsafe::crypto
