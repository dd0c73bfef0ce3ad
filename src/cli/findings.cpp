#include "cli/findings.hpp"

#include "image/finding_text.hpp"

namespace nvsafe::cli {

bool tell_findings(const store::Store& store, const Context& context) {
  bool has_errors = false;
  for (const store::Finding& finding : store.findings()) {
    const auto severity = image::severity_of(finding.code);
    has_errors |= severity == image::FindingSeverity::kError;
    if (context.is_json || (severity == image::FindingSeverity::kNote && !context.is_verbose)) continue;
    const std::string line = fmt::format("{}: {} {}", image::to_string(severity), image::finding_name(finding.code),
                                         image::describe(finding));
    severity == image::FindingSeverity::kNote ? context.note(line) : context.alert(line);
  }
  if (const std::uint32_t left_out = store.statistics().findings_left_out; left_out > 0 && !context.is_json) {
    context.alert(fmt::format("{} more findings are not listed", left_out));
  }
  return has_errors;
}

}  // namespace nvsafe::cli
