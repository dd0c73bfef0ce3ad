#include "host/os_random.hpp"

#include <sys/random.h>

#include <cerrno>

namespace nvsafe::host {

Result<void> OsRandom::fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t size = ::getrandom(out.data(), out.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return fail(ErrorCode::kProvider);
    out = out.subspan(static_cast<std::size_t>(size));
  }
  return {};
}

}  // namespace nvsafe::host
