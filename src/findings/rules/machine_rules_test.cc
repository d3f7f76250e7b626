#include <cmath>

#include <gtest/gtest.h>

#include "findings/headline.h"
#include "findings/observation_builder.h"

namespace leakscope::findings {
namespace {

using model::Metric;
using model::SubjectKind;
using Words = std::vector<std::string>;

constexpr double kGiB = 1024 * kMiB;

TEST(Machine, AtRestIsClean) {
  ObservationBuilder machine;
  const Judged judged = judge_with_defaults(machine.idle_machine().build());
  EXPECT_EQ(judged.verdict, Verdict::kClean);
  EXPECT_TRUE(judged.findings.empty());
  EXPECT_TRUE(judged.struggle.empty());
  ASSERT_TRUE(judged.detectable_rate);
  EXPECT_EQ(headline_of(judged, std::chrono::minutes(1)).sentence,
            "nothing leaks: a steady loss of 2.17 MiB/min would have been noticed.");
}

TEST(Machine, WhatRisesVisiblyAndCannotBeDecidedIsNotClean) {
  ObservationBuilder machine;
  machine.idle_machine();
  // A random walk that ends high: 200 MiB of anonymous memory more, nobody knows why.
  const auto walk = [](int i, int) {
    return (i < 20 ? 40.0 * kMiB * std::sin(i / 6.0) : (i - 20) * 5.0 * kMiB + (i / 9 % 2) * 60 * kMiB);
  };
  machine.machine(Metric::kMeminfoAnonPages, [walk](int i, int n) { return 1024 * kMiB + walk(i, n); });
  machine.machine(Metric::kMeminfoMemAvailable, [walk](int i, int n) { return 12 * 1024 * kMiB - walk(i, n); });
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(judged.verdict, Verdict::kInsufficient);
  EXPECT_TRUE(judged.doubt.starts_with("anonymous memory of all programs rose by")) << judged.doubt;
}

TEST(Machine, NoiseInWhichTheMachineCouldEndUnseenIsNotClean) {
  ObservationBuilder machine(30);
  machine.idle_machine();
  // free -h, in whole GiB.
  machine.machine(Metric::kMeminfoMemAvailable,
                  [](int i, int) { return std::round(5.5 + 1.8 * std::sin(i * i / 40.0)) * 1024 * kMiB; });
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(judged.verdict, Verdict::kInsufficient);
  EXPECT_TRUE(judged.doubt.ends_with("would not have shown")) << judged.doubt;
  EXPECT_GT(judged.needed, std::chrono::seconds(30));
}

TEST(Machine, WatchedTooShortlyIsInsufficient) {
  ObservationBuilder machine(5);
  const Judged judged = judge_with_defaults(machine.idle_machine().build());
  EXPECT_EQ(judged.verdict, Verdict::kInsufficient);
  ASSERT_TRUE(judged.needed);
  EXPECT_EQ(headline_of(judged, std::chrono::minutes(1)).sentence,
            "60 s are too short to judge: watch for 8.0 s or more.");
}

TEST(Machine, WithoutAnySampleIsInsufficient) {
  const Judged judged = judge_with_defaults(ObservationBuilder(0).build());
  EXPECT_EQ(judged.verdict, Verdict::kInsufficient);
  EXPECT_FALSE(judged.ledger);
  EXPECT_FALSE(headline_of(judged, std::chrono::minutes(1)).sentence.empty());
}

TEST(Machine, PageCacheIsToldAsOne) {
  ObservationBuilder machine;
  machine.idle_machine().machine(Metric::kMeminfoCached, ramp(2 * kGiB, kGiB));
  machine.machine(Metric::kVmstatFreePages, ramp(10 * kGiB, -kGiB));
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(judged.verdict, Verdict::kClean);
  ASSERT_NE(find(judged, "machine.page_cache"), nullptr);
  EXPECT_FALSE(find(judged, "machine.page_cache")->share_of_decline);
  EXPECT_EQ(find(judged, "machine.page_cache")->title, "page cache");
}

TEST(Machine, ADeclineThatNobodyExplainsIsTold) {
  ObservationBuilder machine;
  machine.idle_machine().machine(Metric::kMeminfoMemAvailable, ramp(12 * kGiB, -100 * kMiB));
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{"machine.decline growing "});
  EXPECT_NE(headline_of(judged, std::chrono::minutes(1)).sentence.find("available memory falls by 100 MiB/min"),
            std::string::npos)
      << headline_of(judged, std::chrono::minutes(1)).sentence;
}

TEST(Machine, ADeclineThatEndsOrComesBackStaysSilent) {
  for (Curve (*const curve)(double, double) : {plateau, jump, sawtooth}) {
    ObservationBuilder machine;
    machine.idle_machine().machine(Metric::kMeminfoMemAvailable, curve(12 * kGiB, -100 * kMiB));
    EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{});
  }
}

// The last readings of available memory are from before it gave its memory back.
TEST(Machine, AProgramThatEndsWithTheWindowExplainsWhatItHeld) {
  const auto alarms_beside = [](double level) {
    ObservationBuilder machine;
    machine.idle_machine().cache("kmalloc-4k", 4096, false, ramp(1000, 10240), ramp(1000, 10240));
    machine.machine(Metric::kMeminfoSUnreclaim, ramp(kGiB, 40 * kMiB));
    machine.machine(Metric::kMeminfoMemAvailable, sum(ramp(12 * kGiB, -40 * kMiB), plateau(0, -60 * kMiB)));
    machine.machine(Metric::kMeminfoAnonPages, plateau(kGiB, 60 * kMiB));
    machine.lives(machine.process(100, "job", plateau(kMiB, level)), 0, 59);
    return alarms(judge_with_defaults(machine.build()));
  };
  EXPECT_EQ(alarms_beside(60 * kMiB), Words{"kernel.slab.growth growing kmalloc-4k"});
  EXPECT_EQ(alarms_beside(kMiB), (Words{"machine.decline growing ", "kernel.slab.growth growing kmalloc-4k"}));
}

TEST(Machine, ThatStrugglesSaysHow) {
  ObservationBuilder machine;
  machine.idle_machine().machine(Metric::kVmstatPswpout, ramp(0, 60 * 256 * 10));
  machine.machine(Metric::kVmstatPgscan, ramp(0, 600000)).machine(Metric::kVmstatPgsteal, ramp(0, 300000));
  machine.machine(Metric::kPsiMemorySomeTotal, ramp(0, 6e9)).machine(Metric::kPsiMemoryFullTotal, ramp(0, 3e9));
  machine.machine(Metric::kPsiIoSomeTotal, ramp(0, 24e9));
  machine.machine(Metric::kVmstatOomKill, jump(0, 1)).machine(Metric::kFileMax, flat(2100));
  const Judged judged = judge_with_defaults(machine.build());
  ASSERT_EQ(judged.struggle.size(), 6U);
  EXPECT_EQ(judged.struggle[0], "the OOM killer ended 1 process (/proc/vmstat)");
  EXPECT_EQ(judged.struggle[1], "it swaps: 10.0 MiB/s out, 0 B/s in (/proc/vmstat)");
  EXPECT_EQ(judged.struggle[4], "tasks waited for I/O in 40.0 % of the time (/proc/pressure/io)");
  EXPECT_EQ(judged.verdict, Verdict::kClean);
}

TEST(Machine, ThatStrugglesIsAFindingAndNoAlarm) {
  ObservationBuilder machine;
  machine.idle_machine().machine(Metric::kVmstatPswpout, ramp(0, 60 * 256 * 10));
  for (int i = 0; i < 12; ++i) machine.process(100 + i, "plateau", plateau(10 * kMiB, 100 * kMiB));
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(judged.verdict, Verdict::kClean);
  const Finding* finding = find(judged, "machine.struggle");
  ASSERT_NE(finding, nullptr) << "more than ten others are there";
  EXPECT_EQ(finding->state, State::kClean);
  EXPECT_EQ(finding->subject.key, model::machine());
  EXPECT_FALSE(finding->amount);
  ASSERT_EQ(finding->evidence.size(), 1U);
  EXPECT_EQ(finding->evidence[0].source, "/proc/vmstat");
  EXPECT_EQ(finding->evidence[0].text, "it swaps: 10.0 MiB/s out, 0 B/s in");
  EXPECT_EQ(headline_of(judged, std::chrono::minutes(1)).details,
            Words{"The machine struggles: it swaps: 10.0 MiB/s out, 0 B/s in (/proc/vmstat)."});
}

TEST(Machine, ThatReadsAndWritesDoesNotStruggle) {
  struct Case {
    Metric metric;
    Curve curve;
  };
  for (const Case& each :
       {Case{Metric::kVmstatPswpout, jump(9e9, -9e9)},  // starts anew
        Case{Metric::kPsiIoSomeTotal, ramp(0, 12e9)}, Case{Metric::kPsiMemorySomeTotal, ramp(0, 3e8)},
        Case{Metric::kVmstatPgmajfault, ramp(0, 3000)}}) {
    ObservationBuilder machine;
    machine.idle_machine().machine(each.metric, each.curve);
    const Judged judged = judge_with_defaults(machine.build());
    EXPECT_TRUE(judged.struggle.empty()) << judged.struggle.front();
    EXPECT_EQ(find(judged, "machine.struggle"), nullptr);
  }
}

TEST(Limits, CountsGrowTowardsThem) {
  struct Case {
    Metric metric;
    double rise;
    const char* told;
  };
  for (const Case& each : {Case{Metric::kFileAllocated, 3000, "limit.files growing "},
                           Case{Metric::kTasksTotal, 300, "limit.pids growing "},
                           Case{Metric::kConntrackCount, 900, "limit.conntrack growing "},
                           Case{Metric::kSysvMsgQueues, 40, "limit.ipc growing message queues"},
                           Case{Metric::kSysvSemSets, 40, "limit.ipc growing semaphore sets"}}) {
    for (const bool leaks : {true, false}) {
      ObservationBuilder machine;
      machine.idle_machine().machine(each.metric, leaks ? ramp(1000, each.rise) : sawtooth(1000, each.rise));
      EXPECT_EQ(alarms(judge_with_defaults(machine.build())), leaks ? Words{each.told} : Words{}) << each.told;
    }
  }
}

TEST(Limits, EndedProcessesThatNobodyWaitsForTakeTheirObjectsAlong) {
  ObservationBuilder machine;
  machine.idle_machine().machine(Metric::kTasksTotal, ramp(400, 600)).machine(Metric::kProcessesZombies, ramp(0, 600));
  machine.machine(Metric::kMeminfoSUnreclaim, ramp(212 * kMiB, 7 * kMiB));
  machine.cache("task_struct", 9792, false, ramp(700, 600), ramp(700, 610));
  machine.cache("sighand_cache", 2112, false, ramp(700, 600), ramp(700, 610));
  const Judged judged = judge_with_defaults(machine.build());
  ASSERT_EQ(alarms(judged), Words{"limit.pids growing "});
  EXPECT_TRUE(has_evidence(judged.findings[0], "ended processes that nobody has waited for"));
  EXPECT_TRUE(has_evidence(judged.findings[0], "slab task_struct"));
}

TEST(Limits, InotifyWatchesNameTheirProcess) {
  ObservationBuilder machine;
  machine.idle_machine();
  const auto user = machine.subject(SubjectKind::kUser, "uid 1000");
  machine.series(user, Metric::kInotifyWatchesUser, ramp(100, 6000))
      .series(user, Metric::kInotifyWatchesMax, flat(8192));
  machine.series(machine.process(12, "watcher", flat(kMiB)), Metric::kProcessInotifyWatches, ramp(100, 6000), 5);
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{"limit.inotify growing uid 1000"});
  EXPECT_EQ(judged.findings[0].holders.at(0).comm, "watcher");
  EXPECT_TRUE(judged.findings[0].eta);
}

TEST(Limits, InotifyWatchesThatLevelOffStaySilent) {
  for (Curve (*const curve)(double, double) : {plateau, jump, sawtooth}) {
    ObservationBuilder machine;
    machine.idle_machine();
    const auto user = machine.subject(SubjectKind::kUser, "uid 1000");
    machine.series(user, Metric::kInotifyWatchesUser, curve(100, 6000))
        .series(user, Metric::kInotifyWatchesMax, flat(8192));
    EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{});
  }
}

TEST(Hierarchy, NoiseInThousandsOfSeriesRaisesNothing) {
  ObservationBuilder machine;
  machine.idle_machine();
  for (int i = 0; i < 1000; ++i) {
    const double size = (5 + i % 300) * kMiB;
    const auto process = machine.process(100 + i, "p" + std::to_string(i), noisy(size + i, 8 * kMiB));
    machine.series(process, Metric::kProcessFds, noisy(100 + i, 60))
        .series(process, Metric::kProcessThreads, flat(i % 50));
  }
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(judged.verdict, Verdict::kClean);
}

TEST(Judge, LeavesItsOwnProgramOut) {
  ObservationBuilder machine;
  machine.idle_machine();
  const auto group = machine.group("leakscope in /", ramp(5 * kMiB, 20 * kMiB), 1);
  machine.process(42, "leakscope", ramp(5 * kMiB, 20 * kMiB), group);
  auto observation = machine.build();
  EXPECT_EQ(alarms(judge(observation, {})), Words{"user.anon growing leakscope"});
  observation.observers = {ProcessId{Pid{42}, StartTime{99}}};
  EXPECT_EQ(alarms(judge(observation, {})), Words{"user.anon growing leakscope"}) << "another one had this pid";
  observation.observers = {ProcessId{Pid{42}, StartTime{100}}};
  EXPECT_EQ(alarms(judge(observation, {})), Words{});
}

TEST(Headline, SaysWhoHowFastAndUntilWhen) {
  ObservationBuilder machine;
  machine.idle_machine().machine(Metric::kMeminfoMemAvailable, ramp(kGiB, -40 * kMiB));
  machine.machine(Metric::kMeminfoSUnreclaim, ramp(212 * kMiB, 40 * kMiB));
  machine.machine(Metric::kMeminfoSlab, ramp(512 * kMiB, 40 * kMiB))
      .machine(Metric::kSlabTotalBytes, ramp(505 * kMiB, 40 * kMiB), 5);
  machine.cache("kmalloc-4k", 4096, false, ramp(112304, 10185), ramp(112400, 10185));
  const Judged judged = judge_with_defaults(machine.build());
  const std::string sentence = headline_of(judged, std::chrono::minutes(1)).sentence;
  EXPECT_EQ(sentence.find("the kernel: slab cache kmalloc-4k grows by "), 0U) << sentence;
  EXPECT_NE(sentence.find("% of what this machine lost."), std::string::npos) << sentence;
  ASSERT_FALSE(headline_of(judged, std::chrono::minutes(1)).details.empty());
  EXPECT_EQ(headline_of(judged, std::chrono::minutes(1)).details[0].find("Available memory: 98"), 0U)
      << headline_of(judged, std::chrono::minutes(1)).details[0];
  EXPECT_NE(headline_of(judged, std::chrono::minutes(1)).details[0].find(" min"), std::string::npos)
      << headline_of(judged, std::chrono::minutes(1)).details[0];
}

TEST(Headline, AddsFreeSwapToWhatIsLeft) {
  for (const bool swap : {true, false}) {
    ObservationBuilder machine;
    machine.idle_machine().machine(Metric::kMeminfoMemAvailable, ramp(kGiB, -40 * kMiB));
    machine.machine(Metric::kMeminfoSwapTotal, flat(swap ? 2 * kGiB : 0));
    machine.machine(Metric::kMeminfoSwapFree, flat(swap ? 2 * kGiB : 0));
    const Judged judged = judge_with_defaults(machine.build());
    const Headline headline = headline_of(judged, std::chrono::minutes(1));
    ASSERT_FALSE(headline.details.empty());
    EXPECT_EQ(headline.details[0].find(swap ? "Available memory and free swap: 2.96 GiB, gone in 1 h"
                                            : "Available memory: 984 MiB, gone in 2"),
              0U)
        << headline.details[0];
  }
}

}  // namespace
}  // namespace leakscope::findings
