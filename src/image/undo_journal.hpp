// The undo journal of a file: what its sectors held before each change in place, so that the changes can be taken back
// one by one, the newest first. Each step knows the file before and after it by SHA-256, and fits no other.
//
// A journal is written before the file is replaced. When only the first happened, the newest step describes a change
// that never was: the file is still as before it. settle() finds that out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "crypto/hash.hpp"
#include "text/problem.hpp"

namespace nvsafe::image {

struct UndoStep {
  struct Sector {
    std::uint32_t offset = 0;         // in the file
    std::vector<std::uint8_t> bytes;  // 4096, as they were
  };
  crypto::Sha256 before{};  // of the whole file
  crypto::Sha256 after{};
  std::uint32_t file_size = 0;
  bool has_addresses = false;  // an offset in the file is an address in flash
  std::vector<Sector> sectors;
};

// The step that leads from `after` back to `before`. Errors: kIo. Requires: both have one size, below 4 GiB; `offsets`
// are those of all sectors in which they differ.
[[nodiscard]] text::Outcome<UndoStep> undo_step(std::span<const std::uint8_t> before,
                                                std::span<const std::uint8_t> after,
                                                std::span<const std::uint32_t> offsets, bool has_addresses);

class UndoJournal {
 public:
  // More than that, and the oldest steps go; the newest always stays.
  static constexpr std::size_t kStepCountMax = 32;
  static constexpr std::size_t kSizeMax = 16 * 1024 * 1024;  // bytes of the encoded journal

  // `file` names it in messages. Errors: kBadInput for bytes that encode() has not made.
  [[nodiscard]] static text::Outcome<UndoJournal> decode(std::span<const std::uint8_t> bytes, const std::string& file);
  // Errors: kIo.
  [[nodiscard]] text::Outcome<std::vector<std::uint8_t>> encode() const;

  // Drops a newest step that never happened to the file with this digest. Whether the newest step is now one that led
  // to it: if not, nothing here describes that file.
  bool settle(const crypto::Sha256& file);
  void push(UndoStep step);
  void pop() { steps_.pop_back(); }
  void clear() { steps_.clear(); }

  // Oldest first.
  [[nodiscard]] std::span<const UndoStep> steps() const { return steps_; }
  [[nodiscard]] bool empty() const { return steps_.empty(); }

 private:
  std::vector<UndoStep> steps_;
};

// The file as it was before the step. Errors: kBadInput when what comes out is not that; nothing may be written then.
[[nodiscard]] text::Outcome<std::vector<std::uint8_t>> undone(std::span<const std::uint8_t> file, const UndoStep& step);

}  // namespace nvsafe::image
