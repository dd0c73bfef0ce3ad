// Settings of a build: any bytes are some or none.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "chip/profile.hpp"
#include "doctor/sdkconfig.hpp"
#include "require.hpp"

using nvsafe::fuzz::require;
namespace doctor = nvsafe::doctor;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = doctor::parse_sdkconfig({reinterpret_cast<const char*>(data), size});
  if (!config) return 0;
  require(config->chip.empty() || nvsafe::chip::find_profile(config->chip) != nullptr, "a chip that there is");
  if (const auto nvs = config->nvs()) require(nvs->hmac_slot < nvsafe::kHmacSlotCount, "a slot that there is");
  return 0;
}
