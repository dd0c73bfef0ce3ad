// What a fuzz target asserts, in every build.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace nvsafe::fuzz {

inline void require(bool is_so, const char* what) {
  if (is_so) return;
  std::fprintf(stderr, "required: %s\n", what);
  std::abort();
}

}  // namespace nvsafe::fuzz
