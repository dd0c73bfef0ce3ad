// gen_esp32part: a partition table from CSV to binary, or back. The table is read, judged and written by src/table with
// the stock rules.
#include <fmt/format.h>

#include "host/files.hpp"
#include "host/report.hpp"
#include "image/table_text.hpp"
#include "standin/gen_esp32part_csv.hpp"
#include "standin/gen_esp32part_settings.hpp"
#include "standin/outputs.hpp"
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

text::Outcome<void> commit(const host::OutputFile& file, const Bytes& bytes) {
  Outputs outputs;
  if (auto added = outputs.add(file, bytes); !added) return added;
  return outputs.commit();
}

Checked<void> write_output(const TableArguments& arguments, const Bytes& bytes) {
  const Words inputs = arguments.input == "-" ? Words() : Words{arguments.input};
  const auto may_go = arguments.output == "-" ? text::Outcome<void>() : check_replaced(arguments.output, inputs);
  if (!may_go) {
    return refuse(may_go.error().exit == text::Exit::kUsage ? kUsage : kFailed, may_go.error());
  }
  // Text also if it is binary: as the original does, it goes to a terminal.
  const auto written = commit({.path = arguments.output, .is_text = true}, bytes);
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
