// Who can read an NVS partition of a file, from the file alone and with which secrets.
#pragma once

#include <string>

#include "image/source.hpp"

namespace nvsafe::doctor {

struct Readers {
  std::string encrypted_by;  // "nothing", "NVS encryption", "flash encryption", "NVS encryption and flash encryption"
  std::string needs;         // "nothing: whoever has this file reads it", "the flash encryption key fe.bin", "keys.bin"
};

// Of a partition as it opened.
[[nodiscard]] Readers readers_of(const image::Source& source, const image::Region& region,
                                 const image::OpenedPartition& partition);

}  // namespace nvsafe::doctor
