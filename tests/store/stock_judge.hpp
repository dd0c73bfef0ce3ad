// Whether stock firmware and then we again find what was written, after a power cut.
#pragma once

#include <string>
#include <string_view>

#include "store/stock_model.hpp"
#include "store/workloads.hpp"

namespace nvsafe::store {

inline std::string hex(StockError error) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 12; shift >= 0; shift -= 4) text += kDigits[(static_cast<unsigned>(error) >> shift) & 0xF];
  return text;
}

// What both engines program in the end is kept apart: the firmware programs an entry more than once.
struct StockJudge {
  sim::RamNor flash;
  const format::EntryCipher* cipher;
  Model certain;

  std::string mounts_and_holds(const std::string& when, const Operation* uncertain = nullptr) {
    StockModel stock(flash, cipher);
    if (const StockError error = stock.mount(); error != StockError::kNone) return when + ": stock mount " + hex(error);
    const std::string problem = stock.compare(certain, uncertain);
    return problem.empty() ? "" : when + ": stock: " + problem;
  }
  std::string writes_on() {
    StockModel stock(flash, cipher);
    if (const StockError error = stock.mount(); error != StockError::kNone) return "stock mount " + hex(error);
    for (const Operation& operation : further_sets(certain)) {
      const StockError error = stock.perform(operation);
      if (error == StockError::kNone) certain.apply(operation);
      if (error != StockError::kNone && error != StockError::kNotEnoughSpace) return "stock set: " + hex(error);
    }
    return "";
  }
  std::string ours_agrees() {
    Mounted ours(flash, cipher);
    if (!ours.ok()) return "our mount: error " + std::to_string(int(ours.error));
    const std::string problem = ours.compare(certain);
    return problem.empty() ? "" : "ours: " + problem;
  }
};

inline std::string judge_with_stock(const sim::RamNor& cut, const format::EntryCipher* cipher,
                                    const Progress& progress) {
  if (!progress.problem.empty()) return progress.problem;
  StockJudge judge{sim::RamNor(cut.bytes()), cipher, progress.certain};
  std::string problem = judge.mounts_and_holds("after the cut", progress.uncertain);
  for (int round = 1; problem.empty() && round <= 2; ++round) {
    problem = judge.writes_on();
    if (problem.empty()) problem = judge.mounts_and_holds("after more sets, remount " + std::to_string(round));
  }
  return problem.empty() ? judge.ours_agrees() : problem;
}

}  // namespace nvsafe::store
