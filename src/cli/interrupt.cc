#include "cli/interrupt.h"

#include <array>
#include <atomic>
#include <csignal>

namespace leakscope::cli {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};

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
  for (const int signal : kSignals) ::sigaction(signal, &action, nullptr);
}

InterruptGuard::~InterruptGuard() {
  for (const int signal : kSignals) ::signal(signal, SIG_DFL);
  g_flag.store(nullptr);
}

}  // namespace leakscope::cli
