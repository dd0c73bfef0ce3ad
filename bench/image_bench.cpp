// From settings to an image: the main job, without the process around it.
#include <benchmark/benchmark.h>

#include "image/build.hpp"
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

void parse_csv(benchmark::State& state) {
  const std::string csv = settings_csv(static_cast<std::uint32_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(parsed(csv).rows.data());
}
BENCHMARK(parse_csv)->Arg(100)->Arg(10000)->Apply(repeat);

}  // namespace
}  // namespace nvsafe::bench
