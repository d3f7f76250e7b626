#include "session/snapshot.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <stdexcept>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "session/diagnose.h"
#include "session/evidence.h"
#include "session/record.h"
#include "session/recordings.h"
#include "session/source_set.h"
#include "sources/redaction/file_redaction.h"
#include "sources/snapshot/layout.h"
#include "sources/test_tree.h"

namespace leakscope::session {
namespace {

namespace fs = std::filesystem;
using model::Coverage;
using sources::test_text;
using sources::TestTree;

/// Thousands of small files: where there is a file system in memory, they are written there.
const bool kInMemory = ::access("/dev/shm", W_OK) == 0 && ::setenv("TMPDIR", "/dev/shm", 0) == 0;

std::set<std::string> metrics_of(const model::Observation& observation) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < model::all_metrics().size(); ++i) {
    const auto metric = static_cast<model::Metric>(i);
    if (!observation.subjects_with(metric).empty()) names.emplace(model::info(metric).name);
  }
  return names;
}

/// What no file tells, so that a snapshot cannot: by the beginning of the metric's name, with the reason.
const std::map<std::string, std::string> kOnlyLive = {
    {"bpf.", "asked by system call"},
    {"tmpfs.", "asked by statvfs"},
    {"sockets.queued_bytes", "asked by netlink"},
    {"sockets.orphan_bytes", "asked by netlink"},
    {"holder.", "rings and pools are asked by netlink, through links or of the kernel log"},
    {"boot.", "told by the kernel log"},
    {"percpu.", "told by the kernel log"},
    {"process.fd", "descriptors are links"},
    {"process.pipe", "descriptors are links"},
    {"process.socket", "descriptors are links"},
    {"process.bpf", "descriptors are links"},
    {"process.inotify", "descriptors are links"},
    {"process.uss", "under a budget of time"},
    {"process.pss", "under a budget of time"},
    {"process.heap", "of suspects alone"},
    {"process.mappings", "of suspects alone"},
    {"process.anon_map", "of suspects alone"},
    {"process.stack", "of suspects alone"},
    {"group.fd", "descriptors are links"},
    {"group.pss", "under a budget of time"},
    {"group.inotify", "descriptors are links"},
    {"inotify.", "descriptors are links"},
    {"user.", "descriptors are links"},
    {"process.msg", "senders are found by their time, which a moment does not have"},
};

bool is_only_live(const std::string& name) {
  return std::ranges::any_of(kOnlyLive, [&](const auto& entry) { return name.starts_with(entry.first); });
}

// A source that reads a file which the layout does not name shows here as figures that the snapshot lacks.
TEST(Snapshot, ShowsWhatTheLiveMachineShows) {
  const TestTree place;
  const std::string folder = place.path() / "moment";
  const auto taken = take_snapshot({.directory = folder});
  ASSERT_TRUE(taken.has_value()) << to_string(taken.error());
  EXPECT_GT(taken->files, 50U);
  const auto seen = observe_evidence({folder}, {});
  ASSERT_TRUE(seen.has_value()) << to_string(seen.error());

  const auto root = RootedDir::open("/");
  model::Sample sample;
  sample.time = SystemClock().now();
  model::Observation live(std::make_shared<model::Registry>());
  model::SampleSink sink(live.registry(), sample);
  const SourceSet set = open_sources(*root, page_size_of_this_machine(), {.use_bpf = false});
  for (const bool waits : {false, true}) {
    for (const auto& source : set.opened) {
      if (source->info().may_block == waits) (void)source->sample(sink).has_value();
    }
  }
  live.add(sample);
  const std::set<std::string> in_folder = metrics_of(**seen);
  for (const std::string& name : metrics_of(live)) {
    EXPECT_TRUE(in_folder.contains(name) || is_only_live(name))
        << name << " is seen live and not in a snapshot: add its file to src/sources/snapshot/layout.cc";
  }
  EXPECT_GT(in_folder.size(), 100U);
}

TEST(Snapshot, EveryFileOfTheLayoutCanBeRedacted) {
  const std::set<std::string> left_out = {"sys/kernel/debug/dma_buf/bufinfo"};
  for (const auto& row : sources::snapshot::rows()) {
    std::string directory;
    for (const char letter : row.directory)
      directory += letter == '#' ? "7" : letter == '*' ? "x" : std::string(1, letter);
    for (const std::string_view file : row.files) {
      const std::string path = directory.empty() ? std::string(file) : fmt::format("{}/{}", directory, file);
      EXPECT_EQ(sources::redaction::can_redact_file(path), !left_out.contains(path)) << path;
    }
  }
}

/// A process under a name that stands nowhere else; ended at the end.
class NamedProcess {
 public:
  NamedProcess() {
    // Not in memory, where nothing may be executed on many machines.
    std::string folder = "/tmp/leakscope-test-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("cannot make " + folder);
    path_ = fs::path(folder) / "payroll4711";
    fs::copy_file("/bin/sleep", path_);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::execl(path_.c_str(), path_.c_str(), "60", nullptr);
      ::_exit(127);
    }
    // Its name is there once exec is done.
    for (int i = 0; i < 1000 && test_text(fmt::format("/proc/{}/comm", pid_)) != "payroll4711\n"; ++i) ::usleep(5000);
  }
  NamedProcess(const NamedProcess&) = delete;
  NamedProcess& operator=(const NamedProcess&) = delete;
  ~NamedProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    std::error_code ignored;
    fs::remove_all(path_.parent_path(), ignored);
  }

 private:
  fs::path path_;
  pid_t pid_ = -1;
};

/// Names that the redacted output must not hold: the test's process, this machine, the cgroup that we run in.
std::vector<std::string> secret_names() {
  std::vector<std::string> names = {"payroll"};
  std::string host = test_text("/proc/sys/kernel/hostname");
  host.pop_back();
  if (host.size() > 6) names.push_back(host);  // "vm" stands in many words
  std::string id = test_text("/proc/sys/kernel/random/boot_id");
  id.pop_back();
  names.push_back(id);
  const std::string cgroups = test_text("/proc/self/cgroup");
  const std::string own = cgroups.substr(cgroups.rfind('/', cgroups.size() - 2) + 1);
  if (own.size() > 20) names.push_back(own.substr(0, own.size() - 1));
  return names;
}

TEST(Snapshot, HoldsNameWithoutRedactionAndNoneWithIt) {
  const TestTree place;
  const NamedProcess process;
  const auto holds = [&](const fs::path& folder, const std::string& name) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (fs::relative(entry.path(), folder).string().find(name) != std::string::npos) return true;
      if (entry.is_regular_file() && test_text(entry.path()).find(name) != std::string::npos) return true;
    }
    return false;
  };
  ASSERT_TRUE(take_snapshot({.directory = place.path() / "plain"}).has_value());
  EXPECT_TRUE(holds(place.path() / "plain", "payroll"));
  const auto taken = take_snapshot({.directory = place.path() / "hidden", .redact = true});
  ASSERT_TRUE(taken.has_value()) << to_string(taken.error());
  for (const std::string& name : secret_names()) EXPECT_FALSE(holds(place.path() / "hidden", name)) << name;
}

TEST(Snapshot, PseudonymsAreTheSameUnderOneKey) {
  const TestTree place;
  place.write("key", "0123456789abcdef0123456789abcdef");
  const std::string key = place.path() / "key";
  const TestTree machine;
  machine.write("proc/meminfo", "MemTotal:       24684092 kB\n");
  machine.write("proc/sys/kernel/hostname", "payroll\n");
  machine.write("proc/sys/kernel/random/boot_id", "b3a4f0a2-0000-4000-8000-000000000001\n");
  const std::string root = machine.path();
  for (const char* name : {"one", "two"}) {
    ASSERT_TRUE(
        take_snapshot({.directory = place.path() / name, .root = root, .redact = true, .redact_key = key}).has_value());
  }
  ASSERT_TRUE(take_snapshot({.directory = place.path() / "other", .root = root, .redact = true}).has_value());
  const auto host = [&](const char* name) { return test_text(place.path() / name / "proc/sys/kernel/hostname"); };
  EXPECT_EQ(host("one"), host("two"));
  EXPECT_NE(host("one"), host("other"));
  const auto both = observe_evidence({place.path() / "one", place.path() / "two"}, {});
  ASSERT_TRUE(both.has_value());
  EXPECT_EQ((*both)->samples(), 2U) << "moments of one boot, known by its pseudonym";
}

TEST(Recording, HoldsNoNameUnderRedaction) {
  const TestTree place;
  const NamedProcess process;
  const auto names_in = [&](bool redact) {
    RecordOptions options;
    options.output = place.path() / (redact ? "hidden" : "plain");
    options.interval = std::chrono::milliseconds(100);
    options.duration = std::chrono::milliseconds(300);
    options.redact = redact;
    options.sources.use_bpf = false;
    const auto stop = StopFlag::make();
    EXPECT_TRUE(record(options, *stop, {}).has_value());
    const auto seen = observe_recordings({options.output});
    std::string all = (*seen)->host.hostname + (*seen)->host.boot_id + (*seen)->host.kernel_version;
    for (std::uint32_t i = 0; i < (*seen)->registry().size(); ++i) {
      const model::SubjectInfo info = (*seen)->info({i});
      all += "\n" + info.key.name + "\n" + info.cgroup + "\n" + info.container + "\n" + info.executable + "\n" +
             info.detail;
    }
    for (const model::Event& event : (*seen)->events) all += "\n" + event.text;
    for (const Coverage& entry : (*seen)->coverage) all += "\n" + entry.why + entry.remedy;
    return all;
  };
  EXPECT_NE(names_in(false).find("payroll"), std::string::npos);
  const std::string hidden = names_in(true);
  for (const std::string& name : secret_names()) EXPECT_EQ(hidden.find(name), std::string::npos) << name;
  EXPECT_NE(hidden.find("kmalloc"), std::string::npos) << "names of the kernel stay";
}

/// Moments of a machine that was never there.
class History {
 public:
  explicit History(const fs::path& folder) : folder_(folder) {
    meminfo_ = test_text(fs::path(LEAKSCOPE_TESTDATA).parent_path().parent_path() /
                         "sources/procfs/testdata/meminfo/6.18-x86_64-vm.txt");
  }
  std::string add(int minute, std::int64_t leaked_kib, const std::string& boot = "boot-1",
                  const std::string& host = "db") {
    const std::string name = fmt::format("moment-{:04}", ++count_);
    const auto write = [&](const char* file, const std::string& text) {
      const fs::path path = folder_ / name / file;
      fs::create_directories(path.parent_path());
      std::ofstream(path) << text;
    };
    std::string text = meminfo_;
    move(text, "SUnreclaim:", leaked_kib);
    move(text, "Slab:", leaked_kib);
    move(text, "MemFree:", -leaked_kib);
    move(text, "MemAvailable:", -leaked_kib);
    write("proc/meminfo", text);
    write("proc/uptime", fmt::format("{}.00 5.00\n", 1000 + 60 * minute));
    write("proc/stat", fmt::format("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\nctxt 5\nbtime {}\n",
                                   boot == "boot-1" ? 1'700'000'000 : 1'600'000'000));
    write("proc/sys/kernel/random/boot_id", boot + "\n");
    write("proc/sys/kernel/hostname", host + "\n");
    const std::int64_t objects = 1000 + leaked_kib / 4;
    write("proc/slabinfo",
          fmt::format("slabinfo - version: 2.1\n"
                      "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables "
                      "<limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n"
                      "kmalloc-4k {0} {0} 4096 8 8 : tunables 0 0 0 : slabdata {1} {1} 0\n",
                      objects, (objects + 7) / 8));
    return folder_ / name;
  }
  void forget(const std::string& moment, const char* file) const { fs::remove(fs::path(moment) / file); }

 private:
  static void move(std::string& text, std::string_view key, std::int64_t by) {
    const std::size_t at = text.find("\n" + std::string(key));
    const std::size_t first = text.find_first_of("0123456789", at);
    const std::size_t end = text.find(' ', first);
    text.replace(first, end - first, std::to_string(std::stoll(text.substr(first, end - first)) + by));
  }
  fs::path folder_;
  std::string meminfo_;
  int count_ = 0;
};

bool tells(const model::Observation& observation, std::string_view words) {
  return std::ranges::any_of(observation.coverage,
                             [&](const Coverage& entry) { return entry.why.find(words) != std::string::npos; });
}

TEST(Folders, OneMomentShowsWhatHoldsTheMemoryAndNoGrowth) {
  const TestTree place;
  History history(place.path());
  const auto document = diagnose_evidence({history.add(0, 0)}, {}, {});
  ASSERT_TRUE(document.has_value()) << to_string(document.error());
  EXPECT_EQ(document->verdict, findings::Verdict::kInsufficient);
  EXPECT_TRUE(document->ledger.has_value());
  EXPECT_FALSE(document->tables.empty());
}

TEST(Folders, AHistoryIsJudgedByTheUsualRules) {
  for (const bool leaks : {true, false}) {
    const TestTree place;
    History history(place.path());
    // Five minutes apart, eight hours; a little noise.
    for (int i = 0; i < 96; ++i) history.add(5 * i, (leaks ? 20'000 * i : 0) + (i * 7919) % 13 * 64);
    const auto document = diagnose_evidence({place.path()}, {}, {});
    ASSERT_TRUE(document.has_value()) << to_string(document.error());
    EXPECT_EQ(document->window->samples, 96U);
    EXPECT_EQ(document->verdict, leaks ? findings::Verdict::kLeak : findings::Verdict::kClean);
    const bool named = std::ranges::any_of(document->findings, [](const findings::Finding& finding) {
      return finding.subject.key.name == "kmalloc-4k" && finding.state == findings::State::kLeak;
    });
    EXPECT_EQ(named, leaks);
  }
}

TEST(Folders, AnyOrderIsTheOrderOfTime) {
  const TestTree place;
  History history(place.path());
  const std::string second = history.add(10, 100);
  const std::string first = history.add(0, 0);
  const std::string third = history.add(20, 200);
  const auto seen = observe_evidence({second, third, first}, {});
  ASSERT_TRUE(seen.has_value()) << to_string(seen.error());
  EXPECT_EQ((*seen)->samples(), 3U);
  EXPECT_EQ((*seen)->length(), std::chrono::minutes(20));
}

TEST(Folders, OtherBootsMachinesAndDoublesAreLeftOut) {
  const TestTree place;
  History history(place.path());
  const std::string old = history.add(0, 0, "boot-0");
  const std::string a = history.add(1, 0);
  const std::string b = history.add(2, 0);
  const std::string elsewhere = history.add(1, 0, "boot-x", "web");
  const auto seen = observe_evidence({old, a, b, b}, {});
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ((*seen)->samples(), 2U);
  EXPECT_TRUE(tells(**seen, "another boot"));
  EXPECT_TRUE(tells(**seen, "same moment"));
  const auto mixed = observe_evidence({elsewhere, a, b}, {});
  ASSERT_TRUE(mixed.has_value());
  EXPECT_EQ((*mixed)->samples(), 2U);
  EXPECT_TRUE(tells(**mixed, "another machine"));
}

TEST(Folders, WithoutTimesTheOrderGivenCountsAndIsTold) {
  const TestTree place;
  History history(place.path());
  std::vector<std::string> moments;
  for (int i = 0; i < 3; ++i) {
    moments.push_back(history.add(i, i));
    history.forget(moments.back(), "proc/uptime");
    history.forget(moments.back(), "proc/stat");
    // Nothing but the stamp tells a time of 1970.
    fs::last_write_time(fs::path(moments.back()) / "proc/meminfo",
                        fs::file_time_type::clock::from_sys(std::chrono::sys_seconds{}));
  }
  const auto assumed = observe_evidence(moments, {});
  ASSERT_TRUE(assumed.has_value());
  EXPECT_EQ((*assumed)->samples(), 3U);
  EXPECT_TRUE(tells(**assumed, "assumed"));
  const auto told = observe_evidence(moments, {.interval = std::chrono::hours(1)});
  EXPECT_EQ((*told)->length(), std::chrono::hours(2));
}

TEST(Folders, TellWhatTheSnapshotCouldNotRead) {
  const TestTree place;
  History history(place.path());
  const std::string moment = history.add(0, 0);
  std::ofstream(fs::path(moment) / "leakscope-snapshot")
      << "leakscope snapshot 1\nwall_ns 1700000000000000000\nboot_ns 60000000000\nmissing denied proc/vmallocinfo: not "
         "permitted\n";
  const auto seen = observe_evidence({moment}, {});
  ASSERT_TRUE(seen.has_value());
  EXPECT_TRUE(tells(**seen, "not permitted"));
  EXPECT_EQ((*seen)->end()->boot.since_boot, std::chrono::minutes(1));
}

}  // namespace
}  // namespace leakscope::session
