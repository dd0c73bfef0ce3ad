#include "store/mount_plan.hpp"

#include "store/store.hpp"

namespace nvsafe::store {
namespace {

// What says something about the device, not about the partition.
bool is_device_error(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNoMemory:
    case ErrorCode::kOutOfRange:
    case ErrorCode::kFlashIo:
    case ErrorCode::kFlashRule:
    case ErrorCode::kPowerLost:
    case ErrorCode::kProvider:
    case ErrorCode::kBadSize:
      return true;
    default:
      return false;
  }
}

// A value, read whole; what has no bytes beside its entry is compared by that.
Result<bool> read_item(Store& store, const ItemInfo& item, Buffer<std::uint8_t>& out) {
  out.clear();
  const bool has_value = is_known(item.type);
  if (!out.resize(has_value ? item.size : item.entry.data.size())) return fail(ErrorCode::kNoMemory);
  if (!has_value) {
    std::copy(item.entry.data.begin(), item.entry.data.end(), out.begin());
    return true;
  }
  const auto read = store.read_value(item, out.span());
  if (!read && is_device_error(read.error().code)) return read.failed();
  return read.ok();
}

// Found by its name, or by the index of a namespace that no name defines.
Result<bool> find_item(Store& store, const Name& namespace_name, std::uint8_t namespace_index, const Name& key,
                       ItemInfo& out) {
  if (!namespace_name.empty()) {
    const auto index = store.namespace_index(namespace_name);
    if (!index) return index.error().code == ErrorCode::kNotFound ? Result<bool>(false) : index.failed();
    namespace_index = *index;
  }
  auto found = store.find(namespace_index, key);
  if (found) {
    out = *found;
    return true;
  }
  if (is_device_error(found.error().code)) return found.failed();
  return false;
}

class Comparison {
 public:
  Comparison(Store& before, Store* after, Allocator& allocator)
      : before_(before), after_(after), old_value_(allocator), new_value_(allocator) {}

  Result<void> run(Losses& losses, FunctionRef<Result<void>(const Loss&)> on_loss) {
    return before_.for_each_item([&](const ItemInfo& item) -> Result<void> {
      const Loss loss{item.namespace_index, before_.namespace_name(item.namespace_index), item.key, item.type};
      const auto was_readable = read_before(loss);
      if (!was_readable) return was_readable.failed();
      if (!*was_readable) return {};
      ++losses.item_count;
      const auto is_there = is_kept(loss);
      if (!is_there) return is_there.failed();
      if (*is_there) return {};
      ++losses.lost_count;
      return on_loss(loss);
    });
  }

 private:
  Result<bool> read_before(const Loss& loss) {
    const auto found = find_item(before_, loss.namespace_name, loss.namespace_index, loss.key, old_item_);
    if (!found || !*found) return found.ok() ? Result<bool>(false) : found.failed();
    return read_item(before_, old_item_, old_value_);
  }
  Result<bool> is_kept(const Loss& loss) {
    if (after_ == nullptr) return false;
    ItemInfo item;
    const auto found = find_item(*after_, loss.namespace_name, loss.namespace_index, loss.key, item);
    if (!found || !*found) return found.ok() ? Result<bool>(false) : found.failed();
    if (item.type != old_item_.type) return false;
    const auto read = read_item(*after_, item, new_value_);
    if (!read || !*read) return read.ok() ? Result<bool>(false) : read.failed();
    return std::equal(old_value_.begin(), old_value_.end(), new_value_.begin(), new_value_.end());
  }

  Store& before_;
  Store* after_;  // nullptr: it does not open any more
  ItemInfo old_item_;
  Buffer<std::uint8_t> old_value_;
  Buffer<std::uint8_t> new_value_;
};

}  // namespace

Result<MountPlan> plan_mount(Flash& flash, Allocator& allocator, const format::EntryCipher* cipher, Policy policy) {
  OverlayFlash overlay(flash, allocator);
  if (policy != Policy::kNeverDestroy) {
    const auto outcome = mount_as_release(overlay, allocator, cipher, traits_of(policy));
    if (!outcome) return outcome.failed();
    return MountPlan{*outcome, {}, overlay.take_steps()};
  }
  Statistics statistics;
  const auto mounted = Store::mount(overlay, allocator, cipher, {}, statistics);
  if (mounted) return MountPlan{MountOutcome::kMounted, {}, overlay.take_steps()};
  if (is_device_error(mounted.error().code)) return mounted.failed();
  return MountPlan{MountOutcome::kRefused, mounted.error(), overlay.take_steps()};
}

Effects effects_of(const MountPlan& plan) {
  Effects effects;
  for (const PlanStep& step : plan.steps.span()) {
    effects.erased_pages += step.kind == StepKind::kErasePage ? 1 : 0;
    effects.started_pages += step.kind == StepKind::kStartPage ? 1 : 0;
    if (step.kind == StepKind::kMarkErased) effects.erased_entries += step.entry_count;
    if (step.kind == StepKind::kZeroEntries) effects.zeroed_entries += step.entry_count;
    if (step.kind == StepKind::kMarkWritten) effects.copied_entries += step.entry_count;
  }
  return effects;
}

Result<Losses> losses_of(const MountPlan& plan, Flash& flash, Allocator& allocator, const format::EntryCipher* cipher,
                         FunctionRef<Result<void>(const Loss&)> on_loss) {
  Losses losses;
  OverlayFlash changed(flash, allocator);
  NVSAFE_TRY(plan.apply(changed));
  Statistics statistics;
  auto before = Store::open(flash, allocator, cipher, statistics);
  losses.written_entries_before = statistics.written_entries;
  if (!before && is_device_error(before.error().code)) return before.failed();
  auto after = Store::open(changed, allocator, cipher, statistics);
  losses.written_entries_after = statistics.written_entries;
  if (!after && is_device_error(after.error().code)) return after.failed();
  if (!before) {
    losses.error = before.error();
    return losses;
  }
  NVSAFE_TRY(Comparison(*before, after ? &*after : nullptr, allocator).run(losses, on_loss));
  return losses;
}

}  // namespace nvsafe::store
