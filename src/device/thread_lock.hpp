// ThreadLock: many readers or one writer. Each thread counts itself in on a cache line of its own, so that readers do
// not slow each other down; a writer waits until every line is empty.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

#include "nvsafe/platform.hpp"

namespace nvsafe::device {

class ThreadLock final : public ReadWriteLock {
 public:
  void lock() override;
  void unlock() override;
  void lock_shared() override;
  void unlock_shared() override;

 private:
  static constexpr std::size_t kLineCount = 16;
  struct alignas(64) Line {
    std::atomic<std::uint32_t> reader_count{0};
  };
  // Threads take turns; two may share a line, which is slower and no more.
  Line& line_of_this_thread();
  void leave(Line& line);

  std::array<Line, kLineCount> lines_;
  alignas(64) std::atomic<bool> has_writer_{false};
  std::mutex writers_;  // held by the writer; readers that come meanwhile wait for it
};

}  // namespace nvsafe::device
