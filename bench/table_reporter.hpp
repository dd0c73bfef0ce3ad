// TableReporter: gathers the median of every benchmark and prints them in the order of its list of figures.
#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <string>

namespace nvsafe::bench {

class TableReporter final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

 private:
  std::map<std::string, double> medians_;  // by "benchmark" in ns, and "benchmark:counter"
};

}  // namespace nvsafe::bench
