// nvsafe: the command line. Finds the verb, runs it, turns what went wrong into `error:`, `hint:` and an exit code.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <sstream>

#include "cli/context.hpp"
#include "cli/transform.hpp"
#include "cli/verbs.hpp"
#include "standin/tool.hpp"
#include "text/suggest.hpp"

namespace nvsafe::cli {
namespace {

// Words that other tools use, and what to do here.
struct Alias {
  std::string_view word;
  std::string_view hint;
};
constexpr std::array<Alias, 25> kAliases = {{{"erase", "use nvsafe rm"},
                                             {"delete", "use nvsafe rm"},
                                             {"remove", "use nvsafe rm"},
                                             {"rename", "use nvsafe mv"},
                                             {"write", "use nvsafe set"},
                                             {"put", "use nvsafe set"},
                                             {"list", "use nvsafe ls"},
                                             {"dump", "use nvsafe ls"},
                                             {"read", "use nvsafe get"},
                                             {"cat", "use nvsafe get"},
                                             {"generate", "use nvsafe build"},
                                             {"create", "use nvsafe build"},
                                             {"merge", "use nvsafe pack"},
                                             {"info", "use nvsafe show"},
                                             {"backup", "use nvsafe export"},
                                             {"compare", "use nvsafe diff"},
                                             {"history", "use nvsafe log"},
                                             {"key", "use nvsafe keys"},
                                             {"generate-key", "use nvsafe keys new"},
                                             {"partition-table", "use nvsafe table"},
                                             {"purge", "use nvsafe wipe"},
                                             {"fix", "use nvsafe repair"},
                                             {"undelete", "use nvsafe recover"},
                                             {"encrypt-flash-data", "use nvsafe flash-encrypt"},
                                             {"decrypt-flash-data", "use nvsafe flash-decrypt"}}};

void register_verbs(CLI::App& app, Context& context) {
  register_show(app, context);
  register_pack(app, context);
  register_build(app, context);
  register_keys(app, context);
  register_table(app, context);
  register_extract(app, context);
  register_verify(app, context);
  register_ls(app, context);
  register_get(app, context);
  register_explain(app, context);
  register_doctor(app, context);
  register_check(app, context);
  register_preflight(app, context);
  register_export(app, context);
  register_diff(app, context);
  register_log(app, context);
  register_stat(app, context);
  register_pages(app, context);
  register_set(app, context);
  register_rm(app, context);
  register_mv(app, context);
  register_import(app, context);
  register_undo(app, context);
  register_rekey(app, context);
  register_flash_encrypt(app, context);
  register_compact(app, context);
  register_wipe(app, context);
  register_repair(app, context);
  register_recover(app, context);
  register_audit(app, context);
  register_boot(app, context);
  register_chip(app, context);
  register_completion(app, context);
  register_help(app, context);
  add_verb_texts(app);
}

std::vector<std::string_view> verb_names(const CLI::App& app) {
  std::vector<std::string_view> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(verb->get_name());
  }
  return names;
}

text::Problem unknown_verb(const std::string& word, std::span<const std::string_view> names) {
  for (const Alias& alias : kAliases) {
    if (alias.word == word)
      return {Exit::kUsage, fmt::format("{} is no verb of nvsafe", word), std::string(alias.hint)};
  }
  std::string hint = text::did_you_mean(word, names);
  if (hint.empty()) hint = "nvsafe --help lists the verbs; nvsafe FILE says what a file is";
  return {Exit::kUsage, fmt::format("{} is neither a verb nor a file", word), hint};
}

// "gen_esp32part|nvs_partition_gen|…"
std::string tool_names() {
  std::string names;
  for (const standin::Tool& tool : standin::tools()) {
    names += names.empty() ? "" : "|";
    names += tool.name;
  }
  return names;
}

// The global flags also work behind the verb.
void add_common_flags(CLI::App& app, Context& context) {
  app.add_flag("--json", context.is_json, "Print JSON")->group("Common");
  app.add_flag("-q,--quiet", context.is_quiet, "Only results and errors")->group("Common");
  app.add_flag("-v,--verbose", context.is_verbose, "More detail")->group("Common");
  app.add_option("--color", context.color, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN")
      ->group("Common");
}

int finish(const Outcome<Exit>& result, Context& context) {
  if (auto written = context.flush(); !written) {
    context.report(written.error());
    return static_cast<int>(written.error().exit);
  }
  if (result) return static_cast<int>(*result);
  context.report(result.error());
  return static_cast<int>(result.error().exit);
}

int parse_failed(const CLI::App& app, const CLI::ParseError& error, Context& context) {
  if (error.get_exit_code() == 0) {  // --help, --version
    std::ostringstream text;
    app.exit(error, text, text);
    context.print_raw(text.str());
    return finish(Exit::kDone, context);
  }
  std::string name = "nvsafe";
  for (const CLI::App* verb = &app; !verb->get_subcommands().empty();) {
    verb = verb->get_subcommands().front();
    name += ' ' + verb->get_name();
  }
  context.report({Exit::kUsage, error.what(), fmt::format("{} --help", name)});
  return static_cast<int>(Exit::kUsage);
}

// `nvsafe FILE` is `nvsafe show FILE`.
void name_the_verb(std::vector<std::string>& words, std::span<const std::string_view> verbs) {
  if (words.empty() || words[0].starts_with('-')) return;
  if (std::find(verbs.begin(), verbs.end(), words[0]) != verbs.end()) return;
  const std::string file = words[0].substr(0, words[0].rfind(':'));
  if (::access(words[0].c_str(), F_OK) != 0 && ::access(file.c_str(), F_OK) != 0) return;
  words.insert(words.begin(), "show");
}

// What a shell asks while somebody types.
int run_complete(CLI::App& app, const std::string& line, Context& context) {
  for (const std::string& word : complete(app, line)) context.print(word);
  return finish(Exit::kDone, context);
}

int run(std::vector<std::string> words) {
  Context context;
  CLI::App app{"Open, make and check ESP32 NVS, encrypted or not. No byte is written before the key is proven.",
               "nvsafe"};
  app.set_version_flag("--version", "nvsafe " NVSAFE_VERSION);
  app.require_subcommand(0, 1);
  add_common_flags(app, context);
  register_verbs(app, context);
  for (CLI::App* verb : app.get_subcommands([](CLI::App*) { return true; })) {
    verb->fallthrough();
  }
  if (words.size() == 2 && words[0] == "__complete") return run_complete(app, words[1], context);
  const auto verbs = verb_names(app);
  name_the_verb(words, verbs);
  if (!words.empty() && !words[0].starts_with('-') && std::find(verbs.begin(), verbs.end(), words[0]) == verbs.end()) {
    context.report(unknown_verb(words[0], verbs));
    return static_cast<int>(Exit::kUsage);
  }
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    return parse_failed(app, error, context);
  }
  if (!context.run) {
    context.print_raw(app.help());
    return finish(Exit::kUsage, context);
  }
  return finish(context.run(), context);
}

// A file that is opened must not take the number of a standard stream: what is printed would go into it. The streams
// that are closed are taken up the wrong way round, so that using them is still an error.
void occupy_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0 || errno != EBADF) continue;
    if (::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) return;
  }
}

// `nvsafe as TOOL ARGUMENTS…`: everything behind the name is the tool's.
int run_as(std::vector<std::string> words) {
  if (words.size() < 2) {
    Context().report({Exit::kUsage, "as: there is no tool name", fmt::format("nvsafe as {} …", tool_names())});
    return static_cast<int>(Exit::kUsage);
  }
  const standin::Tool* tool = standin::find_tool(words[1]);
  if (tool == nullptr) {
    Context().report({Exit::kUsage, fmt::format("{} is no tool that nvsafe stands in for", words[1]),
                      fmt::format("nvsafe as {} …", tool_names())});
    return static_cast<int>(Exit::kUsage);
  }
  words.erase(words.begin(), words.begin() + 2);
  return tool->run(words);
}

// Nothing here throws on purpose; memory may be short all the same.
int run_guarded(int argc, char** argv) {
  try {
    std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    if (const standin::Tool* tool = argc > 0 ? standin::find_tool(argv[0]) : nullptr) return tool->run(words);
    return !words.empty() && words[0] == "as" ? run_as(std::move(words)) : run(std::move(words));
  } catch (const std::exception& error) {
    Context().report({Exit::kIo, error.what(), ""});
    return static_cast<int>(Exit::kIo);
  }
}

}  // namespace
}  // namespace nvsafe::cli

int main(int argc, char** argv) {
  nvsafe::cli::occupy_closed_streams();
  return nvsafe::cli::run_guarded(argc, argv);
}
