// From settings to an image: the main job, without the process around it.
#include <benchmark/benchmark.h>

#include "host/heap_allocator.hpp"
#include "image/build.hpp"
#include "image/rekey.hpp"
#include "nvsafe/assert.hpp"
#include "repeat.hpp"
#include "sample.hpp"

namespace nvsafe::bench {
namespace {

// With the key schedule, as every build has it.
void build(benchmark::State& state, std::uint32_t size, std::uint32_t row_count) {
  const auto settings = parsed(settings_csv(row_count));
  for (auto _ : state) {
    const auto cipher = sample_cipher();
    const auto built = image::build_image(settings, {.size = size, .cipher = &cipher});
    NVSAFE_ASSERT(built.ok());
    benchmark::DoNotOptimize(built.value().bytes.data());
  }
}
BENCHMARK_CAPTURE(build, 24K_100_rows, 0x6000, 100)->Apply(repeat);
BENCHMARK_CAPTURE(build, 1M_10000_rows, 0x100000, 10000)->Apply(repeat);

// Another key for a full partition: opened, read, made anew, opened again and compared.
void rekey(benchmark::State& state, const std::string& csv) {
  const auto bytes = encrypted_image(parsed(csv), 0x100000);
  const auto source = image::Source::read("image", bytes, {});
  NVSAFE_ASSERT(source.ok());
  std::vector<image::KeyCandidate> keys;
  keys.push_back({"old", sample_key()});
  SecretBytes<format::kXtsKeySize> other = sample_key();
  other.mutable_bytes()[0] ^= 1;
  const image::KeyCandidate target{"new", std::move(other)};
  host::HeapAllocator allocator;
  for (auto _ : state) {
    const auto rekeyed = image::rekey(**source, keys, {.key = &target}, allocator);
    NVSAFE_ASSERT(rekeyed.ok());
    benchmark::DoNotOptimize(rekeyed.value().bytes.data());
  }
}
BENCHMARK_CAPTURE(rekey, 1M_full_of_u32, number_csv(255 * 126 - 33))->Apply(repeat);
BENCHMARK_CAPTURE(rekey, 1M_10000_rows, settings_csv(10000))->Apply(repeat);

void parse_csv(benchmark::State& state) {
  const std::string csv = settings_csv(static_cast<std::uint32_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(parsed(csv).rows.data());
}
BENCHMARK(parse_csv)->Arg(100)->Arg(10000)->Apply(repeat);

}  // namespace
}  // namespace nvsafe::bench
