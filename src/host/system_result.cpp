#include "host/system_result.hpp"

#include <poll.h>
#include <unistd.h>

namespace nvsafe::host {

SystemResult<void> write_all(int file, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(file, bytes.data(), bytes.size());
    if (size >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(size));
    } else if (errno == EAGAIN) {
      pollfd writable{file, POLLOUT, 0};
      ::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return system_failure();
    }
  }
  return {};
}

}  // namespace nvsafe::host
