// NVSAFE_ASSERT: for our own mistakes only. Bytes from flash, files and users are data: check those, never assert.
#pragma once

namespace nvsafe {

// Interface symbol: says where and stops the program. The host and each port give their own.
[[noreturn]] void assert_failed(const char* condition, const char* file, int line);

}  // namespace nvsafe

#define NVSAFE_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::nvsafe::assert_failed(#condition, __FILE__, __LINE__))
