// Why gen_esp32part stops, and with which exit status: kUsage where the original has a message of its own, kFailed
// where it ends in an error of Python.
#pragma once

#include <string>
#include <utility>

#include "nvsafe/result.hpp"
#include "standin/tool.hpp"
#include "text/problem.hpp"

namespace nvsafe::standin {

struct Refusal {
  int status = kUsage;
  text::Problem problem;
};

template <typename T>
using Checked = Result<T, Refusal>;

[[nodiscard]] inline Failed<Refusal> refuse(int status, std::string what, std::string hint = {}) {
  return {{status, {text::Exit::kBadInput, std::move(what), std::move(hint)}}};
}
[[nodiscard]] inline Failed<Refusal> refuse(int status, text::Problem problem) {
  return {{status, std::move(problem)}};
}

}  // namespace nvsafe::standin
