#include "cli/interrupt.h"

#include <array>
#include <atomic>
#include <csignal>

namespace leakscope::cli {
namespace {

constexpr std::array<int, InterruptGuard::kSignalCount> kSignals{SIGINT, SIGTERM, SIGHUP};

// A signal handler has no parameter to carry the flag: the one place where it must be reachable from anywhere.
std::atomic<const session::StopFlag*> g_flag{nullptr};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

void on_signal(int) {
  const session::StopFlag* flag = g_flag.load();
  if (flag != nullptr) flag->raise();
}

}  // namespace

InterruptGuard::InterruptGuard(const session::StopFlag& flag) {
  g_flag.store(&flag);
  struct sigaction action{};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &before_[i]);
    // Under nohup the end of the terminal is not ours to notice.
    if (kSignals[i] == SIGHUP && before_[i].sa_handler == SIG_IGN) continue;
    ::sigaction(kSignals[i], &action, nullptr);
  }
}

InterruptGuard::~InterruptGuard() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before_[i], nullptr);
  g_flag.store(nullptr);
}

}  // namespace leakscope::cli
