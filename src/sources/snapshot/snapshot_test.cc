#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "sources/snapshot/folder.h"
#include "sources/snapshot/layout.h"
#include "sources/snapshot/snapshot_writer.h"
#include "sources/test_tree.h"

namespace leakscope::sources::snapshot {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Layout, KeepsWhatTheSourcesReadAndNothingElse) {
  for (const char* path :
       {"proc/meminfo", "proc/1/stat", "proc/4194303/smaps_rollup", "proc/pressure/memory",
        "sys/devices/system/node/node0/meminfo", "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
        "sys/fs/cgroup/memory.stat", "sys/fs/cgroup/memory/a/b/memory.stat", "sys/block/zram0/mm_stat"}) {
    EXPECT_TRUE(is_kept(path)) << path;
  }
  for (const char* path : {"", "/", "proc", "proc/1/environ", "proc/1/maps", "proc/1/mem", "proc/kcore", "proc/x/stat",
                           "proc/1x/stat", "proc/1/task/1/stat", "etc/shadow", "proc/meminfo/x", "xproc/meminfo",
                           "sys/fs/cgroup", "sys/fs/cgroup/cgroup.procs", "sys/devices/system/node/nodeX/meminfo",
                           "proc/sys/kernel/random/uuid", "sys/fs/cgroupx/memory.stat"}) {
    EXPECT_FALSE(is_kept(path)) << path;
  }
}

TEST(Layout, KnowsTextsOfTools) {
  for (const char* path : {"sos_commands/memory/free_-m", "var/log/messages", "var/log/messages-20261120", "dmesg",
                           "sos_commands/process/ps_auxwwwm", "sos_commands/kernel/dmesg_-T"}) {
    EXPECT_TRUE(is_text_of_a_tool(path)) << path;
  }
  for (const char* path :
       {"var/log/secure", "sos_commands/networking/ip_addr", "etc/dmesg", "sos_commands/memory/x/y"}) {
    EXPECT_FALSE(is_text_of_a_tool(path)) << path;
  }
}

TEST(Layout, ListsTextsOfToolsBelowARoot) {
  const TestTree tree;
  tree.write("sos_commands/memory/free", "x");
  tree.write("sos_commands/process/ps_auxwwwm", "x");
  tree.write("sos_commands/process/lsof", "x");
  tree.write("uptime", "x");
  EXPECT_EQ(texts_of_tools(tree.root()),
            (std::vector<std::string>{"sos_commands/memory/free", "sos_commands/process/ps_auxwwwm", "uptime"}));
}

TEST(Layout, StopsAtTheMostDirectories) {
  const TestTree tree;
  for (int pid = 1; pid <= 20; ++pid) tree.write("proc/" + std::to_string(pid) + "/stat", "x");
  tree.write("proc/self/stat", "x");
  const Directories all = directories_of(tree.root(), "proc/#", 100);
  EXPECT_EQ(all.paths.size(), 20U);
  EXPECT_FALSE(all.cut);
  const Directories some = directories_of(tree.root(), "proc/#", 5);
  EXPECT_EQ(some.paths.size(), 5U);
  EXPECT_TRUE(some.cut);
}

struct UptimeCase {
  const char* text;
  std::optional<Nanoseconds> uptime;
};

TEST(FolderTime, ReadsWhatUptimePrinted) {
  const UptimeCase cases[] = {
      {" 12:33:09 up 5 days,  3:04,  1 user,  load average: 0.00, 0.01, 0.05\n", hours(123) + minutes(4)},
      {" 12:33:09 up 12 min,  1 user,  load average: 0.00, 0.01, 0.05\n", minutes(12)},
      {" 12:33:09 up 3:04,  2 users,  load average: 0.00, 0.01, 0.05\n", hours(3) + minutes(4)},
      {" 12:33:09 up 1 day, 12 min,  0 users,  load average: 0.00\n", hours(24) + minutes(12)},
      {" 12:33:09 up 2 days,  1 user", hours(48)},
      {"", std::nullopt},
      {" up ", std::nullopt},
      {" 12:33:09 up 9999999999999 days, 1 user", std::nullopt},
      {"nothing of the kind", std::nullopt},
  };
  for (const UptimeCase& c : cases) EXPECT_EQ(parse_printed_uptime(c.text), c.uptime) << c.text;
}

TEST(FolderTime, ReadsWhatDatePrinted) {
  const WallTime moment{std::chrono::sys_days(std::chrono::year(2026) / 11 / 20).time_since_epoch() + hours(12) +
                        minutes(33) + seconds(9)};
  for (const char* text : {"Fri Nov 20 12:33:09 UTC 2026\n", "Fri 20 Nov 2026 12:33:09 PM UTC\n",
                           "2026-11-20 12:33:09 UTC", "Fri Nov 20 12:33:09 GMT 2026"}) {
    const auto date = parse_printed_date(text);
    ASSERT_TRUE(date.has_value()) << text;
    EXPECT_EQ(date->time, moment) << text;
    EXPECT_TRUE(date->zone_is_known) << text;
  }
  const auto elsewhere = parse_printed_date("Fri Nov 20 12:33:09 CET 2026\n");
  ASSERT_TRUE(elsewhere.has_value());
  EXPECT_FALSE(elsewhere->zone_is_known);
  for (const char* text :
       {"", "\n", "Fri Nov 31 12:33:09 UTC 2026", "12:33:09", "Nov 20 2026", "99:99:99 Nov 20 2026"}) {
    EXPECT_FALSE(parse_printed_date(text).has_value()) << text;
  }
}

TEST(FolderTime, TakesTheBestThatIsThere) {
  const TestTree tree;
  tree.write("proc/meminfo", "MemTotal: 1 kB\n");
  EXPECT_TRUE(time_of(tree.root(), std::nullopt).from.starts_with("when"));
  tree.write("date", "Fri Nov 20 12:33:09 UTC 2026\n");
  EXPECT_EQ(time_of(tree.root(), std::nullopt).from, "date");
  tree.write("proc/uptime", "3600.25 7200.00\n");
  tree.write("proc/stat", "cpu 1 2\nbtime 1795176000\n");
  const FolderTime time = time_of(tree.root(), std::nullopt);
  EXPECT_EQ(time.uptime, std::optional<Nanoseconds>(seconds(3600) + std::chrono::milliseconds(250)));
  ASSERT_TRUE(time.wall.has_value());
  EXPECT_EQ(time.wall->since_epoch, Nanoseconds(seconds(1795179600) + std::chrono::milliseconds(250)));
  tree.write("proc/uptime", "99999999999999999999 1\n");
  EXPECT_EQ(time_of(tree.root(), std::nullopt).from, "date");
}

TEST(FolderTime, OfASosreportIsToTheSecond) {
  const TestTree tree;
  tree.write("sos_commands/date/date", "Fri Nov 20 13:33:09 CET 2026\n");
  tree.write("sos_commands/date/date_--utc", "Fri Nov 20 12:33:09 UTC 2026\n");
  tree.write("sos_commands/host/uptime", " 13:33:10 up  2:05,  0 user,  load average: 2.62, 1.81, 1.99\n");
  const auto uptime = [&] { return time_of(tree.root(), std::nullopt).uptime; };
  EXPECT_EQ(uptime(), std::optional<Nanoseconds>(seconds(7500))) << "uptime(1) alone tells minutes";
  constexpr int kDate = 1795177989;
  tree.write("proc/stat", "cpu 1 2\nbtime " + std::to_string(kDate - 7521) + "\n");
  EXPECT_EQ(uptime(), std::optional<Nanoseconds>(seconds(7521)));
  tree.write("proc/stat", "cpu 1 2\nbtime " + std::to_string(kDate - 9000) + "\n");
  EXPECT_EQ(uptime(), std::optional<Nanoseconds>(seconds(7500))) << "the clock was set since the boot";
}

TEST(Folder, FindsEveryLayout) {
  const TestTree plain;
  plain.write("proc/meminfo", "x");
  const TestTree bare;
  bare.write("meminfo", "x");
  bare.write("vmstat", "x");
  bare.write("7/stat", "7 (x) S");
  const TestTree report;
  report.write("sosreport-x/sos_commands/memory/free", "x");
  const TestTree several;
  several.write("a/proc/meminfo", "x");
  several.write("b/proc/meminfo", "x");
  several.write("c/unrelated", "x");
  several.write("file", "x");
  EXPECT_EQ(find_folders(plain.path())->size(), 1U);
  EXPECT_EQ(find_folders(report.path())->size(), 1U);
  EXPECT_EQ(find_folders(several.path())->size(), 2U);
  const auto copy = find_folders(bare.path());
  ASSERT_TRUE(copy.has_value());
  FileBuffer buffer;
  EXPECT_TRUE(copy->front().root.read("proc/meminfo", buffer).has_value());
  EXPECT_TRUE(copy->front().root.open_dir("proc")->read("7/stat", buffer).has_value());
  EXPECT_FALSE(copy->front().root.exists("sys/kernel"));
  const TestTree empty;
  EXPECT_EQ(find_folders(empty.path()).error().kind, Error::Kind::kNotFound);
  EXPECT_FALSE(find_folders(empty.path() / "missing").has_value());
}

TEST(Folder, LinksDoNotLeadOutOfIt) {
  const TestTree secret;
  secret.write("meminfo", "secret");
  const TestTree tree;
  tree.symlink("proc", secret.path().string());
  EXPECT_FALSE(find_folders(tree.path()).has_value() &&
               find_folders(tree.path())->front().root.open_file("proc/meminfo").has_value());
  const TestTree climbing;
  climbing.symlink("proc/sys", "../../../../../../../../etc");
  climbing.write("proc/meminfo", "x");
  EXPECT_FALSE(climbing.root().open_file("proc/sys/passwd").has_value());
  climbing.symlink("proc/within", "sub");
  climbing.write("proc/sub/file", "x");
  EXPECT_TRUE(climbing.root().open_file("proc/within/file").has_value()) << "links within the tree are good";
}

TEST(Folder, AStampThatCannotBeReadIsTold) {
  const TestTree tree;
  tree.write("proc/meminfo", "x");
  tree.write("leakscope-snapshot", "leakscope snapshot 99\n");
  const auto folders = find_folders(tree.path());
  ASSERT_TRUE(folders.has_value());
  EXPECT_FALSE(folders->front().stamp.has_value());
  ASSERT_TRUE(folders->front().bad_stamp.has_value());
  EXPECT_EQ(folders->front().bad_stamp->kind, Error::Kind::kUnsupported);
}

TEST(Stamp, IsReadBack) {
  Stamp stamp;
  stamp.time = {BootTime{Nanoseconds(123456789)}, WallTime{Nanoseconds(1795178789123456789)}, Nanoseconds(77)};
  stamp.tool = "1.2.3";
  stamp.redacted = true;
  stamp.missing = {{"slabinfo", model::Coverage::State::kDenied, "permission denied: \n by policy", {}}};
  const std::string text = to_text(stamp);
  const auto read = parse_stamp(text);
  ASSERT_TRUE(read.has_value()) << to_string(read.error());
  EXPECT_EQ(read->time.boot, stamp.time.boot);
  EXPECT_EQ(read->time.wall, stamp.time.wall);
  EXPECT_EQ(read->time.monotonic, stamp.time.monotonic);
  EXPECT_EQ(read->tool, "1.2.3");
  EXPECT_TRUE(read->redacted);
  ASSERT_EQ(read->missing.size(), 1U);
  EXPECT_EQ(read->missing[0].source, "slabinfo");
  EXPECT_EQ(read->missing[0].state, model::Coverage::State::kDenied);
  const auto later = parse_stamp("leakscope snapshot 1\nnew_key 5\nwall_ns 1\nboot_ns 2\n");
  EXPECT_TRUE(later.has_value()) << "keys of later versions are skipped";
}

TEST(Stamp, CutAtEveryByteItIsWholeOrAnError) {
  Stamp stamp;
  stamp.time = {BootTime{Nanoseconds(12)}, WallTime{Nanoseconds(34)}, Nanoseconds(56)};
  const std::string text = to_text(stamp);
  const std::size_t needed = text.find("boot_ns 12\n") + 11;
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto read = parse_stamp(std::string_view(text).substr(0, size));
    const bool at_line_end = size > 0 && text[size - 1] == '\n';
    EXPECT_EQ(read.has_value(), at_line_end && size >= needed) << size;
  }
  for (const char* bad :
       {"", "x", "leakscope snapshot \n", "leakscope snapshot -1\n", "leakscope snapshot 1\nwall_ns -5\nboot_ns 1\n",
        "leakscope snapshot 1\nwall_ns 99999999999999999999\nboot_ns 1\n"}) {
    EXPECT_FALSE(parse_stamp(bad).has_value()) << bad;
  }
}

SnapshotOptions options_for(const fs::path& directory) {
  SnapshotOptions options;
  options.directory = directory.string();
  options.time = {BootTime{Nanoseconds(5)}, WallTime{Nanoseconds(6)}, Nanoseconds(5)};
  options.tool_version = "test";
  options.kernel_command_line = [](std::string_view) { return std::string("quiet"); };
  return options;
}

std::shared_ptr<const RootedDir> shared_root(const TestTree& tree) {
  return std::make_shared<const RootedDir>(tree.root());
}

TEST(SnapshotWriter, WritesPrivateFilesOfTheLayoutAlone) {
  const TestTree machine;
  machine.write("proc/meminfo", "MemTotal: 1 kB\n");
  machine.write("proc/cmdline", "quiet password=secret\n");
  machine.write("proc/7/stat", "7 (x) S\n");
  machine.write("proc/7/cmdline", std::string("server\0--password\0hunter2\0", 26));
  machine.write("proc/7/environ", "TOKEN=hunter2");
  machine.write("sys/fs/cgroup/a/memory.current", "12\n");
  machine.write("sys/fs/cgroup/release_agent", "/somewhere/agent\n");
  machine.write("etc/shadow", "hunter2");
  const TestTree place;
  const fs::path out = place.path() / "out";
  const auto written = write_snapshot(shared_root(machine), options_for(out));
  ASSERT_TRUE(written.has_value()) << to_string(written.error());
  std::set<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(out)) {
    struct stat status{};
    ASSERT_EQ(::lstat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, entry.is_directory() ? 0700U : 0600U) << entry.path();
    if (!entry.is_directory()) files.insert(fs::relative(entry.path(), out));
    EXPECT_FALSE(entry.is_symlink());
  }
  EXPECT_EQ(files,
            (std::set<std::string>{"leakscope-snapshot", "proc/7/cmdline", "proc/7/stat", "proc/cmdline",
                                   "proc/meminfo", "sys/fs/cgroup/a/memory.current", "sys/fs/cgroup/release_agent"}));
  EXPECT_EQ(test_text(out / "proc/7/cmdline"), "server");
  EXPECT_EQ(test_text(out / "proc/cmdline"), "quiet\n");
  EXPECT_EQ(test_text(out / "sys/fs/cgroup/release_agent"), "");
  struct stat status{};
  ASSERT_EQ(::stat(out.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0700U);
  const auto folders = find_folders(out);
  ASSERT_TRUE(folders.has_value());
  ASSERT_TRUE(folders->front().stamp.has_value());
  EXPECT_EQ(folders->front().stamp->time.boot.since_boot, Nanoseconds(5));
}

TEST(SnapshotWriter, RefusesAFolderThatIsNotItsOwn) {
  const TestTree machine;
  machine.write("proc/meminfo", "x");
  const TestTree full;
  full.write("file", "x");
  EXPECT_EQ(write_snapshot(shared_root(machine), options_for(full.path())).error().kind, Error::Kind::kUsage);
  EXPECT_EQ(test_text(full.path() / "file"), "x");
  const TestTree place;
  const TestTree elsewhere;
  place.symlink("link", elsewhere.path().string());
  EXPECT_FALSE(write_snapshot(shared_root(machine), options_for(place.path() / "link")).has_value());
  EXPECT_TRUE(fs::is_empty(elsewhere.path()));
}

TEST(SnapshotWriter, SaysWhatCouldNotBeRead) {
  const TestTree machine;
  machine.write("proc/meminfo", "x");
  machine.write("proc/vmstat/x", "a directory in its place");
  for (int pid = 1; pid < 30; ++pid) machine.write("proc/" + std::to_string(pid) + "/stat", "x");
  const TestTree place;
  SnapshotOptions options = options_for(place.path() / "out");
  options.most_directories = 10;
  const auto written = write_snapshot(shared_root(machine), options);
  ASSERT_TRUE(written.has_value()) << to_string(written.error());
  const auto& missing = written->stamp.missing;
  EXPECT_TRUE(std::ranges::any_of(missing, [](const auto& entry) { return entry.source == "proc/#"; }));
  EXPECT_TRUE(std::ranges::any_of(missing, [](const auto& entry) { return entry.source == "proc/PID/fd"; }));
}

}  // namespace
}  // namespace leakscope::sources::snapshot
