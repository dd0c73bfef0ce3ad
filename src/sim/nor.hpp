// Nor: simulated NOR flash over bytes that somebody else holds (RamNor, FileNor). It enforces the rules of flash,
// counts every call, and can lose power before, in and after any operation.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "nvsafe/flash.hpp"
#include "sim/cut_plan.hpp"
#include "sim/entry_rule.hpp"
#include "sim/marginal_bits.hpp"

namespace nvsafe::sim {

struct NorSettings {
  bool checks_entries = false;  // EntryRule, for partitions that hold NVS
  bool is_read_only = false;    // programs and erases are kFlashRule
};

// Refused calls, and operations that power was cut before, are not in the other numbers.
struct NorCounts {
  std::uint64_t read_calls = 0;
  std::uint64_t read_bytes = 0;
  std::uint64_t program_calls = 0;
  std::uint64_t program_bytes = 0;
  std::uint64_t erases = 0;
  std::uint64_t refusals = 0;  // calls that broke a rule: kFlashRule or kOutOfRange

  friend constexpr bool operator==(const NorCounts&, const NorCounts&) = default;
};

class Nor : public Flash {
 public:
  [[nodiscard]] std::uint32_t size() const final { return static_cast<std::uint32_t>(bytes_.size()); }
  Result<void> read(std::uint32_t offset, std::span<std::uint8_t> out) final;
  // A program that would set a bit changes nothing at all.
  Result<void> program(std::uint32_t offset, std::span<const std::uint8_t> data) final;
  Result<void> erase_sector(std::uint32_t offset) final;

  // Power goes at that operation, counted from now. Then every call gives kPowerLost until power_on().
  void cut_at(const CutPlan& plan);
  // Also forgets a plan that was not reached.
  void power_on();
  [[nodiscard]] bool is_powered() const { return is_powered_; }

  // Programs and erases so far, also the one that was cut; refused and empty ones are none.
  [[nodiscard]] std::uint64_t operation_count() const { return operation_count_; }
  // operations() lists those from now on.
  void keep_operations() {
    keeps_operations_ = true;
    operations_.clear();
  }
  [[nodiscard]] const std::vector<Operation>& operations() const { return operations_; }

  [[nodiscard]] const NorCounts& counts() const { return total_; }
  // A call over several sectors counts in each, its bytes where they lie. Requires: sector_index < size / kSectorSize.
  [[nodiscard]] const NorCounts& counts(std::uint32_t sector_index) const { return by_sector_[sector_index]; }
  // operation_count() goes on.
  void reset_counts();

  // The content, marginal bits as 1.
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return bytes_; }
  [[nodiscard]] std::uint32_t marginal_bit_count() const { return marginal_.count(); }

 protected:
  explicit Nor(const NorSettings& settings) : settings_(settings) {}
  Nor(const Nor&) = default;
  Nor(Nor&&) noexcept = default;
  Nor& operator=(const Nor&) = default;
  Nor& operator=(Nor&&) noexcept = default;
  ~Nor() = default;

  // To be called by every constructor. Requires: a whole number of sectors, below 4 GiB.
  void set_bytes(std::span<std::uint8_t> bytes);
  // The same content at another place in memory.
  void move_bytes(std::span<std::uint8_t> bytes) { bytes_ = bytes; }

 private:
  [[nodiscard]] bool breaks_rule(std::uint32_t offset, std::span<const std::uint8_t> data) const;
  Result<void> refuse(ErrorCode code);
  // Brings what `scratch_` holds to flash, or a part of it if power goes.
  Result<void> perform(const Operation& operation);
  void finish(const Operation& operation);
  void tear(const Operation& operation, const CutPlan& plan);
  void count(const Operation& operation);

  NorSettings settings_;
  std::span<std::uint8_t> bytes_;
  std::vector<std::uint8_t> scratch_;  // the bytes that the operation leads to
  std::optional<EntryRule> entry_rule_;
  MarginalBits marginal_;

  std::optional<CutPlan> plan_;  // its operation counted like operation_count_
  bool is_powered_ = true;
  std::uint64_t operation_count_ = 0;
  bool keeps_operations_ = false;
  std::vector<Operation> operations_;

  NorCounts total_;
  std::vector<NorCounts> by_sector_;
};

}  // namespace nvsafe::sim
