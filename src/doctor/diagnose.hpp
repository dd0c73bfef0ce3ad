// diagnose: rules over the evidence. Each says what is wrong, where, why in this case, what the firmware at hand does
// next, and one command that helps. What a partition shows by itself comes from the store, what a start does from
// preflight, what is wrong with a table from its rules: nothing is checked a second time here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/allocator.hpp"
#include "doctor/evidence.hpp"
#include "doctor/finding.hpp"
#include "text/problem.hpp"

namespace nvsafe::doctor {

struct Diagnosis {
  Code code = Code::kTableProblem;
  FindingSeverity severity = FindingSeverity::kError;
  std::string file;
  std::string place;                    // "nvs_keys page at 0x110000", "partition nvs (0x9000): page 2, entry 7"
  std::optional<std::uint32_t> offset;  // of the place, in the file
  std::string cause;                    // in this case
  std::string next;                     // what firmware does with it
  std::vector<std::string> fix;         // commands, at least one
};

struct Question {
  std::optional<std::int32_t> error;  // that firmware gave
  std::string namespace_name;         // that an app asks for; empty: not asked
  std::string key;                    // empty: the namespace is asked for
};

struct Report {
  std::vector<Diagnosis> findings;  // worst first; of equal ones, what explains the error
  std::vector<std::string> notes;   // where things lie, and where these files go
};

// Errors: kIo.
[[nodiscard]] text::Outcome<Report> diagnose(const Evidence& evidence, const Question& question, Allocator& allocator);

}  // namespace nvsafe::doctor
