// nvs_partition_gen, run through the program: what its tests share.
#pragma once

#include <string>

#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::standin {

using cli::Arguments;
using cli::line_after;
using cli::Ran;
using cli::settings_with;
using cli::Surroundings;
using cli::Workplace;

inline const std::string kRows = settings_with("k,data,u8,5\ns,data,string,hello\n");

inline Ran run(const Workplace& workplace, const Arguments& arguments, const Surroundings& surroundings = {}) {
  Arguments words = {"as", "nvs_partition_gen"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return workplace.run(words, surroundings);
}

// in.csv becomes out.bin.
inline Ran generate(const Workplace& workplace, const Arguments& more = {}) {
  Arguments words = {"generate", "in.csv", "out.bin", "0x3000"};
  words.insert(words.end(), more.begin(), more.end());
  return run(workplace, words);
}

}  // namespace nvsafe::standin
