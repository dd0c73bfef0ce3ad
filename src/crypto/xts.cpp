#include "crypto/xts.hpp"

#include <bit>
#include <cstring>

namespace nvsafe::crypto {
namespace {

constexpr std::size_t kBlockSize = 16;
// Tweaks of one batch live on the stack: 2 KiB, enough for the 126 entries of an NVS page.
constexpr std::size_t kBatchUnitCount = 128;

// The 16 bytes of a block as the number that XTS reads them as, low half first: in one vector register where there is
// one. Put together from bytes or from words, tweaks cost more than AES.
using Block = std::uint64_t __attribute__((vector_size(kBlockSize)));
static_assert(std::endian::native == std::endian::little);

Block load(const std::uint8_t* bytes) {
  Block block;
  std::memcpy(&block, bytes, sizeof block);
  return block;
}

void store(std::uint8_t* bytes, Block block) { std::memcpy(bytes, &block, sizeof block); }

// Multiplies by the primitive element: a left shift by one bit, reduced with x^128 = x^7 + x^2 + x + 1.
Block doubled(Block tweak) {
  const Block top_bits = tweak >> 63;
  const Block carries = -__builtin_shufflevector(top_bits, top_bits, 1, 0);  // of the high half, then of the low one
  return (tweak << 1) ^ (carries & Block{0x87, 1});
}

// XORs every unit of `data` with its tweaks: the encrypted one in its first block, doubled from block to block.
void mask_units(std::span<std::uint8_t> data, std::size_t unit_size, const std::uint8_t* tweaks) {
  std::uint8_t* block = data.data();
  for (std::size_t unit = 0; unit < data.size() / unit_size; ++unit, tweaks += kBlockSize) {
    Block tweak = load(tweaks);
    store(block, load(block) ^ tweak);
    const std::uint8_t* const end = block + unit_size;
    for (block += kBlockSize; block != end; block += kBlockSize) {
      tweak = doubled(tweak);
      store(block, load(block) ^ tweak);
    }
  }
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
  if (units.unit_size == 0 || units.unit_size % kBlockSize != 0 || data.size() % units.unit_size != 0) {
    return fail(ErrorCode::kOutOfRange);
  }
  const std::size_t batch_size = kBatchUnitCount * units.unit_size;
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
  std::uint8_t tweaks[kBatchUnitCount * kBlockSize];
  const std::size_t unit_count = data.size() / units.unit_size;
  for (std::size_t unit = 0; unit < unit_count; ++unit) {
    store(tweaks + unit * kBlockSize, Block{first_tweak + unit * units.tweak_step, 0});
  }
  NVSAFE_TRY(tweak_key_.blocks(tweaks, tweaks, unit_count * kBlockSize));
  mask_units(data, units.unit_size, tweaks);
  NVSAFE_TRY(data_key.blocks(data.data(), data.data(), data.size()));
  mask_units(data, units.unit_size, tweaks);
  return {};
}

}  // namespace nvsafe::crypto
