// gen_esp32part: a partition table from CSV to binary, or back. The table is read, judged and written by src/table with
// the stock rules.
#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "host/files.hpp"
#include "host/output.hpp"
#include "host/report.hpp"
#include "image/kept_file.hpp"
#include "image/table_text.hpp"
#include "standin/gen_esp32part_csv.hpp"
#include "standin/gen_esp32part_settings.hpp"
#include "text/printable.hpp"

namespace nvsafe::standin {
namespace {

using Bytes = std::vector<std::uint8_t>;

// The original packs the numbers of a row last of all, and there Python stops it where one is out of range.
bool is_python_error(table::TableProblemCode code) {
  using enum table::TableProblemCode;
  switch (code) {
    case kTypeOutOfRange:
    case kSubtypeOutOfRange:
    case kOffsetOutOfRange:
    case kSizeOutOfRange:
    case kEndBeforeOffset:
    case kRecordNameNotUtf8:
    case kNotUtf8:
    case kMd5Failed:
      return true;
    default:
      return false;
  }
}

class Conversion {
 public:
  Conversion(const TableArguments& arguments, TableSettings settings)
      : arguments_(arguments),
        settings_(std::move(settings)),
        name_(arguments.input == "-" ? "standard input" : arguments.input) {}

  // The other form of `input`. Nothing: refused, and said why; status() is the exit status.
  std::optional<Bytes> run(const Bytes& input) {
    is_binary_ = input.size() >= 2 && input[0] == table::kRecordMagic[0] && input[1] == table::kRecordMagic[1];
    const auto table = is_binary_ ? read_binary(input) : read_csv(input);
    const bool is_good = table && judge(*table);
    auto output = is_good ? write(*table) : std::nullopt;
    tell();
    return output;
  }

  [[nodiscard]] int status() const { return status_; }

  // Of a table that was read: "in.csv: CSV with 2 partitions, no rule is broken".
  [[nodiscard]] std::string summary() const {
    return fmt::format("{}: {} with {} partition{}{}", text::printable(name_), is_binary_ ? "binary" : "CSV",
                       partition_count_, partition_count_ == 1 ? "" : "s",
                       arguments_.no_verify ? "" : ", no rule is broken");
  }

 private:
  std::optional<table::Table> read_binary(const Bytes& input) {
    return table::decode_table(input, settings_.md5, problems_, table::RuleSet::kStock);
  }

  std::optional<table::Table> read_csv(const Bytes& input) {
    auto text = read_table_text(input, name_);
    if (text) return table::parse_csv(*text, settings_.csv_options(), problems_);
    status_ = text.error().status;
    host::report(text.error().problem);
    return std::nullopt;
  }

  bool judge(const table::Table& table) {
    if (!arguments_.no_verify && !table::check_table(table, settings_.rule_options(), problems_)) return false;
    return !settings_.flash_size || table::check_flash_size(table, *settings_.flash_size, problems_);
  }

  std::optional<Bytes> write(const table::Table& table) {
    partition_count_ = table.partitions().size();
    if (is_binary_) {
      const std::string csv = image::table_csv(table, settings_.extra_subtypes);
      return Bytes(csv.begin(), csv.end());
    }
    const auto binary = table::encode_table(table, settings_.md5, problems_);
    if (!binary) return std::nullopt;
    return Bytes(binary->begin(), binary->end());
  }

  // Errors first: the first line says which row is refused and why.
  void tell() {
    for (const table::TableProblem& problem : problems_.problems()) {
      if (problem.severity == table::Severity::kError) tell_error(problem);
    }
    for (const table::TableProblem& problem : problems_.problems()) {
      if (problem.severity == table::Severity::kWarning) host::warn(image::describe(problem, name_).what);
    }
    if (problems_.dropped_count() > 0) host::alert(fmt::format("and {} more", problems_.dropped_count()));
  }

  void tell_error(const table::TableProblem& problem) {
    host::report(image::describe(problem, name_));
    if (!is_python_error(problem.code)) {
      status_ = kUsage;
    } else if (status_ == kDone) {
      status_ = kFailed;
    }
  }

  const TableArguments& arguments_;
  TableSettings settings_;
  std::string name_;  // of the input
  table::ProblemList problems_;
  int status_ = kDone;
  bool is_binary_ = false;
  std::size_t partition_count_ = 0;
};

Checked<Bytes> read_input(const std::string& path) {
  auto bytes = host::read_file(path, {.may_be_empty = true});
  if (bytes) return std::move(*bytes);
  // The original opens the file while it reads its arguments.
  return refuse(bytes.error().exit == text::Exit::kIo ? kFailed : kUsage, bytes.error());
}

Checked<void> check_replaced(const TableArguments& arguments) {
  const std::string& path = arguments.output;
  if (path == "-" || !host::is_regular_file(path)) return {};
  if (host::is_same_file(path, arguments.input)) {
    return refuse(kUsage, fmt::format("{}: is the input, and is not overwritten", text::printable(path)),
                  "name another file for the output");
  }
  const auto old = host::read_secret_file(path, {.may_be_empty = true});
  if (!old) return refuse(kFailed, old.error());
  const auto reason = image::reason_to_keep(old->bytes());
  if (!reason) return {};
  return refuse(kUsage, fmt::format("{}: {}, and is not overwritten", text::printable(path), *reason),
                "name another file for the output");
}

Checked<void> make_directory_of(const std::string& path) {
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (directory.empty() || std::filesystem::is_directory(directory, error)) return {};
  std::filesystem::create_directories(directory, error);
  if (!error) return {};
  return refuse(kFailed, fmt::format("{}: {}", text::printable(directory.string()), error.message()));
}

Checked<void> write_output(const TableArguments& arguments, const Bytes& bytes) {
  if (auto checked = check_replaced(arguments); !checked) return checked;
  if (auto made = make_directory_of(arguments.output); !made) return made;
  const host::OutputFile file{.path = arguments.output, .is_text = true};  // also a binary: as the original
  auto written = host::write_output(file, bytes, {.force = true});
  if (!written) return refuse(kFailed, written.error());
  return {};
}

int stop(const Refusal& refusal) {
  host::report(refusal.problem);
  return refusal.status;
}

}  // namespace

int run_gen_esp32part(const Words& words) {
  TableArguments arguments;
  if (const auto status = parse_table_arguments(words, arguments)) return *status;
  auto input = read_input(arguments.input);
  if (!input) return stop(input.error());
  auto settings = read_table_settings(arguments);
  if (!settings) return stop(settings.error());
  Conversion conversion(arguments, std::move(*settings));
  const auto output = conversion.run(*input);
  if (!output) return conversion.status();
  if (auto written = write_output(arguments, *output); !written) return stop(written.error());
  if (!arguments.quiet) host::alert(conversion.summary());
  return kDone;
}

}  // namespace nvsafe::standin
