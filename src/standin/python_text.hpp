// Text as Python takes it: numbers of int(), blanks of strip(), extensions of os.path.splitext(). The originals are
// Python programs, and what these accept is part of what their input files may hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nvsafe::standin {

// Which characters count: of a str all of Unicode, of bytes (the content of a file) only ASCII.
enum class PythonText : std::uint8_t { kStr, kBytes };

// str.strip() and bytes.strip().
[[nodiscard]] std::string_view python_strip(std::string_view text, PythonText kind);

// The number of int(text, 10) as a sign and ASCII digits: no blanks, no underscores, however long. Nothing: int() takes
// no such text.
[[nodiscard]] std::optional<std::string> python_decimal(std::string_view text, PythonText kind);

struct PythonInteger {
  bool is_negative = false;
  std::optional<std::uint64_t> magnitude;  // nothing: beyond 64 bits
};
// int(text, 0): also 0x, 0o and 0b, but no leading zeros.
[[nodiscard]] std::optional<PythonInteger> python_integer(std::string_view text);

// os.path.splitext(path)[1]: with its dot; empty where there is none, as in ".bin".
[[nodiscard]] std::string_view python_extension(std::string_view path);

}  // namespace nvsafe::standin
