// nvsafe audit: many devices side by side, without their keys.
#include "doctor/audit.hpp"

#include <map>

#include "cli/input.hpp"
#include "cli/listing.hpp"
#include "host/files.hpp"
#include "text/printable.hpp"

namespace nvsafe::cli {
namespace {

using doctor::AuditedPartition;

struct AuditArguments {
  std::vector<std::string> files;
  PartitionOptions partition;
};

class AuditVerb {
 public:
  AuditVerb(const AuditArguments& arguments, Context& context)
      : arguments_(arguments), context_(context), audit_(context.allocator) {}

  Outcome<Exit> run() {
    for (const std::string& argument : arguments_.files) {
      if (!host::is_directory(argument) || is_chip_folder(argument)) {
        NVSAFE_TRY(add(argument));
        continue;
      }
      auto names = host::list_directory(argument);
      if (!names) return names.failed();
      for (const std::string& name : *names) NVSAFE_TRY(add(name));
    }
    const auto result = audit_.finish();
    bool has_problem = false;
    bool has_finding = false;
    for (const AuditedPartition& one : result.partitions) {
      if (!one.problem.empty()) context_.report({Exit::kBadInput, one.problem, ""});
      has_problem = has_problem || !one.problem.empty();
      has_finding = has_finding || !one.findings.empty();
    }
    context_.is_json ? print_json(result) : tell(result);
    return has_finding ? Exit::kNo : has_problem ? Exit::kBadInput : Exit::kDone;
  }

 private:
  Outcome<void> add(const std::string& file) {
    auto source = read_source(file, arguments_.partition);
    if (!source && source.error().exit == Exit::kIo) return source.failed();
    if (!source) {
      audit_.add_problem(file, source.error().what);
      return {};
    }
    return audit_.add(**source);
  }

  static std::string findings_text(const AuditedPartition& one) {
    if (!one.problem.empty()) return one.problem;
    std::string text;
    for (const doctor::Code code : one.findings) {
      text += (text.empty() ? "" : ", ") + doctor::code_name(code);
    }
    return text;
  }

  void tell(const doctor::Audit::Result& result) {
    const std::vector<Column> columns = {{"FILE", false},   {"PARTITION", false}, {"PROTECTION", false},
                                         {"ENTRIES", true}, {"SECRETS", true},    {"RESIDUE", true},
                                         {"KEY", true},     {"FINDINGS", false}};
    std::vector<std::vector<std::string>> rows;
    std::map<doctor::Code, std::size_t> counts;
    for (const AuditedPartition& one : result.partitions) {
      const bool is_read = one.problem.empty();
      for (const doctor::Code code : one.findings) ++counts[code];
      rows.push_back(
          {text::printable(one.file), text::printable(one.name), is_read ? std::string(to_string(one.protection)) : "?",
           is_read ? std::to_string(one.written_entries) : "", is_read ? std::to_string(one.secret_count) : "",
           is_read ? std::to_string(one.residue_secret_count) : "",
           one.key_group == 0 ? "" : std::to_string(one.key_group), text::printable(findings_text(one))});
    }
    print_table(columns, rows, context_);
    for (const auto& [code, count] : counts) {
      context_.print(fmt::format("{}  {}: {} of {}", doctor::code_name(code), doctor::text_of(code).title, count,
                                 counted(result.partitions.size(), "partition")));
    }
    if (counts.empty()) context_.print("nothing found");
    if (result.key_group_count > 0) {
      context_.print(
          "Partitions with one number under KEY hold equal ciphertext at equal places: whoever opens one opens all of "
          "them.");
    }
  }

  void print_json(const doctor::Audit::Result& result) {
    text::Json list = text::Json::array();
    for (const AuditedPartition& one : result.partitions) {
      text::Json findings = text::Json::array();
      for (const doctor::Code code : one.findings) findings.add(doctor::code_name(code));
      text::Json json = text::Json::object();
      json.set("file", one.file).set("partition", one.name.empty() ? text::Json(nullptr) : text::Json(one.name));
      if (!one.problem.empty()) {
        json.set("problem", one.problem);
        list.add(std::move(json));
        continue;
      }
      json.set("protection", to_string(one.protection))
          .set("entries_written", one.written_entries)
          .set("secrets", one.secret_count)
          .set("residue_secrets", one.residue_secret_count)
          .set("key_group", one.key_group == 0 ? text::Json(nullptr) : text::Json(one.key_group))
          .set("findings", std::move(findings));
      list.add(std::move(json));
    }
    context_.print_json(text::Json::object()
                            .set("version", 1)
                            .set("key_groups", result.key_group_count)
                            .set("partitions", std::move(list)));
  }

  const AuditArguments& arguments_;
  Context& context_;
  doctor::Audit audit_;
};

}  // namespace

void register_audit(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<AuditArguments>();
  CLI::App& verb = *app.add_subcommand("audit", "Many devices side by side: shared keys, plain secrets; no key needed");
  verb.add_option("files", arguments->files, "Images, dumps, chip folders, or folders of them")
      ->required()
      ->type_name("FILE|DIR");
  arguments->partition.add_table_offset_to(verb);
  arguments->partition.add_flash_to(verb);
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return AuditVerb(*arguments, context).run(); }; });
}

}  // namespace nvsafe::cli
