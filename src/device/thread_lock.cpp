#include "device/thread_lock.hpp"

namespace nvsafe::device {

ThreadLock::Line& ThreadLock::line_of_this_thread() {
  static constinit std::atomic<std::uint32_t> thread_count{0};
  static constinit thread_local std::uint32_t number = 0;  // from 1; an initialiser would be looked at in each call
  if (number == 0) number = thread_count.fetch_add(1, std::memory_order_relaxed) + 1;
  return lines_[number % kLineCount];
}

void ThreadLock::leave(Line& line) {
  if (line.reader_count.fetch_sub(1) == 1 && has_writer_.load()) line.reader_count.notify_all();
}

// Both sides first say that they come, then look for the other (sequentially consistent, so one of the two sees it).
void ThreadLock::lock_shared() {
  Line& line = line_of_this_thread();
  for (;;) {
    line.reader_count.fetch_add(1);
    if (!has_writer_.load()) return;
    leave(line);
    const std::lock_guard wait(writers_);
  }
}

void ThreadLock::unlock_shared() { leave(line_of_this_thread()); }

void ThreadLock::lock() {
  writers_.lock();
  has_writer_.store(true);
  for (Line& line : lines_) {
    for (std::uint32_t count = line.reader_count.load(); count != 0; count = line.reader_count.load()) {
      line.reader_count.wait(count);
    }
  }
}

void ThreadLock::unlock() {
  has_writer_.store(false);
  writers_.unlock();
}

}  // namespace nvsafe::device
