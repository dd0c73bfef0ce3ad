// X.509 certificates among values: who they are for, and until when. Nothing is verified, and nobody is asked.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace nvsafe::image {

// "certificate of CN=device 7, until 2031-04-09" for PEM or DER, of a PEM chain the first. Nothing: it is none.
[[nodiscard]] std::optional<std::string> certificate_text(std::span<const std::uint8_t> bytes);

}  // namespace nvsafe::image
