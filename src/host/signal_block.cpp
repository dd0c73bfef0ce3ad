#include "host/signal_block.hpp"

#include <ctime>

namespace nvsafe::host {

SignalBlock::SignalBlock(std::initializer_list<int> signals) {
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int signal : signals) sigaddset(&blocked, signal);
  sigpending(&pending_before_);
  pthread_sigmask(SIG_BLOCK, &blocked, &mask_before_);
}

SignalBlock::~SignalBlock() {
  constexpr timespec kNoWait{};
  for (const int signal : {SIGPIPE, SIGXFSZ}) {
    if (sigismember(&mask_before_, signal) == 1 || sigismember(&pending_before_, signal) == 1) continue;
    sigset_t raised;
    sigset_t one;
    sigpending(&raised);
    sigemptyset(&one);
    sigaddset(&one, signal);
    if (sigismember(&raised, signal) == 1) sigtimedwait(&one, nullptr, &kNoWait);
  }
  pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

}  // namespace nvsafe::host
