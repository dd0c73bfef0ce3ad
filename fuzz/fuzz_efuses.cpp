// eFuse files: any bytes are the eFuses of a chip or a problem, and what was read is written and read again the same.
#include <cstddef>
#include <cstdint>
#include <string>

#include "chip/efuse_file.hpp"
#include "require.hpp"

using nvsafe::fuzz::require;
namespace chip = nvsafe::chip;

namespace {

void look_at(const chip::Efuses& efuses) {
  const std::string own = chip::to_json(efuses);
  const auto again = chip::parse_efuses({reinterpret_cast<const std::uint8_t*>(own.data()), own.size()}, nullptr, "");
  require(again.ok() && *again == efuses, "our JSON keeps everything");
  const auto virtual_file = chip::to_virtual_file(efuses);
  const auto reread = chip::parse_efuses(virtual_file, &efuses.profile(), "");
  require(!reread.ok() || reread->readable_blocks().bytes == efuses.readable_blocks().bytes,
          "a virtual file keeps what is readable");
  for (std::size_t i = 0; i < efuses.key_block_count(); ++i) {
    (void)efuses.read_key_file(i);
    const bool is_told = efuses.read_key_block(i).ok();
    require(is_told != efuses.key_block(i).is_read_protected, "what is read-protected is not read");
  }
  (void)efuses.is_release_mode();
  (void)efuses.flash_cipher();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const char* name : {"", "esp32", "esp32c2", "esp32c3", "esp32p4"}) {
    const auto efuses = chip::parse_efuses({data, size}, chip::find_profile(name), "f");
    if (efuses) {
      look_at(*efuses);
    } else {
      require(!efuses.error().what.empty() && !efuses.error().hint.empty(), "a problem with a hint");
    }
  }
  return 0;
}
