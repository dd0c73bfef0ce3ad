// eFuse summaries: any text is the eFuses of a chip or a problem with a hint, whichever chip is named.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "chip/efuse_summary.hpp"
#include "chip/profile.hpp"
#include "require.hpp"

using nvsafe::fuzz::require;
namespace chip = nvsafe::chip;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const chip::Profile* profile : {static_cast<const chip::Profile*>(nullptr), chip::find_profile("esp32"),
                                       chip::find_profile("esp32c2"), chip::find_profile("esp32s3")}) {
    const auto summary = chip::parse_summary(text, profile, "f");
    if (!summary) {
      require(!summary.error().what.empty() && !summary.error().hint.empty(), "a problem with a hint");
      continue;
    }
    require(profile == nullptr || summary->profile == profile, "of the chip that was named");
    const chip::Efuses efuses(*summary->profile, summary->blocks);
    require(efuses.crypt_count_bits() <= efuses.crypt_count_width(), "as many bits as there are");
  }
  return 0;
}
