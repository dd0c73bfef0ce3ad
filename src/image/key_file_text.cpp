#include "image/key_file_text.hpp"

#include <fmt/format.h>

#include "keys/key_file.hpp"

namespace nvsafe::image {

using text::Exit;
using text::problem;

namespace {

constexpr const char* kMakeKeysHint =
    "nvsafe keys new -o nvs_keys.bin makes keys; nvsafe keys derive --hmac-key FILE -o nvs_keys.bin derives them";

}  // namespace

Failed<text::Problem> no_nvs_key(const std::string& file, std::span<const std::uint8_t> bytes) {
  if (keys::is_key_as_text(bytes)) {
    return problem(Exit::kBadInput, fmt::format("{}: a key as text, and keys are bytes", file),
                   fmt::format("if these are hex digits: xxd -r -p {} > key.bin", file));
  }
  switch (keys::classify_key_file(bytes)) {
    case keys::KeyFileKind::kErased:
      return problem(Exit::kBadInput, fmt::format("{}: erased, only 0xFF: it holds no key", file), kMakeKeysHint);
    case keys::KeyFileKind::kKeyPageDamaged:
      return problem(Exit::kBadInput,
                     fmt::format("{}: an nvs_keys page whose CRC is wrong (firmware answers 0x1117)", file),
                     "use the file as it was made; nvsafe keys wrap makes a page of 64 key bytes that are known good");
    case keys::KeyFileKind::kBare32:
    case keys::KeyFileKind::kPadded32:
      return problem(Exit::kBadInput,
                     fmt::format("{}: 32 key bytes, a flash-encryption key or an HMAC key; NVS keys have 64 and a CRC "
                                 "(written as nvs_keys, firmware answers 0x1117)",
                                 file),
                     kMakeKeysHint);
    default:
      return problem(Exit::kBadInput,
                     fmt::format("{}: no key file: {} bytes, where an nvs_keys page has 4096 and a bare key 64", file,
                                 bytes.size()),
                     fmt::format("nvsafe show {}", file));
  }
}

}  // namespace nvsafe::image
