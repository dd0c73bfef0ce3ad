// Runs the benchmarks and prints one table: the target, what was measured (medians), and whether it is met.
// The flags are Google Benchmark's: --benchmark_filter=REGEX runs a part, --benchmark_out=FILE keeps everything as
// JSON.
#include <benchmark/benchmark.h>

#include "table_reporter.hpp"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  nvsafe::bench::TableReporter table;
  benchmark::RunSpecifiedBenchmarks(&table);
  benchmark::Shutdown();
  return 0;
}
