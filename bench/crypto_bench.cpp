// AES and CRC: what everything else stands on.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <vector>

#include "base/crc32.hpp"
#include "crypto/aes.hpp"
#include "format/layout.hpp"
#include "nvsafe/assert.hpp"
#include "repeat.hpp"
#include "sample.hpp"

namespace nvsafe::bench {
namespace {

using format::kEntryCount;
using format::kEntrySize;

constexpr std::size_t kUnitsInBytes = kEntryCount * kEntrySize;  // a page without its header: 4 032

std::int64_t thread_time_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

// The bytes that AES runs over in one page: 126 tweaks of 16 bytes and 126 entries of 32.
constexpr std::size_t kAesSize = kEntryCount * (16 + kEntrySize);  // 6 048

crypto::AesKey aes_key() {
  const auto key = sample_key();
  auto made = crypto::AesKey::create(key.bytes().first(32), crypto::provider::AesDirection::kDecrypt);
  NVSAFE_ASSERT(made.ok());
  return std::move(*made);
}

void ecb_page(benchmark::State& state) {
  const auto key = aes_key();
  std::vector<std::uint8_t> bytes(kAesSize, 0x5A);
  for (auto _ : state) NVSAFE_ASSERT(key.blocks(bytes.data(), bytes.data(), bytes.size()).ok());
}
BENCHMARK(ecb_page)->Apply(repeat);

void xts_page(benchmark::State& state) {
  const auto cipher = sample_cipher();
  std::vector<std::uint8_t> bytes(kUnitsInBytes, 0x5A);
  for (auto _ : state) NVSAFE_ASSERT(cipher.decrypt(1, 0, bytes).ok());
}
BENCHMARK(xts_page)->Apply(repeat);

// Both in turns, so that whatever else the machine does hits both. Counter: XTS time in ECB times.
void xts_over_ecb(benchmark::State& state) {
  const auto key = aes_key();
  const auto cipher = sample_cipher();
  std::vector<std::uint8_t> bytes(kAesSize, 0x5A);
  const auto units = std::span(bytes).first(kUnitsInBytes);
  std::vector<std::int64_t> ecb_ns;
  std::vector<std::int64_t> xts_ns;
  const auto median = [](std::vector<std::int64_t>& values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return static_cast<double>(values[values.size() / 2]);
  };
  constexpr int kCallsAtOnce = 16;  // reading the clock costs a third of a page
  for (auto _ : state) {
    const std::int64_t start = thread_time_ns();
    for (int i = 0; i < kCallsAtOnce; ++i) NVSAFE_ASSERT(key.blocks(bytes.data(), bytes.data(), bytes.size()).ok());
    const std::int64_t between = thread_time_ns();
    for (int i = 0; i < kCallsAtOnce; ++i) NVSAFE_ASSERT(cipher.decrypt(1, 0, units).ok());
    ecb_ns.push_back(between - start);
    xts_ns.push_back(thread_time_ns() - between);
  }
  const double xts = median(xts_ns);
  state.counters["ratio"] = xts / median(ecb_ns);
  state.counters["ns_per_unit"] = xts / kCallsAtOnce / kEntryCount;
}
BENCHMARK(xts_over_ecb)->Apply(repeat);

// One entry by itself, as find() decrypts it.
void xts_entry(benchmark::State& state) {
  const auto cipher = sample_cipher();
  std::vector<std::uint8_t> bytes(kEntrySize, 0x5A);
  for (auto _ : state) NVSAFE_ASSERT(cipher.decrypt(1, 0, bytes).ok());
}
BENCHMARK(xts_entry)->Apply(repeat);

void cipher_create(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(sample_cipher());
}
BENCHMARK(cipher_create)->Apply(repeat);

void crc(benchmark::State& state) {
  const std::vector<std::uint8_t> bytes(static_cast<std::size_t>(state.range(0)), 0x5A);
  for (auto _ : state) benchmark::DoNotOptimize(nvs_crc32(bytes));
}
BENCHMARK(crc)->Arg(28)->Arg(4000)->Apply(repeat);

}  // namespace
}  // namespace nvsafe::bench
