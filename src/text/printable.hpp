// Bytes from flash, files and users, made safe to print: nothing in them can move the cursor, colour the screen or
// turn the text around.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nvsafe::text {

// Escapes control characters (\n, \r, \t, else \xNN), invalid UTF-8, characters that steer the direction of text,
// and the backslash itself. Everything else stays.
[[nodiscard]] std::string printable(std::string_view bytes);

// The same for whole messages, whose parts may be printable already: the backslash stays, and a second time changes
// nothing.
[[nodiscard]] std::string harmless(std::string_view message);

// The same for JSON as Json::dump() gives it: as \uXXXX, so that it means what it did; line ends stay.
[[nodiscard]] std::string harmless_json(std::string_view json);

// Columns that printable text takes in a terminal: wide characters two, combining ones none.
[[nodiscard]] std::size_t count_columns(std::string_view printable_text);

// Cut to at most `columns_max` columns, the last of them an ellipsis; unchanged if it fits.
[[nodiscard]] std::string shorten(std::string_view printable_text, std::size_t columns_max);

// 'text' for a message: printable, at most 40 columns, in single quotes.
[[nodiscard]] std::string in_quotes(std::string_view bytes);

}  // namespace nvsafe::text
