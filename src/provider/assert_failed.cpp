// What a broken assumption does on the host: one line, then abort.
#include <cstdio>
#include <cstdlib>

#include "nvsafe/assert.hpp"

namespace nvsafe {

void assert_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "nvsafe: internal error: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace nvsafe
