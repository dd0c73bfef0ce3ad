// How every benchmark is run: often and briefly, so that the median says something on a machine that others use too.
#pragma once

#include <benchmark/benchmark.h>

namespace nvsafe::bench {

inline void repeat(benchmark::internal::Benchmark* benchmark) {
  benchmark->Repetitions(11)->ReportAggregatesOnly()->MinTime(0.05);
}

}  // namespace nvsafe::bench
