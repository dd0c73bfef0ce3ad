// Files that hold eFuses: Espressif's virtual eFuse file, what `espefuse summary --format json` prints, and nvsafe's
// own JSON (docs/CHIP.md), the only one that keeps read-protected keys.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chip/efuses.hpp"
#include "text/problem.hpp"

namespace nvsafe::chip {

enum class EfuseFileKind : std::uint8_t { kNone, kOwn, kSummary, kVirtual };
// By the bytes. A virtual file has no mark but its size, and bytes where a register window has some.
[[nodiscard]] EfuseFileKind identify_efuse_file(std::span<const std::uint8_t> bytes);

// `profile`: the chip that it must be of; nullptr: the file says (a virtual file and a summary may not). `file` is for
// messages. Errors: kBadInput for a file of another chip or of no chip, kUsage where the chip must be named.
[[nodiscard]] text::Outcome<Efuses> parse_efuses(std::span<const std::uint8_t> bytes, const Profile* profile,
                                                 const std::string& file);

// nvsafe's own: with all keys, so a file of mode 0600.
[[nodiscard]] std::string to_json(const Efuses& efuses);
// As `espefuse --virt --path-efuse-file` reads and writes it: read-protected blocks are zeros.
[[nodiscard]] std::vector<std::uint8_t> to_virtual_file(const Efuses& efuses);

}  // namespace nvsafe::chip
