// OverlayFlash: a flash that reads through to another one and keeps what is programmed and erased in memory, so that
// anything can be rehearsed on a device without touching it. It keeps every operation in order, and says of each what
// it does to the partition.
#pragma once

#include <cstdint>
#include <span>

#include "base/allocator.hpp"
#include "nvsafe/error.hpp"
#include "nvsafe/flash.hpp"

namespace nvsafe::store {

enum class StepKind : std::uint8_t {
  kErasePage,
  kStartPage,     // a page header
  kSetPageState,  // FULL, FREEING
  kRetirePage,    // the CRC of a page header becomes 0
  kMarkWritten,
  kMarkErased,
  kWriteEntries,
  kZeroEntries,
  kOther,  // nothing that an engine does, or a program that changes nothing
};

// One operation of a flash.
struct PlanStep {
  StepKind kind = StepKind::kOther;
  std::uint8_t entry_index = 0;  // the first entry that it changes
  std::uint8_t entry_count = 0;  // how many it changes; 0: it is about the page
  std::uint32_t page_index = 0;
  std::uint32_t offset = 0;  // bytes from the start of the partition
  std::uint32_t size = 0;    // bytes; a sector for an erase
  std::uint32_t data_at = kNoPlace;
};

// Operations in the order in which they were made, with the bytes of each.
class PlanSteps {
 public:
  explicit PlanSteps(Allocator& allocator) : steps_(allocator), bytes_(allocator) {}

  [[nodiscard]] bool empty() const { return steps_.empty(); }
  [[nodiscard]] std::span<const PlanStep> span() const { return steps_.span(); }
  // What a step programs; empty for an erase.
  [[nodiscard]] std::span<const std::uint8_t> bytes_of(const PlanStep& step) const;
  // False: no memory, nothing changed.
  [[nodiscard]] bool add(PlanStep step, std::span<const std::uint8_t> data);
  // Performs all of it on `flash`: the same calls, in the same order. Errors: those of `flash`, at the first one.
  Result<void> apply(Flash& flash) const;

 private:
  Buffer<PlanStep> steps_;
  Buffer<std::uint8_t> bytes_;
};

class OverlayFlash final : public Flash {
 public:
  // `base` is only read, and must outlive this object, as must `allocator`.
  OverlayFlash(Flash& base, Allocator& allocator) : base_(base), sectors_(allocator), steps_(allocator) {
    allocator_ = &allocator;
  }
  OverlayFlash(const OverlayFlash&) = delete;
  OverlayFlash& operator=(const OverlayFlash&) = delete;
  ~OverlayFlash();

  [[nodiscard]] std::uint32_t size() const override { return base_.size(); }
  // The overrides are inline because the core is built without type information, and sanitizers on a host ask for it.
  Result<void> read(std::uint32_t offset, std::span<std::uint8_t> out) override { return read_through(offset, out); }
  // Errors: also kNoMemory; a refused program is not a step.
  Result<void> program(std::uint32_t offset, std::span<const std::uint8_t> data) override {
    return program_sectors(offset, data);
  }
  Result<void> erase_sector(std::uint32_t offset) override { return erase_in_memory(offset); }

  [[nodiscard]] const PlanSteps& steps() const { return steps_; }
  // The steps leave; what they changed stays.
  [[nodiscard]] PlanSteps take_steps() { return std::move(steps_); }

 private:
  Result<void> read_through(std::uint32_t offset, std::span<std::uint8_t> out);
  Result<void> program_sectors(std::uint32_t offset, std::span<const std::uint8_t> data);
  Result<void> erase_in_memory(std::uint32_t offset);
  // The sector's bytes in memory, copied from the base when that has not been done. Errors: kNoMemory, those of read().
  Result<std::uint8_t*> changed_sector(std::uint32_t sector);
  Result<void> program_sector(std::uint32_t offset, std::span<const std::uint8_t> data);

  Flash& base_;
  Allocator* allocator_;
  Buffer<std::uint8_t*> sectors_;  // by index; nullptr: as in the base
  PlanSteps steps_;
};

}  // namespace nvsafe::store
