// Power: what a virtual chip runs on. Counts what changes flash or eFuses, and goes off at one of these.
#pragma once

#include <cstdint>
#include <optional>

namespace nvsafe::device {

class Power {
 public:
  enum class Step : std::uint8_t {
    kDone,  // the operation is performed
    kTorn,  // power goes in the middle of it
    kNone,  // power is off
  };

  // Power goes in that operation, counted from now; 0: in the next one.
  void cut_at(std::uint64_t operation) { cut_at_ = operation_count_ + operation; }
  void turn_off() { is_on_ = false; }
  // Also forgets a cut that was not reached.
  void turn_on() {
    is_on_ = true;
    cut_at_.reset();
  }
  [[nodiscard]] bool is_on() const { return is_on_; }
  // Programs, erases and burnt eFuse blocks so far, with the one that was cut.
  [[nodiscard]] std::uint64_t operation_count() const { return operation_count_; }

  // To be asked before each operation.
  [[nodiscard]] Step next() {
    if (!is_on_) return Step::kNone;
    if (operation_count_++ != cut_at_) return Step::kDone;
    is_on_ = false;
    return Step::kTorn;
  }

 private:
  bool is_on_ = true;
  std::uint64_t operation_count_ = 0;
  std::optional<std::uint64_t> cut_at_;
};

}  // namespace nvsafe::device
