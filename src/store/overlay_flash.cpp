#include "store/overlay_flash.hpp"

#include <algorithm>
#include <cstring>

#include "base/erased.hpp"
#include "flash/range.hpp"
#include "format/entry_state.hpp"
#include "format/page_header.hpp"

namespace nvsafe::store {
namespace {

using format::EntryState;
using format::kEntryCount;
using format::kEntrySize;
using format::kPageSize;

static_assert(kPageSize == Flash::kSectorSize);

constexpr std::uint8_t kZeros[512] = {};

void describe_header(std::uint32_t at, std::span<const std::uint8_t> data, PlanStep& step) {
  if (at == 0 && data.size() == format::kPageHeaderSize) step.kind = StepKind::kStartPage;
  if (at + data.size() <= sizeof(format::PageState)) step.kind = StepKind::kSetPageState;
  if (at == format::kPageHeaderCrcOffset && is_zero(data)) step.kind = StepKind::kRetirePage;
}

void describe_marks(std::uint32_t at, std::span<const std::uint8_t> before, std::span<const std::uint8_t> data,
                    PlanStep& step) {
  std::array<std::uint8_t, format::kBitmapSize> old;
  old.fill(0xFF);
  std::array<std::uint8_t, format::kBitmapSize> now = old;
  std::copy(before.begin(), before.end(), old.begin() + at);
  std::copy(data.begin(), data.end(), now.begin() + at);
  for (std::uint32_t i = 0; i < kEntryCount; ++i) {
    const EntryState state = format::entry_state(now, i);
    if (state == format::entry_state(old, i)) continue;
    if (step.entry_count++ > 0) continue;
    step.entry_index = static_cast<std::uint8_t>(i);
    step.kind = state == EntryState::kWritten ? StepKind::kMarkWritten : StepKind::kMarkErased;
  }
}

void describe_entries(std::uint32_t at, std::span<const std::uint8_t> data, PlanStep& step) {
  step.kind = is_zero(data) ? StepKind::kZeroEntries : StepKind::kWriteEntries;
  step.entry_index = static_cast<std::uint8_t>(at / kEntrySize);
  const auto last = static_cast<std::uint32_t>(at + data.size() - 1) / kEntrySize;
  step.entry_count = static_cast<std::uint8_t>(last - at / kEntrySize + 1);
}

// `before`: what stood there. Data that reach over more than one part of a page are kOther.
PlanStep describe(std::uint32_t offset, std::span<const std::uint8_t> before, std::span<const std::uint8_t> data) {
  PlanStep step;
  step.page_index = offset / kPageSize;
  step.offset = offset;
  step.size = static_cast<std::uint32_t>(data.size());
  const std::uint32_t first = offset % kPageSize;
  const std::size_t end = first + data.size();
  if (end <= format::kBitmapOffset) {
    describe_header(first, data, step);
  } else if (first >= format::kBitmapOffset && end <= format::kEntriesOffset) {
    describe_marks(first - format::kBitmapOffset, before, data, step);
  } else if (first >= format::kEntriesOffset && end <= format::kEntriesOffset + kEntryCount * kEntrySize) {
    describe_entries(first - format::kEntriesOffset, data, step);
  }
  return step;
}

}  // namespace

// --- PlanSteps

std::span<const std::uint8_t> PlanSteps::bytes_of(const PlanStep& step) const {
  if (step.kind == StepKind::kErasePage) return {};
  if (step.data_at == kNoPlace) return std::span(kZeros).first(step.size);
  return bytes_.span().subspan(step.data_at, step.size);
}

// Zeros need no room: a mount with a wrong key may program tens of thousands of entries with them.
bool PlanSteps::add(PlanStep step, std::span<const std::uint8_t> data) {
  const std::size_t size_before = bytes_.size();
  if (data.size() > sizeof(kZeros) || !is_zero(data)) {
    step.data_at = static_cast<std::uint32_t>(size_before);
    for (const std::uint8_t byte : data) {
      if (bytes_.push_back(byte)) continue;
      while (bytes_.size() > size_before) bytes_.pop_back();
      return false;
    }
  }
  if (steps_.push_back(step)) return true;
  while (bytes_.size() > size_before) bytes_.pop_back();
  return false;
}

Result<void> PlanSteps::apply(Flash& flash) const {
  for (const PlanStep& step : steps_) {
    if (step.kind == StepKind::kErasePage) {
      NVSAFE_TRY(flash.erase_sector(step.offset));
    } else {
      NVSAFE_TRY(flash.program(step.offset, bytes_of(step)));
    }
  }
  return {};
}

// --- OverlayFlash

OverlayFlash::~OverlayFlash() {
  for (std::uint8_t* sector : sectors_) {
    if (sector != nullptr) allocator_->release(sector, kSectorSize);
  }
}

Result<void> OverlayFlash::read_through(std::uint32_t offset, std::span<std::uint8_t> out) {
  NVSAFE_TRY(flash::check_range(size(), offset, out.size()));
  if (sectors_.empty()) return base_.read(offset, out);
  while (!out.empty()) {
    const std::uint32_t within = offset % kSectorSize;
    const std::size_t count = std::min<std::size_t>(out.size(), kSectorSize - within);
    const std::uint8_t* sector = sectors_[offset / kSectorSize];
    if (sector == nullptr) {
      NVSAFE_TRY(base_.read(offset, out.first(count)));
    } else {
      std::memcpy(out.data(), sector + within, count);
    }
    out = out.subspan(count);
    offset += static_cast<std::uint32_t>(count);
  }
  return {};
}

Result<std::uint8_t*> OverlayFlash::changed_sector(std::uint32_t sector) {
  if (sectors_.empty() && !sectors_.resize(size() / kSectorSize)) return fail(ErrorCode::kNoMemory);
  if (sectors_[sector] != nullptr) return sectors_[sector];
  auto* bytes = static_cast<std::uint8_t*>(allocator_->allocate(kSectorSize));
  if (bytes == nullptr) return fail(ErrorCode::kNoMemory);
  if (const auto read = base_.read(sector * kSectorSize, std::span(bytes, kSectorSize)); !read) {
    allocator_->release(bytes, kSectorSize);
    return read.failed();
  }
  sectors_[sector] = bytes;
  return bytes;
}

Result<void> OverlayFlash::program_sectors(std::uint32_t offset, std::span<const std::uint8_t> data) {
  NVSAFE_TRY(flash::check_range(size(), offset, data.size()));
  while (!data.empty()) {
    const std::size_t count = std::min<std::size_t>(data.size(), kSectorSize - offset % kSectorSize);
    NVSAFE_TRY(program_sector(offset, data.first(count)));
    data = data.subspan(count);
    offset += static_cast<std::uint32_t>(count);
  }
  return {};
}

Result<void> OverlayFlash::program_sector(std::uint32_t offset, std::span<const std::uint8_t> data) {
  const auto sector = changed_sector(offset / kSectorSize);
  if (!sector) return sector.failed();
  const auto target = std::span(*sector, kSectorSize).subspan(offset % kSectorSize, data.size());
  for (std::size_t i = 0; i < data.size(); ++i) {
    if ((data[i] & ~target[i]) != 0) return fail(ErrorCode::kFlashRule);
  }
  if (!steps_.add(describe(offset, target, data), data)) return fail(ErrorCode::kNoMemory);
  std::copy(data.begin(), data.end(), target.begin());
  return {};
}

Result<void> OverlayFlash::erase_in_memory(std::uint32_t offset) {
  if (offset % kSectorSize != 0) return fail(ErrorCode::kFlashRule);
  NVSAFE_TRY(flash::check_range(size(), offset, kSectorSize));
  const auto sector = changed_sector(offset / kSectorSize);
  if (!sector) return sector.failed();
  PlanStep step;
  step.kind = StepKind::kErasePage;
  step.page_index = offset / kPageSize;
  step.offset = offset;
  step.size = kSectorSize;
  if (!steps_.add(step, {})) return fail(ErrorCode::kNoMemory);
  std::memset(*sector, 0xFF, kSectorSize);
  return {};
}

}  // namespace nvsafe::store
