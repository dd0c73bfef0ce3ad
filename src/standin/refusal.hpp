// Why a stand-in stops, and with which exit status.
#pragma once

#include <string>
#include <utility>

#include "nvsafe/result.hpp"
#include "standin/tool.hpp"
#include "text/problem.hpp"

namespace nvsafe::standin {

struct Refusal {
  int status = kFailed;
  text::Problem problem;
};

template <typename T>
using Checked = Result<T, Refusal>;

[[nodiscard]] inline Failed<Refusal> refuse(int status, text::Problem problem) {
  return {{status, std::move(problem)}};
}
[[nodiscard]] inline Failed<Refusal> refuse(int status, std::string what, std::string hint = {}) {
  return refuse(status, {text::Exit::kBadInput, std::move(what), std::move(hint)});
}

}  // namespace nvsafe::standin
