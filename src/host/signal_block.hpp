// SignalBlock: keeps signals from this thread for a while, so that a failing write gives an errno instead of ending
// the program, and an interruption waits until files are whole.
#pragma once

#include <signal.h>

#include <initializer_list>

namespace nvsafe::host {

// Signals that arrived meanwhile: those that a failing write raises (SIGPIPE, SIGXFSZ) are dropped, others delivered
// at the end.
class SignalBlock {
 public:
  explicit SignalBlock(std::initializer_list<int> signals);
  SignalBlock(const SignalBlock&) = delete;
  SignalBlock& operator=(const SignalBlock&) = delete;
  ~SignalBlock();

 private:
  sigset_t mask_before_{};
  sigset_t pending_before_{};
};

}  // namespace nvsafe::host
