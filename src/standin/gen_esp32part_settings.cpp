#include "standin/gen_esp32part_settings.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "base/python_integer.hpp"
#include "standin/arguments.hpp"
#include "text/printable.hpp"

namespace nvsafe::standin {
namespace {

constexpr std::string_view kSubtypesOption = "--extra-partition-subtypes";

void add_options(CLI::App& app, TableArguments& arguments) {
  // Of an option that is given twice the last counts; --flash-size and --secure also stand without a value.
  const auto add = [&](const char* names, auto& value, const char* help, const char* type) {
    return app.add_option(names, value, help)->type_name(type)->take_last();
  };
  const auto add_flag = [&](const char* names, bool& value, const char* help) {
    app.add_flag(names, value, help)->disable_flag_override();
  };
  add("--flash-size", arguments.flash_size, "Refuse a table that does not fit a flash of this size", "SIZE")
      ->expected(0, 1)
      ->check(CLI::IsMember({"1MB", "2MB", "4MB", "8MB", "16MB", "32MB", "64MB", "128MB"}));
  add_flag("--disable-md5sum", arguments.disable_md5, "No MD5 record, neither written nor read");
  add_flag("--no-verify", arguments.no_verify, "Only convert, do not judge the table");
  add_flag("-v,--verify", arguments.verify, "No effect: a table is judged unless --no-verify is given");
  add_flag("-q,--quiet", arguments.quiet, "Only warnings and errors");
  add("-o,--offset", arguments.offset, "Where the table itself lies in flash", "NUMBER");
  add("--primary-bootloader-offset", arguments.primary_bootloader_offset, "Where the bootloader lies", "NUMBER");
  add("--recovery-bootloader-offset", arguments.recovery_bootloader_offset, "Where the bootloader for recovery lies",
      "NUMBER");
  add("--secure", arguments.secure, "Sizes of apps must suit secure boot of this version (alone: v1)", "VERSION")
      ->expected(0, 1)
      ->default_str("v1")
      ->check(CLI::IsMember({"v1", "v2"}));
  app.add_option(std::string(kSubtypesOption), "Words for subtypes, each TYPE,NAME,VALUE; the list ends with --")
      ->type_name("WORD")
      ->expected(0, -1);
  app.add_option("input", arguments.input, "Table as CSV or binary; - is standard input")->required();
  app.add_option("output", arguments.output, "The other form; - or nothing is standard output");
}

// argparse takes the next word for a value unless it begins with a hyphen, whatever is needed behind it; CLI11 would
// keep words for INPUT and OUTPUT.
bool is_value(const Words& words, std::size_t i) {
  return i < words.size() && (words[i] == "-" || !words[i].starts_with('-'));
}

// Takes the words of the list behind the option at `i`, and the option. Of an option that is given twice the last
// counts.
std::vector<std::string> take_subtypes(Words& words, std::size_t i) {
  std::vector<std::string> subtypes;
  const auto option = words.begin() + static_cast<std::ptrdiff_t>(i);
  auto end = option + 1;
  if (option->size() > kSubtypesOption.size()) {
    subtypes.push_back(option->substr(kSubtypesOption.size() + 1));
  } else {
    while (is_value(words, static_cast<std::size_t>(end - words.begin()))) subtypes.push_back(*end++);
  }
  words.erase(option, end);
  return subtypes;
}

// Puts options into a form that leaves CLI11 no choice.
Words settle_values(Words words, TableArguments& arguments) {
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    if (words[i] == "--secure" || words[i] == "--flash-size") {
      if (!is_value(words, i + 1)) continue;
      words[i] += "=" + words[i + 1];
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    } else if (words[i].starts_with("-o=")) {
      words[i].erase(2, 1);
    } else if (words[i].substr(0, words[i].find('=')) == kSubtypesOption) {
      arguments.extra_subtypes = take_subtypes(words, i--);
    }
  }
  return words;
}

Failed<Refusal> no_number(std::string_view option, std::string_view text) {
  return refuse(kFailed, fmt::format("{} {}: no number", option, text::in_quotes(text)),
                "decimal or 0x…, without K or M, for example 0x8000");
}

Checked<std::uint32_t> read_offset(std::string_view option, std::string_view text) {
  const auto number = parse_python_integer(text);
  if (!number) return no_number(option, text);
  if (number->negative || number->magnitude > 0xFFFFFFFF) {
    return refuse(kFailed,
                  fmt::format("{} {}: no address of 32 bits", option, text::in_quotes(without_outer_blanks(text))),
                  "for example 0x8000");
  }
  return static_cast<std::uint32_t>(number->magnitude);
}

Checked<std::optional<std::uint32_t>> read_optional_offset(std::string_view option,
                                                           const std::optional<std::string>& text) {
  if (!text) return std::optional<std::uint32_t>();
  auto offset = read_offset(option, *text);
  if (!offset) return offset.failed();
  return std::optional<std::uint32_t>(*offset);
}

Checked<table::Layout> read_layout(const TableArguments& arguments) {
  auto table = read_offset("--offset", arguments.offset);
  if (!table) return table.failed();
  auto primary = read_optional_offset("--primary-bootloader-offset", arguments.primary_bootloader_offset);
  if (!primary) return primary.failed();
  auto recovery = read_optional_offset("--recovery-bootloader-offset", arguments.recovery_bootloader_offset);
  if (!recovery) return recovery.failed();
  if (*primary && **primary >= *table) {
    return refuse(kUsage,
                  fmt::format("the bootloader at {:#x} (--primary-bootloader-offset) is not below the table at {:#x} "
                              "(--offset)",
                              **primary, *table),
                  "check both options");
  }
  return table::Layout{*table, *primary, *recovery};
}

// The parts of `type,name,value`; what stands behind them is not looked at.
std::optional<std::array<std::string_view, 3>> split_subtype(std::string_view text) {
  std::array<std::string_view, 3> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t comma = text.find(',');
    if (comma == std::string_view::npos && i + 1 < parts.size()) return std::nullopt;
    parts[i] = without_outer_blanks(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return parts;
}

Failed<Refusal> bad_subtype(std::string_view text, std::string_view why) {
  return refuse(kFailed, fmt::format("--extra-partition-subtypes {}: {}", text::in_quotes(text), why),
                "TYPE,NAME,VALUE with type app or data, for example data,my_data,0x40");
}

Checked<void> add_subtype(TableSettings& settings, std::string_view text) {
  const auto parts = split_subtype(text);
  if (!parts || (*parts)[1].empty()) return bad_subtype(text, "not a type, a name and a value");
  const auto [type_word, name, value_word] = *parts;
  const auto type = table::find_type(type_word);
  if (!type || table::type_keyword(*type) != type_word) return bad_subtype(text, "there is no such type");
  const auto number = parse_python_integer(value_word, 16);
  if (!number || number->negative || number->magnitude > 0xFF) {
    return bad_subtype(text, "the value is no hexadecimal number up to ff");
  }
  const auto value = static_cast<std::uint8_t>(number->magnitude);
  const std::string_view taken = table::subtype_keyword(*type, value, settings.extra_subtypes);
  if (!taken.empty()) return bad_subtype(text, fmt::format("{:#x} is {} already", value, text::in_quotes(taken)));
  settings.extra_subtypes.push_back({*type, value, settings.words.emplace_back(name)});
  return {};
}

}  // namespace

std::optional<int> parse_table_arguments(const Words& words, TableArguments& arguments) {
  CLI::App app{"Partition table: CSV to binary and back", "gen_esp32part"};
  add_options(app, arguments);
  return parse_arguments(app, settle_values(as_cli11_takes_them(app, words), arguments));
}

Checked<TableSettings> read_table_settings(const TableArguments& arguments) {
  TableSettings settings;
  auto layout = read_layout(arguments);
  if (!layout) return layout.failed();
  settings.layout = *layout;
  for (const std::string& text : arguments.extra_subtypes) {
    if (auto added = add_subtype(settings, text); !added) return added.failed();
  }
  if (!arguments.flash_size.empty()) {
    settings.flash_size = parse_size(arguments.flash_size.substr(0, arguments.flash_size.size() - 1));  // 4M of 4MB
  }
  if (arguments.secure == "v1") settings.secure_boot = table::SecureBoot::kV1;
  if (arguments.secure == "v2") settings.secure_boot = table::SecureBoot::kV2;
  if (arguments.disable_md5) settings.md5 = table::Md5Use::kNo;
  return settings;
}

}  // namespace nvsafe::standin
