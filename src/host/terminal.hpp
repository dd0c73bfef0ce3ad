// What is known about the terminal: whether there is one, how wide it is, whether it wants colour.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "host/secret_buffer.hpp"

namespace nvsafe::host {

[[nodiscard]] bool is_terminal(int file);

// Columns of the terminal behind `file`; COLUMNS where it is set; 80 where nothing is known.
[[nodiscard]] std::uint32_t terminal_width(int file);

// Asks on stderr and reads a line from a terminal, without showing it. Nothing: the terminal
// fails or ends. Ctrl-C ends the program, and the terminal shows again what is typed.
[[nodiscard]] std::optional<SecretBuffer> read_hidden_line(int terminal, std::string_view question);

enum class ColorWhen : std::uint8_t { kAuto, kAlways, kNever };

// The value of --color: "auto", "always" or "never".
[[nodiscard]] std::optional<ColorWhen> parse_color_when(std::string_view text);
// kAuto: a terminal, NO_COLOR not set (or empty), TERM neither "dumb" nor missing.
[[nodiscard]] bool wants_color(ColorWhen when, int file);

}  // namespace nvsafe::host
