#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "findings/observation_builder.h"

namespace leakscope::findings {
namespace {

using model::Metric;
using model::SubjectKind;
using Words = std::vector<std::string>;

constexpr double kGiB = 1024 * kMiB;

/// A machine on which programs take `bytes` more anonymous memory in the window.
ObservationBuilder losing(double bytes) {
  ObservationBuilder machine;
  machine.idle_machine();
  machine.machine(Metric::kMeminfoMemAvailable, sum(ramp(12 * kGiB, -bytes), noisy(0, 2 * kMiB)));
  machine.machine(Metric::kVmstatFreePages, sum(ramp(10 * kGiB, -bytes), noisy(0, 2 * kMiB)));
  machine.machine(Metric::kMeminfoAnonPages, sum(ramp(kGiB, bytes), noisy(0, 0.5 * kMiB)));
  return machine;
}

TEST(UserAnon, NamesTheOneThatLeaksBesideFiftyThatDoNot) {
  auto machine = losing(120 * kMiB);
  for (int i = 0; i < 50; ++i) machine.process(1000 + i, "steady", noisy((20 + i) * kMiB, 3 * kMiB));
  const auto leaky = machine.process(2000, "leaky", ramp(10 * kMiB, 120 * kMiB));
  machine.series(leaky, Metric::kProcessHwm, ramp(10 * kMiB, 120 * kMiB));
  machine.series(leaky, Metric::kProcessHeapRss, ramp(kMiB, 119 * kMiB), 10);
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(judged.verdict, Verdict::kSuspect);
  EXPECT_EQ(alarms(judged), Words{"user.anon growing leaky"});
  const Finding& finding = judged.findings.front();
  EXPECT_EQ(finding.domain, Domain::kUser);
  ASSERT_TRUE(finding.rate);
  EXPECT_NEAR(finding.rate->point, 2 * kMiB, 0.3 * kMiB);
  EXPECT_GT(finding.share_of_decline.value_or(0), 0.9);
  EXPECT_EQ(finding.confidence, Confidence::kHigh);
  ASSERT_TRUE(finding.eta);
  EXPECT_TRUE(has_evidence(finding, "in the [heap]"));
  EXPECT_TRUE(has_evidence(finding, "nothing is given back"));
  EXPECT_EQ(finding.next.front(), "leakscope trace 2000 --for 60s");
}

TEST(UserAnon, CountsMemoryThatWasSwappedOut) {
  auto machine = losing(0);
  machine.machine(Metric::kMeminfoSwapTotal, flat(4 * kGiB))
      .machine(Metric::kMeminfoSwapFree, ramp(4 * kGiB, -300 * kMiB));
  const auto leaky = machine.process(2000, "leaky", noisy(500 * kMiB, kMiB));
  machine.series(leaky, Metric::kProcessSwap, ramp(0, 300 * kMiB));
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{"user.anon growing leaky"});
  EXPECT_TRUE(has_evidence(judged.findings.front(), "VmSwap"));
}

TEST(UserAnon, IsALeakOnlyAfterAnHour) {
  for (const bool long_window : {false, true}) {
    ObservationBuilder machine(121, std::chrono::seconds(long_window ? 60 : 1));
    machine.idle_machine();
    machine.process(7, "leaky", ramp(10 * kMiB, 120 * kMiB));
    const Judged judged = judge_with_defaults(machine.build());
    EXPECT_EQ(judged.verdict, long_window ? Verdict::kLeak : Verdict::kSuspect);
  }
}

TEST(UserAnon, LookAlikesStaySilent) {
  auto machine = losing(0);
  machine.process(1, "plateau", plateau(10 * kMiB, 200 * kMiB));
  machine.process(2, "sawtooth", sawtooth(10 * kMiB, 200 * kMiB));
  machine.process(3, "startup", jump(10 * kMiB, 200 * kMiB));
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(judged.verdict, Verdict::kClean);
  EXPECT_EQ(alarms(judged), Words{});
  ASSERT_NE(find(judged, "user.anon", "plateau"), nullptr);
  EXPECT_EQ(find(judged, "user.anon", "plateau")->state, State::kSaturating);
  EXPECT_EQ(find(judged, "user.anon", "startup")->state, State::kStep);
  EXPECT_EQ(find(judged, "user.anon", "sawtooth"), nullptr);
}

TEST(UserAnon, AProcessThatWasNotThereAllTheTimeIsNotJudged) {
  auto machine = losing(0);
  const auto young = machine.process(9, "young", ramp(0, 300 * kMiB));
  machine.lives(young, 25, 61);
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{});
  ASSERT_NE(find(judged, "user.anon", "young"), nullptr);
  EXPECT_EQ(find(judged, "user.anon", "young")->state, State::kInsufficient);
}

TEST(UserAnon, AStepIsExplainedByWhatHappenedThen) {
  auto machine = losing(0);
  machine.process(3, "server", jump(10 * kMiB, 200 * kMiB));
  machine.event(30, model::EventKind::kModuleLoad, "nf_tables");
  const Judged judged = judge_with_defaults(machine.build());
  ASSERT_NE(find(judged, "user.anon", "server"), nullptr);
  EXPECT_TRUE(has_evidence(*find(judged, "user.anon", "server"), "module_load at the step: nf_tables"));
}

TEST(UserAnon, ASmallLeakIsFoundBesideABigNoisyParent) {
  ObservationBuilder machine;
  machine.idle_machine();
  machine.machine(Metric::kMeminfoMemAvailable, noisy(8 * kGiB, 800 * kMiB));
  machine.machine(Metric::kMeminfoAnonPages, noisy(4 * kGiB, 700 * kMiB));
  machine.machine(Metric::kMeminfoCached, ramp(kGiB, kGiB));
  for (int i = 0; i < 40; ++i) machine.process(100 + i, "noisy", noisy(100 * kMiB, 20 * kMiB));
  machine.process(2000, "leaky", ramp(10 * kMiB, 120 * kMiB));
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{"user.anon growing leaky"});
  ASSERT_NE(find(judged, "machine.page_cache"), nullptr);
  EXPECT_EQ(find(judged, "machine.page_cache")->state, State::kCache);
}

TEST(UserAnon, ProgramsTogetherAreToldWhenNoneCanBeRead) {
  const Judged judged = judge_with_defaults(losing(200 * kMiB).build());
  ASSERT_EQ(judged.findings.size(), 1U);
  EXPECT_EQ(judged.findings[0].id, "user.anon");
  EXPECT_EQ(judged.findings[0].subject.key.kind, SubjectKind::kMachine);
  EXPECT_FALSE(has_evidence(judged.findings[0], "SwapFree"));
}

TEST(UserAnon, ProgramsTogetherShowTheSwapThatTheyFill) {
  auto machine = losing(0);
  machine.machine(Metric::kMeminfoSwapTotal, flat(4 * kGiB))
      .machine(Metric::kMeminfoSwapFree, ramp(4 * kGiB, -200 * kMiB));
  const Judged judged = judge_with_defaults(machine.build());
  ASSERT_EQ(alarms(judged), Words{"user.anon growing "});
  EXPECT_TRUE(has_evidence(judged.findings[0], "SwapFree 4.00 GiB -> 3.8"));
}

/// A compiler at work: jobs of one kind that end and give all back, and one that grows through the whole window.
Judged with_a_long_job(StartTime started) {
  auto machine = losing(400 * kMiB);
  const auto jobs = machine.group("cc1plus in build.service", noisy(300 * kMiB, 150 * kMiB), 3);
  for (int i = 0; i < 6; ++i) {
    const auto job = machine.process(100 + i, "cc1plus", ramp(20 * kMiB, 200 * kMiB), jobs);
    machine.lives(job, 8 * i, 8 * i + 10);
    machine.registry().retire(job);
  }
  model::SubjectInfo info;
  info.key = {SubjectKind::kProcess, "cc1plus", ProcessId{Pid{2000}, started}};
  info.parent = jobs;
  machine.series(machine.registry().intern(info), Metric::kProcessRssAnon, ramp(50 * kMiB, 400 * kMiB));
  return judge_with_defaults(machine.build());
}

TEST(UserAnon, AYoungJobOfAShortLivedKindIsDoubted) {
  const StartTime just_before{24 * 3600 * 100 - 500};
  const Judged judged = with_a_long_job(just_before);
  const Finding* finding = find(judged, "user.anon", "cc1plus");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->state, State::kInsufficient);
  EXPECT_TRUE(has_evidence(*finding, "6 of its kind ended"));
}

TEST(UserAnon, AnOldProcessOfAShortLivedKindIsTold) {
  const StartTime hours_ago{20 * 3600 * 100};
  const Judged judged = with_a_long_job(hours_ago);
  const Finding* finding = find(judged, "user.anon", "cc1plus");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->state, State::kGrowing);
}

TEST(UserGroup, WorkersThatLeakAsAWholeAreTold) {
  auto machine = losing(200 * kMiB);
  const auto workers = machine.group("worker in app.service", ramp(100 * kMiB, 200 * kMiB), 5);
  for (int i = 0; i < 12; ++i) {
    const auto worker = machine.process(100 + i, "worker", ramp(10 * kMiB, 30 * kMiB), workers);
    machine.lives(worker, 5 * i, 5 * i + 10);
  }
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{"user.group growing worker in app.service"});
  EXPECT_TRUE(has_evidence(judged.findings[0], "its members come and go"));
}

TEST(UserGroup, WorkersReplacedAtEqualSizeStaySilent) {
  auto machine = losing(0);
  const auto workers = machine.group("worker in app.service", noisy(100 * kMiB, 5 * kMiB), 5);
  for (int i = 0; i < 12; ++i) {
    machine.lives(machine.process(100 + i, "worker", ramp(0, 50 * kMiB), workers), 5 * i, 5 * i + 10);
  }
  EXPECT_EQ(judge_with_defaults(machine.build()).verdict, Verdict::kClean);
}

TEST(UserGroup, OneLeakerAmongManyMembersIsToldItself) {
  auto machine = losing(120 * kMiB);
  const auto all = machine.group("python3 in /", ramp(900 * kMiB, 120 * kMiB), 51);
  for (int i = 0; i < 50; ++i) machine.process(100 + i, "python3", noisy(16 * kMiB, kMiB), all);
  machine.process(2000, "leaky", ramp(10 * kMiB, 120 * kMiB), all);
  EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{"user.anon growing leaky"});
}

TEST(UserGroup, MembersThatAllLeakAreOneDefect) {
  auto machine = losing(120 * kMiB);
  const auto all = machine.group("nginx in nginx.service", ramp(40 * kMiB, 120 * kMiB), 4);
  for (int i = 0; i < 4; ++i) machine.process(100 + i, "nginx", ramp(10 * kMiB, 30 * kMiB), all);
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{"user.group growing nginx in nginx.service"});
  EXPECT_EQ(judged.findings[0].holders.size(), 4U);
}

TEST(UserDescriptors, AreToldWithTheirKindLimitAndCompanions) {
  auto machine = losing(0);
  const auto leaky = machine.process(2000, "leaky", ramp(10 * kMiB, 1.5 * kMiB));
  machine.series(leaky, Metric::kProcessFds, ramp(20, 600));
  machine.series(leaky, Metric::kProcessFdSockets, ramp(2, 600));
  machine.series(leaky, Metric::kProcessFdLimit, flat(1024));
  machine.machine(Metric::kFileAllocated, ramp(2000, 600));
  machine.cache("filp", 256, false, ramp(3000, 620), ramp(3000, 640));
  machine.cache("sock_inode_cache", 832, true, ramp(1000, 610), ramp(1000, 610));
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{"user.descriptors growing leaky"});
  const Finding& finding = judged.findings[0];
  EXPECT_EQ(finding.unit, model::Unit::kCount);
  EXPECT_TRUE(has_evidence(finding, "+580 sockets"));
  EXPECT_TRUE(has_evidence(finding, "soft limit 1,024"));
  EXPECT_TRUE(has_evidence(finding, "anonymous memory"));
  EXPECT_FALSE(finding.share_of_decline);
  ASSERT_TRUE(finding.eta);
  EXPECT_LT(finding.eta->lower, std::chrono::seconds(60));
}

TEST(UserDescriptors, LeakedSocketsAreNotTheirOwnLoad) {
  ObservationBuilder machine;
  machine.idle_machine();
  const auto bursts = [](double level) {
    return [level](int i, int n) { return level + 600.0 * i / n + 20.0 * (i / 5 % 2); };
  };
  const auto leaky = machine.process(2000, "leaky", flat(20 * kMiB));
  machine.series(leaky, Metric::kProcessFds, bursts(20)).series(leaky, Metric::kProcessFdSockets, bursts(2));
  machine.machine(Metric::kSockSocketsUsed, bursts(200));
  EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{"user.descriptors growing leaky"});
}

TEST(UserDescriptors, ThatGoUpAndDownStaySilent) {
  auto machine = losing(0);
  const auto busy = machine.process(2000, "busy", flat(10 * kMiB));
  machine.series(busy, Metric::kProcessFds, sawtooth(20, 600));
  EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{});
}

TEST(UserThreads, TakeTheirStacksAndSlabObjectsAlong) {
  auto machine = losing(20 * kMiB);
  const auto leaky = machine.process(2000, "leaky", ramp(10 * kMiB, 10 * kMiB));
  machine.series(leaky, Metric::kProcessThreads, ramp(4, 600));
  machine.machine(Metric::kTasksTotal, ramp(400, 600));
  machine.machine(Metric::kMeminfoKernelStack, ramp(10 * kMiB, 9.6 * kMiB));
  machine.machine(Metric::kMeminfoSUnreclaim, ramp(212 * kMiB, 7 * kMiB));
  machine.cache("task_struct", 9792, false, ramp(700, 600), ramp(700, 610));
  machine.cache("vm_area_struct", 192, false, ramp(20000, 2000), ramp(20000, 2000));
  const auto fork = machine.subject(SubjectKind::kVmallocCaller, "kernel_clone");
  machine.series(fork, Metric::kVmallocBytes, ramp(10 * kMiB, 9.6 * kMiB), 5);
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{"user.threads growing leaky"});
  EXPECT_TRUE(has_evidence(judged.findings[0], "kernel stacks +9."));
  EXPECT_TRUE(has_evidence(judged.findings[0], "task_struct"));
}

TEST(UserThreads, AreGoneByTheNearestLimitOfTheirCgroups) {
  struct Case {
    const char* process;
    const char* limited;
    std::optional<double> minutes;  ///< nothing: no time can be told
  };
  constexpr double kOfTheMachine = (32768 - 1000) / 600.0;
  for (const Case& each : {Case{"/app.slice/web.service", "/app.slice", 1},
                           {"/app.slice/web.service", "/app.slice/web.service", 1},
                           {"/app.slice/web.service", "/other.slice", kOfTheMachine},
                           {"", "/app.slice", kOfTheMachine},
                           {"/app", "memory:/app", 1},
                           {"/", "memory:/app", std::nullopt}}) {
    auto machine = losing(0);
    machine.machine(Metric::kPidMax, flat(32768)).machine(Metric::kTasksTotal, ramp(400, 600));
    const auto leaky = machine.process(2000, "leaky", flat(10 * kMiB), {}, each.process);
    machine.series(leaky, Metric::kProcessThreads, ramp(4, 600));
    const auto cgroup = machine.subject(SubjectKind::kCgroup, each.limited);
    machine.series(cgroup, Metric::kCgroupPidsCurrent, ramp(400, 600))
        .series(cgroup, Metric::kCgroupPidsMax, flat(1600));
    const Judged judged = judge_with_defaults(machine.build());
    ASSERT_EQ(alarms(judged), Words{"user.threads growing leaky"}) << each.limited;
    const auto& eta = judged.findings[0].eta;
    ASSERT_EQ(eta.has_value(), each.minutes.has_value()) << each.process << " " << each.limited;
    if (eta) {
      EXPECT_NEAR(static_cast<double>(eta->lower.count()) / 60e9, *each.minutes, *each.minutes / 10) << each.limited;
    }
  }
}

TEST(UserThreads, APoolThatFillsStaysSilent) {
  auto machine = losing(0);
  machine.series(machine.process(2000, "pool", flat(10 * kMiB)), Metric::kProcessThreads, plateau(4, 128));
  EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{});
}

TEST(UserShmem, NamesTheTmpfsThatFills) {
  auto machine = losing(0);
  machine.machine(Metric::kMeminfoMemAvailable, ramp(12 * kGiB, -120 * kMiB));
  machine.machine(Metric::kMeminfoShmem, ramp(64 * kMiB, 120 * kMiB))
      .machine(Metric::kMeminfoCached, ramp(2 * kGiB, 120 * kMiB));
  const auto mount = machine.subject(SubjectKind::kTmpfs, "/dev/shm");
  machine.series(mount, Metric::kTmpfsUsed, ramp(kMiB, 120 * kMiB), 2).series(mount, Metric::kTmpfsSize, flat(kGiB), 2);
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{"user.shmem growing /dev/shm"});
  EXPECT_EQ(find(judged, "machine.page_cache"), nullptr);
  EXPECT_GT(judged.findings[0].share_of_decline.value_or(0), 0.9);
  ASSERT_TRUE(judged.findings[0].eta);
  EXPECT_LT(judged.findings[0].eta->lower, std::chrono::minutes(9));
}

TEST(UserShmem, NamesTheTmpfsThatExplainsTheSum) {
  auto machine = losing(0);
  machine.machine(Metric::kMeminfoShmem, ramp(64 * kMiB, 120 * kMiB));
  machine.series(machine.subject(SubjectKind::kTmpfs, "/run"), Metric::kTmpfsUsed, ramp(kMiB, 120 * kMiB), 12);
  EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{"user.shmem growing /run"});
}

TEST(UserShmem, NamesTheProcessBehindMemfds) {
  auto machine = losing(0);
  machine.machine(Metric::kMeminfoShmem, ramp(64 * kMiB, 120 * kMiB));
  const auto owner = machine.process(77, "compositor", flat(50 * kMiB));
  machine.series(owner, Metric::kProcessRssShmem, ramp(kMiB, 118 * kMiB))
      .series(owner, Metric::kProcessFdMemfds, ramp(3, 30));
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{"user.shmem growing compositor"});
}

TEST(UserShmem, TellsSegmentsThatNobodyHasAttached) {
  auto machine = losing(0);
  machine.machine(Metric::kMeminfoShmem, ramp(64 * kMiB, 100 * kMiB))
      .machine(Metric::kSysvShmBytes, ramp(0, 100 * kMiB));
  machine.machine(Metric::kSysvShmUnattachedBytes, ramp(0, 100 * kMiB)).machine(Metric::kSysvShmSegments, ramp(0, 100));
  const Judged judged = judge_with_defaults(machine.build());
  ASSERT_NE(find(judged, "user.shmem"), nullptr);
  EXPECT_TRUE(has_evidence(*find(judged, "user.shmem"), "nobody has attached"));
}

TEST(UserShmem, FilesThatComeAndGoStaySilent) {
  auto machine = losing(0);
  machine.machine(Metric::kMeminfoShmem, sawtooth(64 * kMiB, 90 * kMiB));
  machine.series(machine.subject(SubjectKind::kTmpfs, "/tmp"), Metric::kTmpfsUsed, sawtooth(0, 90 * kMiB));
  EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{});
}

model::SubjectId limited(ObservationBuilder& machine, const std::string& path, const Curve& current,
                         const Curve& file) {
  const auto cgroup = machine.subject(SubjectKind::kCgroup, path);
  machine.series(cgroup, Metric::kCgroupCurrent, current).series(cgroup, Metric::kCgroupMax, flat(512 * kMiB));
  machine.series(cgroup, Metric::kCgroupInactiveFile, file).series(cgroup, Metric::kCgroupAnon, current);
  return cgroup;
}

TEST(CgroupLimit, IsToldWithItsTime) {
  auto machine = losing(0);
  limited(machine, "/app.slice", ramp(100 * kMiB, 120 * kMiB), flat(0));
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{"cgroup.limit growing /app.slice"});
  ASSERT_TRUE(judged.findings[0].eta);
  EXPECT_LT(judged.findings[0].eta->lower, std::chrono::minutes(3));
}

TEST(CgroupLimit, TheDeeperSubjectIsToldOnce) {
  auto machine = losing(120 * kMiB);
  limited(machine, "/app.slice", ramp(100 * kMiB, 121 * kMiB), flat(0));
  limited(machine, "/app.slice/web.service", ramp(90 * kMiB, 120 * kMiB), flat(0));
  machine.process(2000, "leaky", ramp(10 * kMiB, 120 * kMiB), {}, "0::/app.slice/web.service");
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{"user.anon growing leaky"});
  EXPECT_TRUE(has_evidence(judged.findings[0], "its cgroup /app.slice/web.service"));
  ASSERT_TRUE(judged.findings[0].eta);
  EXPECT_LT(judged.findings[0].eta->lower, std::chrono::minutes(3));
}

/// It stands at its limit of 512 MiB while swap fills.
model::SubjectId swapping(ObservationBuilder& machine, const std::string& path, const Curve& swap) {
  machine.machine(Metric::kMeminfoSwapTotal, flat(4 * kGiB)).machine(Metric::kMeminfoSwapFree, [swap](int i, int n) {
    return 4 * kGiB - swap(i, n);
  });
  const auto cgroup = limited(machine, path, flat(512 * kMiB), flat(0));
  machine.series(cgroup, Metric::kCgroupSwapCurrent, swap);
  return cgroup;
}

TEST(CgroupLimit, GoesOnIntoSwap) {
  struct Case {
    const char* name;
    Metric metric;
    std::optional<double> limit;  // MiB, of the cgroup around it
    double minutes;
  };
  constexpr double kRise = 100;
  for (const Case& each : {Case{"/app.slice", Metric::kCgroupSwapMax, std::nullopt, (4096 - kRise) / kRise},
                           Case{"/app.slice", Metric::kCgroupSwapMax, 600, (600 - kRise) / kRise},
                           Case{"/app.slice", Metric::kCgroupSwapMax, 9000, (4096 - kRise) / kRise},
                           Case{"memory:/app", Metric::kCgroupMemswMax, 1024, (1024 - 512 - kRise) / kRise}}) {
    auto machine = losing(0);
    const auto cgroup = swapping(machine, each.name, ramp(0, kRise * kMiB));
    if (each.limit) machine.series(cgroup, each.metric, flat(*each.limit * kMiB));
    if (each.metric == Metric::kCgroupMemswMax) {
      machine.series(cgroup, Metric::kCgroupMemsw, ramp(512 * kMiB, kRise * kMiB));
    }
    const Judged judged = judge_with_defaults(machine.build());
    const Finding* finding = find(judged, "cgroup.limit", each.name);
    ASSERT_NE(finding, nullptr) << each.name;
    EXPECT_EQ(finding->state, State::kGrowing);
    EXPECT_TRUE(has_evidence(*finding, "swap 1.67 MiB -> 98.3 MiB"));
    ASSERT_TRUE(finding->eta);
    EXPECT_NEAR(static_cast<double>(finding->eta->lower.count()) / 60e9, each.minutes, each.minutes / 10);
  }
}

TEST(CgroupLimit, SwapForbiddenAboveItIsNoRoom) {
  auto machine = losing(0);
  machine.series(machine.subject(SubjectKind::kCgroup, "/app.slice"), Metric::kCgroupSwapMax, flat(0));
  const auto cgroup = limited(machine, "/app.slice/web.service", ramp(100 * kMiB, 120 * kMiB), flat(0));
  machine.series(cgroup, Metric::kCgroupSwapCurrent, flat(0)).machine(Metric::kMeminfoSwapFree, flat(4 * kGiB));
  const Judged judged = judge_with_defaults(machine.build());
  ASSERT_EQ(alarms(judged), Words{"cgroup.limit growing /app.slice/web.service"});
  ASSERT_TRUE(judged.findings[0].eta);
  EXPECT_LT(judged.findings[0].eta->lower, std::chrono::minutes(3));
}

TEST(CgroupLimit, SwapThatComesAndGoesStaysSilent) {
  auto machine = losing(0);
  swapping(machine, "/app.slice", sawtooth(0, 100 * kMiB));
  EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{});
}

TEST(CgroupLimit, CountsHowOftenItWasHit) {
  auto machine = losing(0);
  const auto cgroup = limited(machine, "/app.slice", ramp(100 * kMiB, 120 * kMiB), flat(0));
  machine.series(cgroup, Metric::kCgroupEventsHigh, flat(7)).series(cgroup, Metric::kCgroupEventsMax, ramp(40, 12));
  machine.series(cgroup, Metric::kCgroupEventsOom, jump(3, 1));
  const Judged judged = judge_with_defaults(machine.build());
  ASSERT_EQ(alarms(judged), Words{"cgroup.limit growing /app.slice"});
  EXPECT_TRUE(has_evidence(judged.findings[0], "hit memory.max 12 times in the window"));
  EXPECT_TRUE(has_evidence(judged.findings[0], "found nothing to reclaim there 1 time in the window"));
  EXPECT_FALSE(has_evidence(judged.findings[0], "memory.high"));
}

TEST(CgroupLimit, ItsPageCacheStaysSilent) {
  auto machine = losing(0);
  limited(machine, "/app.slice", ramp(100 * kMiB, 300 * kMiB), ramp(0, 300 * kMiB));
  EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{});
}

}  // namespace
}  // namespace leakscope::findings
