#include "session/load_command.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "base/rooted_dir.h"
#include "base/text_cursor.h"
#include "sources/process/pid_stat.h"

namespace leakscope::session {
namespace {

constexpr Nanoseconds kPatience = std::chrono::seconds(10);
constexpr Nanoseconds kShortestPoll = std::chrono::milliseconds(1);
constexpr Nanoseconds kLongestPoll = std::chrono::milliseconds(20);

/// How a child is started: owned, so that no way out leaks it.
class SpawnPlan {
 public:
  SpawnPlan() {
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_init(&actions_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, STDERR_FILENO, STDOUT_FILENO);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  [[nodiscard]] Result<pid_t> start(std::vector<std::string>& words) const {
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t pid = 0;
    const int error = ::posix_spawnp(&pid, arguments.front(), &actions_, &attributes_, arguments.data(), environ);
    if (error != 0) return std::unexpected(error_from_errno(error, words.front(), "start"));
    return pid;
  }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

std::string failure_of(int status) {
  if (WIFSIGNALED(status)) {
    return fmt::format("killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  }
  return WEXITSTATUS(status) == 0 ? std::string() : fmt::format("exit status {}", WEXITSTATUS(status));
}

/// Waits for what the command left and what has ended: nobody else would.
void reap_orphans() {
  int status = 0;
  while (::waitpid(-1, &status, WNOHANG) > 0) {
  }
}

}  // namespace

LoadCommand::LoadCommand(std::vector<std::string> words) : words_(std::move(words)) {
  ::prctl(PR_GET_CHILD_SUBREAPER, &was_subreaper_);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

LoadCommand::~LoadCommand() { ::prctl(PR_SET_CHILD_SUBREAPER, was_subreaper_); }

Result<LoadCommand::Outcome> LoadCommand::run(const StopFlag& stop) {
  if (words_.empty()) return fail(Error::Kind::kUsage, "rounds", "want a command");
  const SystemClock clock;
  const Nanoseconds begin = clock.now().monotonic;
  const auto pid = SpawnPlan().start(words_);
  if (!pid) return std::unexpected(pid.error());
  Outcome outcome;
  Nanoseconds poll = kShortestPoll;
  std::optional<Nanoseconds> give_up;
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(*pid, &status, WNOHANG);
    const Nanoseconds now = clock.now().monotonic;
    if (ended == *pid) {
      outcome.failure = failure_of(status);
      outcome.elapsed = now - begin;
      break;
    }
    if (ended < 0 && errno != EINTR) return std::unexpected(error_from_errno(errno, words_.front(), "wait for"));
    if (give_up) {
      // It does not end: it is left, and named.
      if (now > *give_up) break;
      ::usleep(static_cast<useconds_t>(kLongestPoll.count() / 1000));
    } else if (stop.wait_for(poll)) {
      outcome.interrupted = true;
      ::kill(-*pid, SIGINT);
      give_up = now + kPatience;
    }
    poll = std::min(2 * poll, kLongestPoll);
  }
  reap_orphans();
  return outcome;
}

std::vector<LeftBehind> LoadCommand::left_behind() const {
  reap_orphans();
  std::vector<LeftBehind> found;
  const auto proc = RootedDir::open("/proc");
  if (!proc) return found;
  const auto names = proc->list("");
  if (!names) return found;
  FileBuffer buffer;
  for (const std::string& name : *names) {
    if (!parse_number<std::int32_t>(name)) continue;
    const auto text = proc->read(name + "/stat", buffer);
    if (!text) continue;
    const auto stat = sources::process::parse_pid_stat(*text);
    if (stat && stat->parent == ::getpid() && !stat->is_zombie()) {
      found.push_back({stat->id.pid, std::string(stat->comm)});
    }
  }
  std::ranges::sort(found, {}, [](const LeftBehind& process) { return process.pid.value; });
  return found;
}

}  // namespace leakscope::session
