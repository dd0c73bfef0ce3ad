#include "sim/nor.hpp"

#include <algorithm>

#include "flash/range.hpp"
#include "nvsafe/assert.hpp"
#include "sim/tear.hpp"

namespace nvsafe::sim {
namespace {

// Adds a call of `size` bytes to the total and to each sector it touches.
template <typename Add>
void count_range(std::uint32_t offset, std::uint32_t size, NorCounts& total, std::span<NorCounts> sectors, Add add) {
  add(total, size);
  while (size > 0) {
    const std::uint32_t in_sector = std::min(size, Flash::kSectorSize - offset % Flash::kSectorSize);
    add(sectors[offset / Flash::kSectorSize], in_sector);
    offset += in_sector;
    size -= in_sector;
  }
}

}  // namespace

void Nor::set_bytes(std::span<std::uint8_t> bytes) {
  NVSAFE_ASSERT(bytes.size() % kSectorSize == 0 && bytes.size() <= 0xFFFFFFFF);
  bytes_ = bytes;
  by_sector_.resize(bytes.size() / kSectorSize);
  if (settings_.checks_entries) entry_rule_.emplace(bytes);
}

Result<void> Nor::refuse(ErrorCode code) {
  ++total_.refusals;
  return fail(code);
}

Result<void> Nor::read(std::uint32_t offset, std::span<std::uint8_t> out) {
  if (!is_powered_) return fail(ErrorCode::kPowerLost);
  if (!flash::is_in_range(size(), offset, out.size())) return refuse(ErrorCode::kOutOfRange);
  count_range(offset, static_cast<std::uint32_t>(out.size()), total_, by_sector_, [](NorCounts& counts, auto bytes) {
    ++counts.read_calls;
    counts.read_bytes += bytes;
  });
  std::copy_n(bytes_.begin() + offset, out.size(), out.begin());
  if (!marginal_.empty()) marginal_.disturb(offset, out);
  return {};
}

bool Nor::breaks_rule(std::uint32_t offset, std::span<const std::uint8_t> data) const {
  if (settings_.is_read_only) return true;
  for (std::size_t i = 0; i < data.size(); ++i) {
    if ((data[i] & ~bytes_[offset + i]) != 0) return true;
  }
  return entry_rule_ && !entry_rule_->allows(offset, data);
}

Result<void> Nor::program(std::uint32_t offset, std::span<const std::uint8_t> data) {
  if (!is_powered_) return fail(ErrorCode::kPowerLost);
  if (!flash::is_in_range(size(), offset, data.size())) return refuse(ErrorCode::kOutOfRange);
  if (breaks_rule(offset, data)) return refuse(ErrorCode::kFlashRule);
  if (data.empty()) return {};
  // A marginal bit is stored as 1 and stays marginal under a 1, so that data alone says what is left.
  scratch_.assign(data.begin(), data.end());
  return perform({OperationKind::kProgram, offset, static_cast<std::uint32_t>(data.size())});
}

Result<void> Nor::erase_sector(std::uint32_t offset) {
  if (!is_powered_) return fail(ErrorCode::kPowerLost);
  if (settings_.is_read_only || offset % kSectorSize != 0) return refuse(ErrorCode::kFlashRule);
  if (!flash::is_in_range(size(), offset, kSectorSize)) return refuse(ErrorCode::kOutOfRange);
  scratch_.assign(kSectorSize, 0xFF);
  return perform({OperationKind::kErase, offset, kSectorSize});
}

Result<void> Nor::perform(const Operation& operation) {
  const bool is_cut = plan_ && plan_->operation == operation_count_;
  ++operation_count_;
  if (keeps_operations_) operations_.push_back(operation);
  if (!is_cut || plan_->fault != Fault::kBefore) count(operation);
  if (!is_cut) {
    finish(operation);
    return {};
  }
  tear(operation, *plan_);
  plan_.reset();
  is_powered_ = false;
  return fail(ErrorCode::kPowerLost);
}

void Nor::finish(const Operation& operation) {
  std::copy(scratch_.begin(), scratch_.end(), bytes_.begin() + operation.offset);
  if (!marginal_.empty()) {
    const bool is_erase = operation.kind == OperationKind::kErase;
    for (std::uint32_t i = 0; i < operation.size; ++i) {
      const std::uint32_t offset = operation.offset + i;
      const std::uint8_t left = is_erase ? std::uint8_t{0} : scratch_[i];
      marginal_.set(offset, static_cast<std::uint8_t>(marginal_.at(offset) & left));
    }
  }
  if (!entry_rule_) return;
  if (operation.kind == OperationKind::kErase) {
    entry_rule_->learn(bytes_, operation.offset, operation.size);
  } else {
    entry_rule_->note_program(operation.offset, operation.size);
  }
}

void Nor::tear(const Operation& operation, const CutPlan& plan) {
  Tear tear(plan);
  for (std::uint32_t i = 0; i < operation.size; ++i) {
    const std::uint32_t offset = operation.offset + i;
    const TornByte torn = tear.apply(i, bytes_[offset], scratch_[i]);
    bytes_[offset] = torn.value;
    marginal_.set(offset, static_cast<std::uint8_t>((marginal_.at(offset) & torn.value) | torn.marginal));
  }
  marginal_.set_seed(~plan.seed);
  // Software that starts again knows no more than what it reads.
  if (entry_rule_) entry_rule_->learn(bytes_, operation.offset, operation.size);
}

void Nor::count(const Operation& operation) {
  const bool is_erase = operation.kind == OperationKind::kErase;
  count_range(operation.offset, operation.size, total_, by_sector_, [is_erase](NorCounts& counts, auto bytes) {
    if (is_erase) {
      ++counts.erases;
    } else {
      ++counts.program_calls;
      counts.program_bytes += bytes;
    }
  });
}

void Nor::cut_at(const CutPlan& plan) {
  plan_ = plan;
  plan_->operation += operation_count_;
}

void Nor::power_on() {
  plan_.reset();
  is_powered_ = true;
}

void Nor::reset_counts() {
  total_ = {};
  std::fill(by_sector_.begin(), by_sector_.end(), NorCounts{});
}

}  // namespace nvsafe::sim
