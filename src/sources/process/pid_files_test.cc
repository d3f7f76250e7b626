#include <gtest/gtest.h>

#include "sources/process/captured.h"
#include "sources/process/fdinfo.h"
#include "sources/process/pid_cgroup.h"
#include "sources/process/pid_limits.h"
#include "sources/process/pid_stat.h"
#include "sources/process/pid_statm.h"
#include "sources/process/pid_status.h"
#include "sources/process/smaps_rollup.h"

namespace leakscope::sources::process {
namespace {

TEST(PidStat, ReadsANameWithBracketsAndANewline) {
  const std::string text = captured("pid_stat/6.18-x86_64-odd-name.txt");
  const auto stat = parse_pid_stat(text);
  ASSERT_TRUE(stat) << to_string(stat.error());
  EXPECT_EQ(stat->comm, "a) R (b\nc\\d");
  EXPECT_EQ(stat->id, (ProcessId{Pid{25318}, StartTime{225929}}));
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->parent, 25308);
  EXPECT_EQ(stat->threads, 4);
  EXPECT_EQ(stat->vm_size, 240574464U);
  EXPECT_EQ(stat->resident_pages, 2369);
  EXPECT_FALSE(stat->is_kernel_thread());
}

TEST(PidStat, TellsKernelThreadsAndZombies) {
  const std::string kthreadd = captured("pid_stat/6.18-x86_64-kernel-thread.txt");
  EXPECT_TRUE(parse_pid_stat(kthreadd).value().is_kernel_thread());
  const std::string zombie = captured("pid_stat/6.18-x86_64-zombie.txt");
  EXPECT_TRUE(parse_pid_stat(zombie).value().is_zombie());
  EXPECT_FALSE(parse_pid_stat(zombie).value().is_kernel_thread());
}

TEST(PidStat, NeverTakesACutLineForAWholeOne) {
  const std::string text = captured("pid_stat/6.18-x86_64-odd-name.txt");
  const std::size_t resident_end = text.find(" 2369 ") + 5;
  for (std::size_t length = 0; length < text.size(); ++length) {
    const auto stat = parse_pid_stat(std::string_view(text).substr(0, length));
    EXPECT_EQ(stat.has_value(), length > resident_end) << length;
    if (stat) {
      EXPECT_EQ(stat->resident_pages, 2369);
    }
  }
}

TEST(PidStat, NamesTheFieldThatIsNoNumber) {
  const auto stat = parse_pid_stat("1 (x) S 0 1 1 0 -1 4194560 1 2 3 4 five 6 7 8 20 0 1 0 7 8 9 0\n");
  ASSERT_FALSE(stat);
  EXPECT_EQ(stat.error().what, "want a number as field 14, got 'five'");
  EXPECT_FALSE(parse_pid_stat("99999999999 (x) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 7 8 9 0\n"));
}

TEST(PidStatm, ReadsPagesAndRefusesCutAndNegativeOnes) {
  const auto statm = parse_pid_statm(captured("pid_statm/6.18-x86_64.txt"));
  ASSERT_TRUE(statm);
  EXPECT_EQ(*statm, (PidStatm{58734, 2389, 580}));
  EXPECT_EQ(statm->anonymous(), 1809);
  EXPECT_FALSE(parse_pid_statm(captured("pid_statm/6.18-x86_64-kernel-thread.txt")).value().has_memory());
  for (const char* bad : {"", "58734", "58734 2389 5", "58734 -1 5 ", "x 1 1 ", "99999999999999999999 1 1 "}) {
    EXPECT_FALSE(parse_pid_statm(bad)) << bad;
  }
  EXPECT_EQ((PidStatm{9, 3, 5}).anonymous(), 0);  // the counters are read one after the other
}

TEST(PidStatus, ReadsAllThatItKnowsAndUndoesTheEscapesOfTheName) {
  const auto status = parse_pid_status(captured("pid_status/6.18-x86_64-odd-name.txt"));
  ASSERT_TRUE(status) << to_string(status.error());
  EXPECT_EQ(status->name->view(), "a) R (b\nc\\d");
  EXPECT_EQ(status->state, 'S');
  EXPECT_EQ(status->pid, 25318);
  EXPECT_EQ(status->uid, 0U);
  EXPECT_EQ(status->kernel_thread, false);
  EXPECT_EQ(status->threads, 4);
  ASSERT_TRUE(status->rss_anon && status->rss_file && status->rss_shmem && status->vm_rss);
  EXPECT_EQ(*status->rss_anon + *status->rss_file + *status->rss_shmem, *status->vm_rss);
  EXPECT_EQ(status->vm_swap, 0);
  EXPECT_GT(*status->vm_pte, 0);
}

TEST(PidStatus, LeavesWhatIsNotThereWithoutAValue) {
  for (const char* name : {"pid_status/6.18-x86_64-kernel-thread.txt", "pid_status/6.18-x86_64-zombie.txt"}) {
    const auto status = parse_pid_status(captured(name));
    ASSERT_TRUE(status);
    EXPECT_FALSE(status->vm_size || status->rss_anon || status->vm_swap || status->vm_pte) << name;
    EXPECT_EQ(status->threads, 1);
  }
  const auto old = parse_pid_status(captured("pid_status/4.4-format-made.txt"));
  ASSERT_TRUE(old);
  EXPECT_FALSE(old->rss_anon || old->kernel_thread);
  EXPECT_EQ(old->vm_pte, (496 + 16) * 1024);
}

TEST(PidStatus, NamesTheLineThatIsDamaged) {
  const auto odd = parse_pid_status("Name:\tx\nVmSize:\t12 pages\n");
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().line, 2U);
  EXPECT_FALSE(parse_pid_status("VmSwap:\t-4 kB\n"));
  EXPECT_FALSE(parse_pid_status("VmSwap:\t9223372036854775807 kB\n"));
  EXPECT_EQ(parse_pid_status("VmSwap:\t12 k").error().kind, Error::Kind::kTruncated);
  EXPECT_TRUE(parse_pid_status(""));
}

TEST(PidLimits, ReadsNumbersAndUnlimited) {
  const auto limits = parse_pid_limits(captured("pid_limits/6.18-x86_64.txt"));
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->open_files, (Limit{20000, 20000}));
  EXPECT_EQ(limits->stack_size, (Limit{8388608, std::nullopt}));
  EXPECT_EQ(limits->address_space, (Limit{std::nullopt, std::nullopt}));
  EXPECT_FALSE(parse_pid_limits("Max open files            many      1     files\n"));
  EXPECT_FALSE(parse_pid_limits("Max open files            20\n"));
  EXPECT_FALSE(parse_pid_limits("Max open files     20000    200").has_value());
  EXPECT_FALSE(parse_pid_limits("").value().open_files);
}

TEST(PidCgroup, ChoosesTheMemoryControllersPath) {
  const auto docker = parse_pid_cgroup(captured("pid_cgroup/4.19-format-made-docker-v1.txt"));
  ASSERT_TRUE(docker);
  EXPECT_EQ(docker->memory_path(), "/docker/3fa0d2a1b8c94e5f60718293a4b5c6d7e8f90123456789abcdef0123456789ab");
  EXPECT_EQ(docker->unit_or_container(), "docker-3fa0d2a1b8c9");
  const auto unified = parse_pid_cgroup(captured("pid_cgroup/6.1-format-made-v2.txt"));
  ASSERT_TRUE(unified);
  EXPECT_EQ(unified->memory_path(), "/system.slice/nginx.service");
  EXPECT_EQ(unified->unit_or_container(), "nginx.service");
}

TEST(PidCgroup, TakesTheUnitFromSystemdsHierarchyWhereTheMemoryPathTellsNone) {
  const auto hybrid = parse_pid_cgroup(captured("pid_cgroup/6.18-format-made-hybrid.txt"));
  ASSERT_TRUE(hybrid);
  EXPECT_EQ(hybrid->memory_path(), "/jobs/a:b");  // removed, and with a colon
  EXPECT_EQ(hybrid->unit_or_container(), "cron.service");
  const auto root = parse_pid_cgroup(captured("pid_cgroup/6.18-x86_64-hybrid-root.txt"));
  ASSERT_TRUE(root);
  EXPECT_EQ(root->memory_path(), "/");
  EXPECT_EQ(root->unit_or_container(), "");
}

TEST(PidCgroup, RefusesOtherLinesAndCutOnes) {
  EXPECT_EQ(parse_pid_cgroup("0:/x\n").error().line, 1U);
  EXPECT_EQ(parse_pid_cgroup("0::/system.sli").error().kind, Error::Kind::kTruncated);
  EXPECT_EQ(parse_pid_cgroup("").value().memory_path(), "");
}

TEST(SmapsRollup, ReadsTheSums) {
  const auto sums = parse_smaps_rollup(captured("smaps_rollup/6.18-x86_64.txt"));
  ASSERT_TRUE(sums) << to_string(sums.error());
  ASSERT_TRUE(sums->pss && sums->pss_anon && sums->pss_file && sums->pss_shmem);
  EXPECT_NEAR(static_cast<double>(*sums->pss),
              static_cast<double>(*sums->pss_anon + *sums->pss_file + *sums->pss_shmem), 3 * 1024);
  EXPECT_GT(*sums->uss(), 0);
  EXPECT_LE(*sums->uss(), *sums->rss);
  EXPECT_EQ(sums->anon_huge, 0);
  EXPECT_FALSE(parse_smaps_rollup("Pss:  12 pages\n"));
  EXPECT_FALSE(parse_smaps_rollup("Pss:  12 kB").has_value());
  EXPECT_FALSE(parse_smaps_rollup("").value().uss());
}

TEST(FdKind, IsToldByTheLink) {
  const std::pair<const char*, FdKind> cases[] = {
      {"socket:[123]", FdKind::kSocket},          {"pipe:[9]", FdKind::kPipe},
      {"anon_inode:[eventpoll]", FdKind::kEvent}, {"anon_inode:inotify", FdKind::kEvent},
      {"anon_inode:bpf-map", FdKind::kBpf},       {"anon_inode:[io_uring]", FdKind::kOther},
      {"/memfd:cache (deleted)", FdKind::kMemfd}, {"/dev/shm/ring (deleted)", FdKind::kMemfd},
      {"/dev/shm/ring", FdKind::kFile},           {"/dev/null", FdKind::kDevice},
      {"/var/log/syslog", FdKind::kFile},         {"", FdKind::kOther},
  };
  for (const auto& [target, kind] : cases) EXPECT_EQ(fd_kind(target), kind) << target;
}

TEST(FdInfo, CountsWatchesAndReadsBpfMemory) {
  EXPECT_EQ(parse_fdinfo(captured("fdinfo/6.18-x86_64-inotify.txt")).value().inotify_watches, 2);
  const auto map = parse_fdinfo(captured("fdinfo/6.1-format-made-bpf-map.txt"));
  ASSERT_TRUE(map);
  EXPECT_EQ(map->bpf_memlock, 274808);
  EXPECT_EQ(map->bpf_map_id, 12);
  EXPECT_EQ(map->flags, 02000002U);
  EXPECT_FALSE(parse_fdinfo("flags:\t09\n"));
  EXPECT_FALSE(parse_fdinfo("pos:\t0\nflags:\t02").has_value());
}

}  // namespace
}  // namespace leakscope::sources::process
