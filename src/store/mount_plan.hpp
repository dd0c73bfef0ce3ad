// What a mount would do, before it does it: a list of steps under a policy, what is lost by them, and performing them.
// preflight, check, repair and the virtual chip are this with other policies. docs/DESIGN.md, release policies.
#pragma once

#include <cstdint>

#include "base/allocator.hpp"
#include "base/function_ref.hpp"
#include "format/entry_cipher.hpp"
#include "nvsafe/flash.hpp"
#include "nvsafe/name.hpp"
#include "nvsafe/value_type.hpp"
#include "store/overlay_flash.hpp"
#include "store/policy.hpp"
#include "store/release_mount.hpp"

namespace nvsafe::store {

struct MountPlan {
  MountOutcome outcome = MountOutcome::kMounted;
  Error refusal;  // why, when outcome is kRefused
  PlanSteps steps;

  // Performs the plan, also one whose outcome is no mount: firmware, too, has done that much when it gives up. A power
  // cut here leaves what a cut of the mount itself leaves, since the calls are the same. Requires: the flash as it was
  // when the plan was made. Errors: those of `flash`.
  Result<void> apply(Flash& flash) const { return steps.apply(flash); }
};

// What a mount of `flash` with `cipher` (nullptr: as not encrypted) would do; nothing is programmed. Under
// kNeverDestroy it is what Store::mount() would do, and a refusal has no steps. `allocator` must outlive the plan.
// Errors: kBadSize, kNoMemory, kFlashIo, kProvider.
Result<MountPlan> plan_mount(Flash& flash, Allocator& allocator, const format::EntryCipher* cipher, Policy policy);

// The steps of a plan, counted.
struct Effects {
  std::uint32_t erased_entries = 0;  // marked so
  std::uint32_t zeroed_entries = 0;
  std::uint32_t copied_entries = 0;
  std::uint32_t started_pages = 0;
  std::uint32_t erased_pages = 0;
};
[[nodiscard]] Effects effects_of(const MountPlan& plan);

// A live item whose value would no longer be there.
struct Loss {
  std::uint8_t namespace_index = 0;
  Name namespace_name;  // empty when no entry defines the index
  Name key;
  ValueType type = ValueType::kU8;
};

struct Losses {
  Error error;                               // why it does not open before; kNone: it does, and items are compared
  std::uint32_t item_count = 0;              // readable before
  std::uint32_t lost_count = 0;              // of these, not readable afterwards, or with another value
  std::uint32_t written_entries_before = 0;  // by their marks; known also when no key opens it
  std::uint32_t written_entries_after = 0;
};

// What `plan` takes away from whoever has `cipher`, the key that truly opens the partition. Calls `on_loss` for each
// item, in order of age. Errors: kNoMemory, kFlashIo, kProvider, and what `on_loss` returns.
Result<Losses> losses_of(const MountPlan& plan, Flash& flash, Allocator& allocator, const format::EntryCipher* cipher,
                         FunctionRef<Result<void>(const Loss&)> on_loss);

}  // namespace nvsafe::store
