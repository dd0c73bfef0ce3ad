// Flash encryption, one core. The argument is the size of the key in bytes.
#include <benchmark/benchmark.h>

#include <vector>

#include "chip/flash_cipher.hpp"
#include "nvsafe/assert.hpp"
#include "repeat.hpp"

namespace nvsafe::bench {
namespace {

constexpr std::size_t kSize = 1024 * 1024;  // bytes
constexpr std::uint32_t kAddress = 0x10000;

chip::FlashCipher flash_cipher(chip::FlashScheme scheme, const benchmark::State& state) {
  std::vector<std::uint8_t> key(static_cast<std::size_t>(state.range(0)));
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  auto cipher = chip::FlashCipher::create(scheme, key);
  NVSAFE_ASSERT(cipher.ok());
  return std::move(*cipher);
}

template <chip::FlashScheme kScheme>
void flash_encrypt(benchmark::State& state) {
  const auto cipher = flash_cipher(kScheme, state);
  std::vector<std::uint8_t> bytes(kSize, 0x5A);
  for (auto _ : state) NVSAFE_ASSERT(cipher.encrypt(kAddress, bytes).ok());
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kSize));
}
BENCHMARK(flash_encrypt<chip::FlashScheme::kXts>)->Name("flash_encrypt_xts")->Arg(32)->Arg(64)->Apply(repeat);
BENCHMARK(flash_encrypt<chip::FlashScheme::kEsp32>)->Name("flash_encrypt_esp32")->Arg(32)->Apply(repeat);

template <chip::FlashScheme kScheme>
void flash_decrypt(benchmark::State& state) {
  const auto cipher = flash_cipher(kScheme, state);
  std::vector<std::uint8_t> bytes(kSize, 0x5A);
  for (auto _ : state) NVSAFE_ASSERT(cipher.decrypt(kAddress, bytes).ok());
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kSize));
}
BENCHMARK(flash_decrypt<chip::FlashScheme::kXts>)->Name("flash_decrypt_xts")->Arg(32)->Arg(64)->Apply(repeat);
BENCHMARK(flash_decrypt<chip::FlashScheme::kEsp32>)->Name("flash_decrypt_esp32")->Arg(32)->Apply(repeat);

}  // namespace
}  // namespace nvsafe::bench
