// Console logs: any bytes are a log or none, and what is told of it is bounded and true.
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>

#include "chip/profile.hpp"
#include "doctor/boot_log.hpp"
#include "doctor/finding.hpp"
#include "require.hpp"

using nvsafe::fuzz::require;
namespace doctor = nvsafe::doctor;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto log = doctor::parse_boot_log(text);
  if (!log) return 0;
  require(log->chip.empty() || nvsafe::chip::find_profile(log->chip) != nullptr, "a chip that there is");
  std::set<std::int32_t> seen;
  for (const doctor::SeenError& error : log->errors) {
    require(seen.insert(error.value).second, "each error once");
    require(!doctor::error_name(error.value).empty() && error.line > 0 && error.line <= size + 1, "a known error");
  }
  for (const auto& name : log->encrypted_partitions) require(text.find(name) != text.npos || !name.empty(), "a name");
  return 0;
}
