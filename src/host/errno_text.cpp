#include "host/errno_text.hpp"

#include <cctype>
#include <cerrno>
#include <system_error>

namespace nvsafe::host {

std::string errno_text(int error_number) {
  if (error_number == ENOENT) return "no such file";
  if (error_number == EFBIG) return "file too large for a limit of this system (ulimit -f)";
  std::string text = std::generic_category().message(error_number);
  // "Is a directory", but not the abbreviation in "RPC failed".
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

}  // namespace nvsafe::host
