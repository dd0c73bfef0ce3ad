// Text as Python takes it, where base/python_integer.hpp and base/blank.hpp do not go so far: numbers in the digits of
// other scripts, and extensions of os.path.splitext().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nvsafe::standin {

// Which characters count: of a str all of Unicode, of bytes (the content of a file) only ASCII.
enum class PythonText : std::uint8_t { kStr, kBytes };

// What int() takes for the characters of a number: the digits of all scripts as those of ASCII, blanks beyond ASCII as
// spaces. Nothing: there are other characters beyond ASCII.
[[nodiscard]] std::optional<std::string> python_ascii(std::string_view text, PythonText kind);

// The number of int(text, 10) as a sign and ASCII digits: no blanks, no underscores, however long. Nothing: int() takes
// no such text.
[[nodiscard]] std::optional<std::string> python_decimal(std::string_view text, PythonText kind);

// os.path.splitext(path)[1]: with its dot; empty where there is none, as in ".bin".
[[nodiscard]] std::string_view python_extension(std::string_view path);

}  // namespace nvsafe::standin
