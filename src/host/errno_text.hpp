// What an errno means, in the words of an error message.
#pragma once

#include <string>

namespace nvsafe::host {

// Lower case, without a dot: "no such file", "permission denied", "no space left on device".
[[nodiscard]] std::string errno_text(int error_number);

}  // namespace nvsafe::host
