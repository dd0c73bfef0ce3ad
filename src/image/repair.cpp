#include "image/repair.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "image/contents.hpp"
#include "image/finding_text.hpp"
#include "image/page_view.hpp"
#include "nvsafe/memory_flash.hpp"
#include "store/mount_plan.hpp"

namespace nvsafe::image {
namespace {

using format::kPageSize;
using text::Exit;
using text::Outcome;
using text::problem;

using Bytes = std::vector<std::uint8_t>;

struct Value {
  std::optional<std::string> namespace_name;
  ValueType type;
  Bytes bytes;

  // The same after a repair, which may have found the name of the namespace.
  [[nodiscard]] bool is_kept_as(const Value& after) const {
    return (!namespace_name || namespace_name == after.namespace_name) && type == after.type && bytes == after.bytes;
  }
};
// What reads, by namespace index and key.
using Values = std::map<std::pair<std::uint8_t, std::string>, Value>;

Outcome<Values> values_of(store::Store& store) {
  auto contents = read_contents(store);
  if (!contents) return contents.failed();
  Values values;
  for (Item& item : contents->items) {
    if (!item.has_value()) continue;
    values[{item.namespace_index, item.key}] = {item.namespace_name, item.type, std::move(item.bytes)};
  }
  return values;
}

std::string entries_text(std::uint32_t first, std::uint32_t count) {
  return count == 1 ? fmt::format("entry {}", first) : fmt::format("entries {} to {}", first, first + count - 1);
}

class Repair {
 public:
  Repair(std::span<const std::uint8_t> bytes, OpenedPartition& partition, Allocator& allocator)
      : partition_(partition), allocator_(allocator) {
    repaired_.bytes.assign(bytes.begin(), bytes.end());
  }

  Outcome<Repaired> run() {
    auto before = values_of(*partition_.store);
    if (!before) return before.failed();
    before_ = std::move(*before);
    for (std::uint32_t i = 0; i < repaired_.bytes.size() / kPageSize; ++i) NVSAFE_TRY(repair_header(i));
    NVSAFE_TRY(carry_out_mount());
    auto after = read_again(repaired_.bytes);
    if (!after) return after.failed();
    if (!are_kept(*after)) {
      return problem(Exit::kBadInput, "a value would be lost by this repair",
                     "this is a fault in nvsafe: please report it");
    }
    for (const auto& [name, value] : *after) {
      if (before_.contains(name)) continue;
      repaired_.brought_back.push_back(value.namespace_name.value_or(fmt::format("?{}", name.first)) + '/' +
                                       name.second);
    }
    repaired_.key_count_before = static_cast<std::uint32_t>(before_.size());
    repaired_.key_count_after = static_cast<std::uint32_t>(after->size());
    return std::move(repaired_);
  }

 private:
  [[nodiscard]] const format::EntryCipher* cipher() const { return partition_.cipher ? &*partition_.cipher : nullptr; }

  void add_step(std::uint32_t page_index, std::string text, std::uint32_t entry_index = kNoPlace,
                std::uint32_t entry_count = 0) {
    const std::string where = entry_index == kNoPlace
                                  ? fmt::format("page {}", page_index)
                                  : fmt::format("page {}, {}", page_index, entries_text(entry_index, entry_count));
    repaired_.steps.push_back({where + ": " + text, page_index, entry_index, entry_count});
  }

  [[nodiscard]] bool are_kept(const Values& after) const {
    return std::all_of(before_.begin(), before_.end(), [&](const auto& each) {
      const auto found = after.find(each.first);
      return found != after.end() && each.second.is_kept_as(found->second);
    });
  }

  // --- Pages that lost their header

  Outcome<void> repair_header(std::uint32_t page_index) {
    const auto raw = std::span(repaired_.bytes).subspan(std::size_t{page_index} * kPageSize, kPageSize);
    const format::EntryCipher* const ciphers[] = {cipher()};
    const auto view = view_page(page_index, raw, ciphers);
    if (!view) return core_failed(view.error());
    if (view->kind != store::PageKind::kDamaged && view->kind != store::PageKind::kDirty) return {};
    const std::uint32_t written = view->count(format::EntryState::kWritten);
    if (written == 0) return {};  // free for use as it is
    const auto decodes = [](const RawItem& item) {
      return item.state == format::EntryState::kWritten && item.is_whole();
    };
    const auto count = std::count_if(view->items.begin(), view->items.end(), decodes);
    if (count == 0) {
      std::fill(raw.begin(), raw.end(), std::uint8_t{0xFF});
      add_step(page_index,
               fmt::format("erased: its header is damaged, and none of its {} written entries decodes", written));
      return {};
    }
    Bytes tried = repaired_.bytes;
    put_oldest_header(tried, page_index, *view);
    auto after = read_again(tried);
    if (!after) return after.failed();
    if (!are_kept(*after)) {
      repaired_.left.push_back(fmt::format(
          "page {}: its header is damaged, and its {} items cannot come back without hiding values that read now",
          page_index, count));
      return {};
    }
    repaired_.bytes = std::move(tried);
    add_step(page_index, fmt::format("its header is damaged: gets a new one, so that its {} items count again where no "
                                     "other page has the key",
                                     count));
    return {};
  }

  // Behind it in age comes every page in use, whose numbers grow by one if there is none below theirs.
  void put_oldest_header(Bytes& bytes, std::uint32_t page_index, const PageView& view) {
    std::uint32_t oldest = 0xFFFFFFFF;
    for_each_header_in_use(bytes,
                           [&](const format::PageHeader& header, auto) { oldest = std::min(oldest, header.sequence); });
    if (oldest == 0) {
      for_each_header_in_use(bytes, [](format::PageHeader header, auto at) {
        ++header.sequence;
        format::encode_page_header(header, at);
      });
      oldest = 1;
    }
    const bool is_version_1 = view.header.version == format::kVersion1 && view.is_header_crc_right;
    const format::PageHeader header{format::PageState::kFull, oldest == 0xFFFFFFFF ? 0 : oldest - 1,
                                    is_version_1 ? format::kVersion1 : format::kVersion2};
    format::encode_page_header(header, header_at(bytes, page_index));
  }

  static std::span<std::uint8_t, format::kPageHeaderSize> header_at(Bytes& bytes, std::uint32_t page_index) {
    return std::span(bytes).subspan(std::size_t{page_index} * kPageSize).first<format::kPageHeaderSize>();
  }
  template <typename Visit>
  static void for_each_header_in_use(Bytes& bytes, Visit visit) {
    for (std::uint32_t i = 0; i < bytes.size() / kPageSize; ++i) {
      const auto at = header_at(bytes, i);
      const format::PageHeader header = format::decode_page_header(at);
      if (is_in_use(header.state) && header.crc == format::page_header_crc(at)) visit(header, at);
    }
  }

  // --- What a mount does

  Outcome<void> carry_out_mount() {
    MemoryFlash flash(repaired_.bytes);
    store::Statistics statistics;
    auto opened = store::Store::open(flash, allocator_, cipher(), statistics);
    if (!opened) return core_failed(opened.error());
    if (auto checked = opened->check(); !checked) return core_failed(checked.error());
    for (const store::Finding& finding : opened->findings()) note_reason(finding);
    auto plan = store::plan_mount(flash, allocator_, cipher(), store::Policy::kNeverDestroy);
    if (!plan) {
      if (plan.error().code != ErrorCode::kBadSize) return core_failed(plan.error());
      repaired_.left.push_back("a partition below 0x3000 bytes is not written to");
    } else if (plan->outcome == store::MountOutcome::kRefused) {
      repaired_.left.push_back(fmt::format("nothing else is touched: {}", describe(plan->refusal.code)));
    } else {
      for (const store::PlanStep& step : plan->steps.span()) describe_step(step, plan->steps.bytes_of(step));
      if (const auto done = plan->apply(flash); !done) return core_failed(done.error());
    }
    return note_left();
  }

  void note_reason(const store::Finding& finding) {
    if (finding.entry_index == kNoPlace) return;
    reasons_.emplace(std::pair(finding.page_index, finding.entry_index), describe(finding));
  }
  // " (an older copy of a key that is live elsewhere)", without the place.
  [[nodiscard]] std::string reason_at(std::uint32_t page_index, std::uint32_t entry_index) const {
    const auto found = reasons_.find({page_index, entry_index});
    if (found == reasons_.end()) return "";
    const std::size_t colon = found->second.find(": ");
    return ": " + (colon == std::string::npos ? found->second : found->second.substr(colon + 2));
  }

  void describe_step(const store::PlanStep& step, std::span<const std::uint8_t> data) {
    const auto add = [&](const std::string& text) {
      add_step(step.page_index, text, step.entry_index, step.entry_count);
    };
    switch (step.kind) {
      case store::StepKind::kErasePage:
        return add_step(step.page_index, "erased: nothing that counts is on it any more");
      case store::StepKind::kStartPage:
        return add_step(step.page_index, "taken into use");
      case store::StepKind::kSetPageState:
        return add_step(step.page_index, data.empty() || data[0] != 0xF8 ? "marked full" : "marked as being collected");
      case store::StepKind::kMarkWritten:
        return add("copied here");
      case store::StepKind::kMarkErased:
        return add("marked erased" + reason_at(step.page_index, step.entry_index));
      case store::StepKind::kZeroEntries:
        return add("overwritten with zeros" + reason_at(step.page_index, step.entry_index));
      case store::StepKind::kWriteEntries:  // their marks follow
      case store::StepKind::kRetirePage:    // the erase follows
      case store::StepKind::kOther:
        return;
    }
  }

  Outcome<void> note_left() {
    flash::SpanFlash flash(repaired_.bytes);
    store::Statistics statistics;
    auto opened = store::Store::open(flash, allocator_, cipher(), statistics);
    if (!opened) return core_failed(opened.error());
    if (auto checked = opened->check(); !checked) return core_failed(checked.error());
    for (const store::Finding& finding : opened->findings()) {
      if (severity_of(finding.code) == FindingSeverity::kError) repaired_.left.push_back(describe(finding));
    }
    return {};
  }

  Outcome<Values> read_again(const Bytes& bytes) {
    flash::SpanFlash flash(bytes);
    store::Statistics statistics;
    auto opened = store::Store::open(flash, allocator_, cipher(), statistics);
    if (!opened) return core_failed(opened.error());
    return values_of(*opened);
  }

  OpenedPartition& partition_;
  Allocator& allocator_;
  Values before_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::string> reasons_;  // by page and entry
  Repaired repaired_;
};

}  // namespace

Outcome<Repaired> repair(std::span<const std::uint8_t> bytes, OpenedPartition& partition, Allocator& allocator) {
  return Repair(bytes, partition, allocator).run();
}

}  // namespace nvsafe::image
