// nvsafe explain: what a number or a finding means, how to tell its causes apart, what to do first.
#include "doctor/finding.hpp"

#include <algorithm>

#include "cli/listing.hpp"
#include "text/suggest.hpp"

namespace nvsafe::cli {
namespace {

using doctor::Code;
using doctor::CodeText;
using doctor::ErrorText;

// The error codes that it may be behind.
std::string errors_of(Code code) {
  std::string out;
  for (const ErrorText& error : doctor::error_texts()) {
    if (std::ranges::find(error.causes, code, &doctor::ErrorCause::code) == error.causes.end()) continue;
    out += (out.empty() ? "" : ", ") + doctor::error_title(error.value);
  }
  return out;
}

void explain_code(const CodeText& text, Context& context) {
  if (context.is_json) {
    context.print_json(text::Json::object()
                           .set("version", 1)
                           .set("code", doctor::code_name(text.code))
                           .set("severity", image::to_string(text.severity))
                           .set("title", text.title)
                           .set("means", text.means)
                           .set("firmware", text.firmware)
                           .set("do", text.advice));
    return;
  }
  context.print_heading(doctor::code_name(text.code),
                        fmt::format("  {}: {}", image::to_string(text.severity), text.title));
  print_wrapped("  means     ", text.means, context);
  print_wrapped("  firmware  ", text.firmware, context);
  print_wrapped("  do        ", text.advice, context);
  print_wrapped("  seen as   ", errors_of(text.code), context);
}

text::Json to_json(const ErrorText& error) {
  text::Json causes = text::Json::array();
  for (const doctor::ErrorCause& cause : error.causes) {
    causes.add(text::Json::object()
                   .set("code", doctor::code_name(cause.code))
                   .set("title", doctor::text_of(cause.code).title)
                   .set("tell", cause.tell));
  }
  return text::Json::object()
      .set("version", 1)
      .set("error", doctor::error_name(error.value))
      .set("value", error.value)
      .set("means", error.means)
      .set("first", error.first)
      .set("causes", std::move(causes))
      .set("otherwise", error.otherwise);
}

void explain_error(const ErrorText& error, Context& context) {
  if (context.is_json) return context.print_json(to_json(error));
  context.print_heading(doctor::error_title(error.value));
  print_wrapped("  means     ", error.means, context);
  if (!error.first.empty()) print_wrapped("  first     ", error.first, context);
  for (const doctor::ErrorCause& cause : error.causes) {
    print_wrapped("  ", fmt::format("{}  {}", doctor::code_name(cause.code), doctor::text_of(cause.code).title),
                  context);
    print_wrapped("             ", fmt::format("when {}", cause.tell), context);
  }
  if (!error.otherwise.empty())
    print_wrapped(error.causes.empty() ? "  note      " : "  else      ", error.otherwise, context);
  if (!error.causes.empty()) {
    context.print(
        fmt::format("nvsafe doctor 0x{:X} FILE…          tells them apart", static_cast<unsigned>(error.value)));
  }
}

Failed<text::Problem> unknown(const std::string& word) {
  std::vector<std::string_view> names;
  for (const ErrorText& error : doctor::error_texts()) names.emplace_back(doctor::error_name(error.value));
  std::string hint = text::did_you_mean(word, names);
  if (hint.empty())
    hint = "0x1117, ESP_ERR_NVS_CORRUPT_KEY_PART or NVS-D002, for example; nvsafe explain --all has all of them";
  return problem(Exit::kUsage, fmt::format("{} is no code of NVS, of nvs_sec_provider or of a finding", word), hint);
}

Outcome<Exit> run_explain(const std::string& word, bool all, Context& context) {
  if (all) {
    context.print_raw(doctor::findings_document());
    return Exit::kDone;
  }
  if (word.empty()) return problem(Exit::kUsage, "explain what?", "nvsafe explain 0x1117, or NVS-D002");
  if (const auto code = doctor::parse_code(word)) {
    explain_code(doctor::text_of(*code), context);
    return Exit::kDone;
  }
  const ErrorText* const error = doctor::find_error(word);
  if (error == nullptr) return unknown(word);
  explain_error(*error, context);
  return Exit::kDone;
}

}  // namespace

void register_explain(CLI::App& app, Context& context) {
  struct ExplainArguments {
    std::string word;
    bool all = false;
  };
  auto arguments = std::make_shared<ExplainArguments>();
  CLI::App& verb = *app.add_subcommand("explain", "What an error code or a finding means, and what to do first");
  verb.add_option("code", arguments->word, "0x1117, ESP_ERR_NVS_…, NVS-D002")->type_name("CODE");
  verb.add_flag("--all", arguments->all, "Everything, as docs/FINDINGS.md has it");
  verb.callback([arguments, &context] {
    context.run = [arguments, &context] { return run_explain(arguments->word, arguments->all, context); };
  });
}

}  // namespace nvsafe::cli
