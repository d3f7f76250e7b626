#include "sources/process/process_inspection.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include <gtest/gtest.h>

#include "sources/process/captured.h"
#include "sources/process/made_proc.h"

namespace leakscope::sources::process {
namespace {

ProcessTexts captured_texts() {
  ProcessTexts texts;
  texts.stat = captured("pid_stat/6.18-x86_64-odd-name.txt");
  texts.status = captured("pid_status/6.18-x86_64-odd-name.txt");
  texts.smaps = captured("mappings/6.18-x86_64-threads-smaps.txt");
  texts.limits = captured("pid_limits/6.18-x86_64.txt");
  texts.cgroup = captured("pid_cgroup/6.1-format-made-v2.txt");
  texts.oom_score = "667\n";
  texts.oom_score_adj = "-998\n";
  texts.descriptor_targets = {"socket:[1]", "/var/log/x", "socket:[2]", "anon_inode:[eventfd]",
                              "/var/log/x", "socket:[3]", "pipe:[4]"};
  return texts;
}

TEST(ProcessInspection, PutsACapturedProcessTogether) {
  const auto inspection = build_inspection(captured_texts());
  ASSERT_TRUE(inspection) << to_string(inspection.error());
  EXPECT_TRUE(inspection->coverage.empty());
  EXPECT_EQ(inspection->comm.view(), "a) R (b\nc\\d");
  EXPECT_EQ(inspection->container, "nginx.service");
  EXPECT_EQ(inspection->oom_score_adj, -998);
  ASSERT_TRUE(inspection->heap && inspection->heap->brk && inspection->total && inspection->mappings);
  EXPECT_EQ(inspection->heap->arenas.count, 3U);
  EXPECT_EQ(inspection->heap->stacks.count, 4U);
  // What the walk found is what the counters say.
  EXPECT_EQ(inspection->total->rss, inspection->sizes.vm_rss);
  EXPECT_LE(*inspection->total->uss, *inspection->total->pss);
  EXPECT_LE(*inspection->total->pss, *inspection->total->rss);
  EXPECT_EQ(inspection->mapped_paths.front().kind, MappingKind::kAnonymous);
  std::int64_t rss = 0;
  for (const MappedPath& path : inspection->mapped_paths) rss += path.sums.rss.value_or(0);
  EXPECT_EQ(rss, inspection->total->rss);
  EXPECT_EQ(inspection->descriptor_targets[0], (Occurrence{"socket", 3}));
  EXPECT_EQ(inspection->descriptor_targets[1], (Occurrence{"/var/log/x", 2}));
}

TEST(ProcessInspection, SaysWhatIsDamagedAndKeepsTheRest) {
  ProcessTexts texts = captured_texts();
  texts.status = "VmSize: lots\n";
  texts.smaps->resize(texts.smaps->size() - 20);
  const auto inspection = build_inspection(texts);
  ASSERT_TRUE(inspection);
  EXPECT_EQ(inspection->coverage.size(), 2U);
  EXPECT_TRUE(inspection->total);
  texts.stat = "nonsense";
  EXPECT_FALSE(build_inspection(texts));
}

TEST(ProcessInspection, AKernelThreadHasNoMappings) {
  ProcessTexts texts;
  texts.stat = captured("pid_stat/6.18-x86_64-kernel-thread.txt");
  texts.smaps = "";
  const auto inspection = build_inspection(texts);
  ASSERT_TRUE(inspection);
  EXPECT_TRUE(inspection->kernel_thread);
  EXPECT_FALSE(inspection->total || inspection->heap || inspection->mappings);
}

TEST(ProcessInspection, ReadsThisVeryProcess) {
  const auto inspection = inspect_process(RootedDir::open("/").value(), Pid{::getpid()});
  ASSERT_TRUE(inspection) << to_string(inspection.error());
  EXPECT_EQ(inspection->id.pid.value, ::getpid());
  EXPECT_TRUE(inspection->executable.ends_with("sources_process_test"));
  ASSERT_TRUE(inspection->total && inspection->descriptors);
  EXPECT_GT(*inspection->total->uss, 0);
  EXPECT_GE(inspection->descriptors->count, 3);
  ASSERT_EQ(inspection->thread_names.size(), 1U);
  EXPECT_EQ(inspection->thread_names[0].count, 1);
  EXPECT_TRUE(inspection->limits.open_files);
}

TEST(ProcessInspection, CountsNeedNoMappings) {
  const auto inspection = inspect_process(RootedDir::open("/").value(), Pid{::getpid()}, Depth::kCounts);
  ASSERT_TRUE(inspection) << to_string(inspection.error());
  EXPECT_GT(inspection->sizes.vm_rss.value_or(0), 0);
  EXPECT_EQ(inspection->thread_names.size(), 1U);
  EXPECT_FALSE(inspection->total || inspection->mappings || inspection->descriptors);
  EXPECT_EQ(inspection->argv0, "");
}

TEST(ProcessInspection, SaysThatAProcessIsNotThereAndWhatATreeLacks) {
  EXPECT_EQ(inspect_process(RootedDir::open("/").value(), Pid{0x7ffffffe}).error().kind, Error::Kind::kNotFound);
  const MadeProc proc;
  proc.add({.pid = 10, .anon_kib = 4});
  const auto inspection = inspect_process(proc.root(), Pid{10});
  ASSERT_TRUE(inspection);
  EXPECT_EQ(inspection->sizes.rss_anon, 4096);
  EXPECT_FALSE(inspection->total);
  const auto lacks = [&](const char* file) {
    return std::ranges::any_of(inspection->coverage, [&](const model::Coverage& c) {
      return c.state == model::Coverage::State::kAbsent && c.why.find(file) != std::string::npos;
    });
  };
  EXPECT_TRUE(lacks("/10/smaps"));
  EXPECT_TRUE(lacks("/10/fd"));
  EXPECT_FALSE(lacks("/10/status"));
}

}  // namespace
}  // namespace leakscope::sources::process
