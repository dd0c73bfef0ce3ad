// What a verb gets to work with: where results and notes go, and the flags that every verb has.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "host/heap_allocator.hpp"
#include "host/terminal.hpp"
#include "text/json.hpp"
#include "text/problem.hpp"

namespace nvsafe::cli {

using text::Exit;
using text::Outcome;
using text::problem;

class Context {
 public:
  using Run = std::function<Outcome<Exit>()>;

  // Set by the verb that was named on the command line.
  Run run;

  bool is_json = false;
  bool is_quiet = false;
  bool is_verbose = false;
  std::string color = "auto";
  host::HeapAllocator allocator;

  // A result: a line to stdout. In this and whatever is for people to read, names from files cannot steer a terminal.
  void print(std::string_view line);
  // The same as a heading: `strong` in bold where colour is wanted, then the rest.
  void print_heading(std::string_view strong, std::string_view rest = {});
  void print_json(const text::Json& json);
  // Bytes as they are, to stdout.
  void print_raw(std::string_view bytes);
  // What is worth knowing but no result: to stderr, unless -q.
  void note(std::string_view line) const;
  // To stderr, always: behind `warning: `, and as it is.
  void warn(std::string_view line) const;
  void alert(std::string_view line) const;
  // Writes out what was printed. Errors: kIo.
  Outcome<void> flush();

  // `error: …` and `hint: …` on stderr.
  void report(const text::Problem& found) const;

 private:
  [[nodiscard]] host::ColorWhen color_when() const;
  [[nodiscard]] bool has_color(int file) const;
  std::string out_;
};

// Registers the verb on the app; its callback sets context.run.
void register_audit(CLI::App& app, Context& context);
void register_boot(CLI::App& app, Context& context);
void register_build(CLI::App& app, Context& context);
void register_check(CLI::App& app, Context& context);
void register_chip(CLI::App& app, Context& context);
void register_completion(CLI::App& app, Context& context);
void register_diff(CLI::App& app, Context& context);
void register_doctor(CLI::App& app, Context& context);
void register_explain(CLI::App& app, Context& context);
void register_export(CLI::App& app, Context& context);
void register_extract(CLI::App& app, Context& context);
void register_flash_encrypt(CLI::App& app, Context& context);
void register_get(CLI::App& app, Context& context);
void register_help(CLI::App& app, Context& context);
void register_import(CLI::App& app, Context& context);
void register_keys(CLI::App& app, Context& context);
void register_log(CLI::App& app, Context& context);
void register_ls(CLI::App& app, Context& context);
void register_mv(CLI::App& app, Context& context);
void register_pack(CLI::App& app, Context& context);
void register_pages(CLI::App& app, Context& context);
void register_preflight(CLI::App& app, Context& context);
void register_rm(CLI::App& app, Context& context);
void register_set(CLI::App& app, Context& context);
void register_show(CLI::App& app, Context& context);
void register_stat(CLI::App& app, Context& context);
void register_table(CLI::App& app, Context& context);
void register_undo(CLI::App& app, Context& context);
void register_verify(CLI::App& app, Context& context);

}  // namespace nvsafe::cli
