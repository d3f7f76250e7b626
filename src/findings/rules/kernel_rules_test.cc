#include <gtest/gtest.h>

#include "findings/observation_builder.h"

namespace leakscope::findings {
namespace {

using model::Metric;
using model::SubjectKind;
using Words = std::vector<std::string>;

constexpr double kGiB = 1024 * kMiB;

ObservationBuilder losing(double bytes) {
  ObservationBuilder machine;
  machine.idle_machine();
  machine.machine(Metric::kMeminfoMemAvailable, sum(ramp(12 * kGiB, -bytes), noisy(0, 2 * kMiB)));
  machine.machine(Metric::kVmstatFreePages, sum(ramp(10 * kGiB, -bytes), noisy(0, 0.5 * kMiB)));
  return machine;
}

/// The same, and the loss is unreclaimable slab.
ObservationBuilder losing_slab(double bytes) {
  auto machine = losing(bytes);
  machine.machine(Metric::kMeminfoSUnreclaim, ramp(212 * kMiB, bytes))
      .machine(Metric::kMeminfoSlab, ramp(512 * kMiB, bytes));
  machine.machine(Metric::kSlabTotalBytes, ramp(505 * kMiB, bytes), 5);
  return machine;
}

TEST(KernelSlab, NamesTheCacheThatGrows) {
  auto machine = losing_slab(40 * kMiB);
  for (int i = 0; i < 100; ++i) {
    machine.cache("still-" + std::to_string(i), 512, false, noisy(4000, 100), flat(4200));
  }
  machine.cache("kmalloc-4k", 4096, false, ramp(112304, 10185), ramp(112400, 10185));
  machine.series(machine.process(9, "idle", flat(kMiB)), Metric::kProcessSocketBytes, noisy(50000, 9000), 5);
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{"kernel.slab.growth growing kmalloc-4k"});
  const Finding& finding = judged.findings[0];
  EXPECT_EQ(finding.domain, Domain::kKernel);
  EXPECT_GT(finding.share_of_decline.value_or(0), 0.9);
  EXPECT_TRUE(has_evidence(finding, "nobody holds them"));
  EXPECT_TRUE(has_evidence(finding, "falls in none"));
  EXPECT_EQ(finding.next.front(), "leakscope trace kernel --cache kmalloc-4k --for 60s");
  ASSERT_FALSE(judged.decline.parts.empty());
  EXPECT_EQ(judged.decline.parts[0].row, "kernel.slab_unreclaimable");
}

TEST(KernelSlab, NamesTheProcessBehindMessages) {
  auto machine = losing_slab(41 * kMiB);
  machine.cache("kmalloc-cg-4k", 4096, false, ramp(200, 10000), ramp(208, 10000));
  machine.cache("kmalloc-cg-64", 64, false, ramp(200, 10000), ramp(256, 10000));
  const auto sender = machine.process(4711, "queuer", flat(2 * kMiB));
  machine.series(sender, Metric::kProcessMsgBytes, ramp(0, 39.1 * kMiB), 5);
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{"kernel.slab.growth growing kmalloc-cg-4k"});
  const Finding& finding = judged.findings[0];
  ASSERT_EQ(finding.holders.size(), 1U);
  EXPECT_EQ(finding.holders[0].comm, "queuer");
  EXPECT_EQ(finding.holders[0].process.pid.value, 4711);
  EXPECT_NE(finding.holders[0].holds.find(" MiB in message queues"), std::string::npos);
  EXPECT_TRUE(has_evidence(finding, "queues and BPF maps explain 3"));
  EXPECT_TRUE(has_evidence(finding, "beside it grow kmalloc-cg-64"));
}

TEST(KernelSlab, NamesTheUserWhoseSendersAreGone) {
  auto machine = losing_slab(41 * kMiB);
  machine.cache("kmalloc-cg-4k", 4096, false, ramp(200, 10000), ramp(208, 10000));
  machine.series(machine.subject(model::SubjectKind::kUser, "uid 1000"), Metric::kUserMsgBytes, ramp(0, 39.1 * kMiB),
                 5);
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{"kernel.slab.growth growing kmalloc-cg-4k"});
  const Finding& finding = judged.findings[0];
  EXPECT_TRUE(finding.holders.empty());
  EXPECT_TRUE(has_evidence(finding, "in message queues of uid 1000 whose last sender has ended"));
  EXPECT_FALSE(has_evidence(finding, "nobody holds them"));
}

TEST(KernelSlab, MessagesInBucketsOfTheirOwnHoldNothingElse) {
  auto machine = losing_slab(80 * kMiB);
  machine.cache("kmalloc-cg-4k", 4096, false, ramp(200, 10000), ramp(208, 10000));
  machine.cache("msg_msg-1k", 1024, false, ramp(200, 40000), ramp(208, 40000));
  machine.series(machine.process(1, "queuer", flat(kMiB)), Metric::kProcessMsgBytes, ramp(0, 39 * kMiB), 5);
  machine.series(machine.process(2, "stuffer", flat(kMiB)), Metric::kProcessSocketBytes, ramp(0, 39 * kMiB), 5);
  const Judged judged = judge_with_defaults(machine.build());
  for (const auto& [cache, holder] : {std::pair{"kmalloc-cg-4k", "stuffer"}, std::pair{"msg_msg-1k", "queuer"}}) {
    const Finding* finding = find(judged, "kernel.slab.growth", cache);
    ASSERT_NE(finding, nullptr);
    ASSERT_EQ(finding->holders.size(), 1U);
    EXPECT_EQ(finding->holders[0].comm, holder);
  }
}

TEST(KernelSlab, SocketsWithFullQueuesAreMoreThanTheirDescriptors) {
  auto machine = losing_slab(100 * kMiB);
  machine.cache("kmalloc-4k", 4096, false, ramp(500, 25600), ramp(500, 25600));
  const auto owner = machine.process(50, "stuffer", flat(2 * kMiB));
  machine.series(owner, Metric::kProcessFds, ramp(10, 500))
      .series(owner, Metric::kProcessSocketBytes, ramp(0, 98 * kMiB), 5);
  const Judged judged = judge_with_defaults(machine.build());
  ASSERT_NE(find(judged, "kernel.slab.growth", "kmalloc-4k"), nullptr);
  EXPECT_EQ(judged.findings[0].id, "kernel.slab.growth");
  EXPECT_EQ(find(judged, "kernel.slab.growth")->holders.at(0).comm, "stuffer");
}

TEST(KernelSlab, FragmentationIsNoLeak) {
  auto machine = losing_slab(40 * kMiB);
  machine.cache("kmalloc-512", 512, false, noisy(60000, 500), ramp(61000, 80000));
  const Judged judged = judge_with_defaults(machine.build());
  ASSERT_NE(find(judged, "kernel.slab.fragmentation"), nullptr);
  EXPECT_EQ(find(judged, "kernel.slab.fragmentation")->state, State::kFragmented);
  EXPECT_EQ(find(judged, "kernel.slab.growth"), nullptr);
}

/// find / -xdev | xargs stat
ObservationBuilder walking_files(double unused_share) {
  ObservationBuilder machine;
  machine.idle_machine();
  machine.machine(Metric::kMeminfoSReclaimable, ramp(300 * kMiB, 180 * kMiB))
      .machine(Metric::kMeminfoSlab, ramp(512 * kMiB, 180 * kMiB));
  machine.machine(Metric::kSlabTotalBytes, ramp(505 * kMiB, 180 * kMiB), 5);
  machine.machine(Metric::kDentryTotal, ramp(50000, 150000))
      .machine(Metric::kDentryUnused, ramp(20000, 150000 * unused_share));
  machine.cache("dentry", 192, true, ramp(50000, 150000), ramp(50400, 150000));
  machine.cache("ext4_inode_cache", 1096, true, ramp(40000, 140000), ramp(40400, 140000));
  return machine;
}

TEST(KernelSlab, DentriesThatNobodyUsesAreACache) {
  const Judged judged = judge_with_defaults(walking_files(0.98).build());
  EXPECT_EQ(alarms(judged), Words{});
  ASSERT_NE(find(judged, "kernel.slab.cache", "dentry"), nullptr);
  EXPECT_EQ(find(judged, "kernel.slab.cache", "dentry")->state, State::kCache);
  EXPECT_EQ(find(judged, "kernel.slab.cache", "ext4_inode_cache")->state, State::kCache);
}

TEST(KernelSlab, DentriesThatAreHeldAreNot) {
  const Judged judged = judge_with_defaults(walking_files(0.02).build());
  ASSERT_NE(find(judged, "kernel.slab.growth", "dentry"), nullptr);
  EXPECT_TRUE(has_evidence(*find(judged, "kernel.slab.growth", "dentry"), "unused dentries"));
}

TEST(KernelSlab, AReclaimableCacheThatSurvivesReclaimIsNotOne) {
  for (const bool scanned : {false, true}) {
    ObservationBuilder machine;
    machine.idle_machine();
    machine.machine(Metric::kMeminfoSReclaimable, ramp(300 * kMiB, 60 * kMiB));
    machine.machine(Metric::kVmstatPgscan, ramp(0, scanned ? 5e6 : 1000));
    machine.cache("radix_tree_node", 576, true, ramp(1e5, 110000), ramp(1e5, 110000));
    EXPECT_EQ(alarms(judge_with_defaults(machine.build())).size(), scanned ? 1U : 0U);
  }
}

TEST(KernelSlab, TheCacheThatExplainsTheSumIsNamedThoughTooSlowToPassAlone) {
  auto machine = losing_slab(100 * kMiB);
  const auto cache = machine.cache("kmalloc-2k", 2048, false, ramp(500, 50000), ramp(500, 50000));
  machine.series(cache, Metric::kSlabActiveObjects, ramp(500, 50000), 12);
  machine.cache("kmalloc-1k", 1024, false, noisy(5000, 900), flat(6000));
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{"kernel.slab.growth growing kmalloc-2k"});
  EXPECT_TRUE(has_evidence(judged.findings[0], "of which it explains"));
  EXPECT_EQ(judged.findings[0].confidence, Confidence::kMedium);
  ASSERT_TRUE(judged.findings[0].rate);
}

TEST(KernelSlab, TheSumIsToldWhenCachesCannotBeRead) {
  auto machine = losing(40 * kMiB);
  machine.machine(Metric::kMeminfoSUnreclaim, ramp(212 * kMiB, 40 * kMiB));
  const Judged judged = judge_with_defaults(machine.build());
  ASSERT_NE(find(judged, "kernel.slab.growth"), nullptr);
  EXPECT_EQ(find(judged, "kernel.slab.growth")->subject.key.kind, SubjectKind::kMachine);
  EXPECT_TRUE(has_evidence(*find(judged, "kernel.slab.growth"), "the cache is not known"));
}

TEST(KernelLargeKmalloc, IsSlabBeyondItsCaches) {
  auto machine = losing(60 * kMiB);
  machine.machine(Metric::kMeminfoSUnreclaim, ramp(212 * kMiB, 60 * kMiB))
      .machine(Metric::kMeminfoSlab, ramp(512 * kMiB, 60 * kMiB));
  machine.cache("still", 512, false, flat(1000), flat(1000));
  EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{"kernel.large_kmalloc growing "});
  EXPECT_EQ(alarms(judge_with_defaults(losing_slab(60 * kMiB).build())).front(), "kernel.slab.growth growing ");
}

TEST(KernelVmalloc, NamesTheCaller) {
  auto machine = losing(50 * kMiB);
  machine.machine(Metric::kMeminfoVmallocUsed, ramp(80 * kMiB, 50 * kMiB));
  machine.series(machine.subject(SubjectKind::kVmallocCaller, "xt_alloc_table_info"), Metric::kVmallocBytes,
                 ramp(kMiB, 50 * kMiB), 5);
  machine.series(machine.subject(SubjectKind::kVmallocCaller, "unpurged"), Metric::kVmallocBytes, ramp(0, 90 * kMiB),
                 5);
  machine.series(machine.subject(SubjectKind::kVmallocCaller, "kernel_clone"), Metric::kVmallocBytes,
                 noisy(9 * kMiB, kMiB), 5);
  EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{"kernel.vmalloc growing xt_alloc_table_info"});
}

TEST(KernelVmalloc, AModuleThatWasLoadedIsAStep) {
  auto machine = losing(0);
  machine.machine(Metric::kMeminfoVmallocUsed, jump(80 * kMiB, 20 * kMiB));
  machine.series(machine.subject(SubjectKind::kVmallocCaller, "move_module"), Metric::kVmallocBytes,
                 jump(kMiB, 20 * kMiB), 5);
  machine.event(30, model::EventKind::kModuleLoad, "nvidia");
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{});
  ASSERT_NE(find(judged, "kernel.vmalloc"), nullptr);
  EXPECT_TRUE(has_evidence(*find(judged, "kernel.vmalloc"), "nvidia"));
}

TEST(KernelSlab, PartsOfOneThingAreOneFinding) {
  for (const double objects : {7680.0, 5000.0}) {
    auto machine = losing(60 * kMiB);
    machine.machine(Metric::kMeminfoSUnreclaim, ramp(212 * kMiB, 60 * kMiB));
    machine.cache("msg_msg-4k", 4096, false, ramp(600, 7680), ramp(600, 7680));
    machine.cache("kmalloc-cg-4k", 4096, false, ramp(650, objects), ramp(650, objects));
    const Judged judged = judge_with_defaults(machine.build());
    Words told{"kernel.slab.growth growing msg_msg-4k"};
    if (objects < 7000) told.emplace_back("kernel.slab.growth growing kmalloc-cg-4k");
    EXPECT_EQ(alarms(judged), told);
  }
}

TEST(KernelSlab, TheBooksOfKmemleakAreNoFinding) {
  auto machine = losing(30 * kMiB);
  machine.machine(Metric::kMeminfoSUnreclaim, ramp(212 * kMiB, 15 * kMiB));
  machine.machine(Metric::kMeminfoPercpu, ramp(6 * kMiB, 15 * kMiB));
  machine.cache("kmemleak_object", 248, false, ramp(90000, 63000), ramp(90000, 63000));
  EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{"kernel.percpu growing "});
}

TEST(KernelSlab, WhatHangsOnCachedInodesIsCache) {
  for (const bool leaks : {false, true}) {
    auto machine = losing(40 * kMiB);
    machine.machine(Metric::kMeminfoSReclaimable, ramp(10 * kMiB, 90 * kMiB));
    machine.machine(Metric::kMeminfoSUnreclaim, ramp(212 * kMiB, (leaks ? 60 : 8) * kMiB));
    machine.machine(Metric::kDentryUnused, ramp(4000, 88000));
    machine.cache("v9fs_inode_cache", 768, true, ramp(4000, 88000), ramp(4000, 88000));
    const double objects = leaks ? 640000 : 90000;
    machine.cache("lsm_inode_cache", 88, false, ramp(3000, objects), ramp(3000, objects));
    EXPECT_EQ(alarms(judge_with_defaults(machine.build())),
              leaks ? Words{"kernel.slab.growth growing lsm_inode_cache"} : Words{});
  }
}

TEST(KernelPercpu, OfRemovedCgroupsIsTheirs) {
  for (const double each : {16.0 * 1024, 512.0 * 1024}) {
    auto machine = losing(500 * each);
    machine.machine(Metric::kMeminfoPercpu, ramp(8 * kMiB, 500 * each));
    machine.machine(Metric::kCgroupsDying, ramp(3, 500)).machine(Metric::kCgroupsExisting, ramp(100, 500));
    const Judged judged = judge_with_defaults(machine.build());
    const Words both{"kernel.percpu growing ", "kernel.dying_cgroups growing "};
    EXPECT_EQ(alarms(judged), each < 64 * 1024 ? Words{"kernel.dying_cgroups growing "} : both) << each;
    EXPECT_TRUE(has_evidence(*find(judged, "kernel.dying_cgroups"), "Percpu"));
  }
}

TEST(KernelPercpu, TakesTheListsOfItsChunksAlong) {
  auto machine = losing(180 * kMiB);
  machine.machine(Metric::kMeminfoPercpu, ramp(6 * kMiB, 60 * kMiB));
  machine.machine(Metric::kMeminfoVmallocUsed, ramp(20 * kMiB, 120 * kMiB));
  for (const auto& [caller, rise] : {std::pair{"pcpu_create_chunk", 120.0}, {"pcpu_get_vm_areas", 60.0}}) {
    machine.series(machine.subject(SubjectKind::kVmallocCaller, caller), Metric::kVmallocBytes,
                   ramp(6 * kMiB, rise * kMiB), 2);
  }
  const Judged judged = judge_with_defaults(machine.build());
  ASSERT_EQ(alarms(judged), Words{"kernel.percpu growing "});
  EXPECT_TRUE(has_evidence(judged.findings[0], "vmalloc by pcpu_create_chunk +1"));
  ASSERT_TRUE(judged.findings[0].share_of_decline);
  EXPECT_GT(*judged.findings[0].share_of_decline, 0.9);
  ASSERT_TRUE(judged.findings[0].eta);
  EXPECT_NEAR(static_cast<double>(judged.findings[0].eta->lower.count()) / 60e9, 12.0 * 1024 / 180, 3);
}

TEST(KernelDyingCgroups, TakeTheirSlabObjectsAlong) {
  auto machine = losing(14 * kMiB);
  machine.machine(Metric::kCgroupsDying, ramp(3, 500)).machine(Metric::kCgroupsExisting, ramp(100, 500));
  machine.machine(Metric::kMeminfoSUnreclaim, ramp(212 * kMiB, 6 * kMiB));
  machine.cache("kmalloc-4k", 4096, false, ramp(1000, 1000), ramp(1000, 1000));
  machine.cache("kmalloc-2k", 2048, false, ramp(700, 1000), ramp(700, 1010));
  const Judged judged = judge_with_defaults(machine.build());
  ASSERT_EQ(alarms(judged), Words{"kernel.dying_cgroups growing "});
  EXPECT_TRUE(has_evidence(judged.findings[0], "slab kmalloc-4k +3."));
  ASSERT_TRUE(judged.findings[0].share_of_decline);
  EXPECT_NEAR(*judged.findings[0].share_of_decline, 0.42, 0.05);
  ASSERT_TRUE(judged.findings[0].eta) << "6 MiB a minute come along";
  EXPECT_NEAR(static_cast<double>(judged.findings[0].eta->lower.count()) / 60e9, 12.0 * 1024 / 6, 250);
}

TEST(KernelDyingCgroups, AreNoExcuseForALeakBesideThem) {
  auto machine = losing(60 * kMiB);
  machine.machine(Metric::kCgroupsDying, ramp(3, 500)).machine(Metric::kCgroupsExisting, ramp(100, 500));
  machine.machine(Metric::kMeminfoSUnreclaim, ramp(212 * kMiB, 60 * kMiB));
  machine.cache("kmalloc-4k", 4096, false, ramp(1000, 15000), ramp(1000, 15000));
  EXPECT_EQ(alarms(judge_with_defaults(machine.build())),
            (Words{"kernel.slab.growth growing kmalloc-4k", "kernel.dying_cgroups growing "}));
}

TEST(KernelDyingCgroups, NameTheDeepestCgroupAboveMostOfThem) {
  auto machine = losing(0);
  machine.machine(Metric::kCgroupsDying, ramp(3, 500));
  for (const auto& [name, rise] : {std::pair{"/", 500.0},
                                   {"/kubepods", 480.0},
                                   {"/kubepods/burstable", 470.0},
                                   {"/kubepods/burstable/pod1", 90.0},
                                   {"/user.slice", 20.0}}) {
    machine.series(machine.subject(SubjectKind::kCgroup, name), Metric::kCgroupDyingDescendants, ramp(1, rise));
  }
  const Judged judged = judge_with_defaults(machine.build());
  ASSERT_EQ(alarms(judged), Words{"kernel.dying_cgroups growing "});
  EXPECT_TRUE(has_evidence(judged.findings[0], "+454 of them below /kubepods/burstable"));
}

TEST(KernelDyingCgroups, ThatAreFreedInTheEndStaySilent) {
  auto machine = losing(0);
  machine.machine(Metric::kCgroupsDying, sawtooth(3, 200));
  EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{});
}

TEST(KernelStacks, OfKernelThreadsAreAFinding) {
  auto machine = losing(10 * kMiB);
  machine.machine(Metric::kMeminfoKernelStack, ramp(10 * kMiB, 10 * kMiB));
  machine.machine(Metric::kMeminfoVmallocUsed, ramp(80 * kMiB, 10 * kMiB));
  EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{"kernel.stacks growing "});
}

/// The same figures as they leak, fill a pool, are taken once, and come and go.
TEST(KernelLookAlikes, StaySilent) {
  struct Shape {
    const char* name;
    Curve (*curve)(double level, double rise);
    bool leaks;
  };
  struct Case {
    const char* told;
    void (*add)(ObservationBuilder& machine, const Curve& part);
  };
  for (const Case& each : {Case{"kernel.stacks growing ",
                                [](ObservationBuilder& machine, const Curve& part) {
                                  machine.machine(Metric::kMeminfoKernelStack, sum(flat(10 * kMiB), part));
                                  machine.machine(Metric::kMeminfoVmallocUsed, sum(flat(80 * kMiB), part));
                                }},
                           Case{"kernel.sockets growing ",
                                [](ObservationBuilder& machine, const Curve& part) {
                                  machine.machine(Metric::kSockTcpMem, sum(flat(kMiB), part));
                                }},
                           Case{"kernel.holder growing packet-rings",
                                [](ObservationBuilder& machine, const Curve& part) {
                                  const auto ring = machine.subject(SubjectKind::kHolder, "packet-rings");
                                  machine.series(ring, Metric::kHolderBytes, sum(flat(kMiB), part));
                                  machine.series(ring, Metric::kHolderCounted, flat(1));
                                }},
                           Case{"kernel.large_kmalloc growing ", [](ObservationBuilder& machine, const Curve& part) {
                                  machine.machine(Metric::kMeminfoSUnreclaim, sum(flat(212 * kMiB), part));
                                  machine.machine(Metric::kMeminfoSlab, sum(flat(512 * kMiB), part));
                                  machine.cache("still", 512, false, flat(1000), flat(1000));
                                }}}) {
    for (const Shape& shape : {Shape{"ramp", ramp, true}, Shape{"plateau", plateau, false}, Shape{"jump", jump, false},
                               Shape{"sawtooth", sawtooth, false}}) {
      auto machine = losing(0);
      each.add(machine, shape.curve(0, 60 * kMiB));
      EXPECT_EQ(alarms(judge_with_defaults(machine.build())), shape.leaks ? Words{each.told} : Words{})
          << each.told << shape.name;
    }
  }
}

TEST(KernelPageTables, AreToldWhenTheyOutgrowWhatTheyMap) {
  for (const bool sparse : {true, false}) {
    auto machine = losing(30 * kMiB);
    machine.machine(Metric::kMeminfoPageTables, ramp(20 * kMiB, 4 * kMiB));
    machine.machine(Metric::kMeminfoAnonPages, ramp(kGiB, sparse ? 8 * kMiB : 2000 * kMiB));
    const auto process = machine.process(5, "mapper", ramp(100 * kMiB, sparse ? 8 * kMiB : 2000 * kMiB));
    machine.series(process, Metric::kProcessPageTables, ramp(kMiB, 4 * kMiB));
    EXPECT_EQ(find(judge_with_defaults(machine.build()), "kernel.page_tables") != nullptr, sparse);
  }
}

TEST(KernelBpf, TellsTheMapThatGrowsAndItsHolder) {
  auto machine = losing(40 * kMiB);
  const auto map = machine.subject(SubjectKind::kBpfMap, "id 12 events");
  machine.series(map, Metric::kBpfMapBytes, ramp(kMiB, 40 * kMiB), 5);
  machine.machine(Metric::kBpfMapsTotal, ramp(2 * kMiB, 40 * kMiB), 5)
      .machine(Metric::kMeminfoVmallocUsed, ramp(80 * kMiB, 40 * kMiB));
  machine.series(machine.subject(SubjectKind::kVmallocCaller, "htab_map_alloc"), Metric::kVmallocBytes,
                 ramp(kMiB, 40 * kMiB), 5);
  machine.series(machine.process(31, "tracer", flat(kMiB)), Metric::kProcessBpfBytes, ramp(kMiB, 40 * kMiB), 5);
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{"kernel.bpf growing map id 12 events"});
  EXPECT_EQ(judged.findings[0].holders.at(0).comm, "tracer");
}

TEST(KernelBpf, MapsOfADaemonThatStartsAreAStep) {
  auto machine = losing(0);
  machine.machine(Metric::kBpfMapsTotal, jump(2 * kMiB, 64 * kMiB)).machine(Metric::kBpfMapsCount, jump(3, 40));
  EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{});
}

TEST(KernelHolder, WhatAHypervisorTakesIsItsWish) {
  for (const bool balloon : {true, false}) {
    auto machine = losing(60 * kMiB);
    const auto holder = machine.subject(SubjectKind::kHolder, balloon ? "balloon" : "page-pool");
    machine.series(holder, Metric::kHolderBytes, ramp(kMiB, 60 * kMiB), 5)
        .series(holder, Metric::kHolderCounted, flat(0), 5);
    const Judged judged = judge_with_defaults(machine.build());
    EXPECT_EQ(alarms(judged), balloon ? Words{} : Words{"kernel.holder growing page-pool"});
    ASSERT_NE(find(judged, "kernel.holder"), nullptr);
    EXPECT_EQ(find(judged, "kernel.holder")->state, balloon ? State::kFollowsLoad : State::kGrowing);
  }
}

TEST(KernelResidual, NamesWhoHoldsPlainPages) {
  auto machine = losing(60 * kMiB);
  machine.machine(Metric::kBuddyOrder0, ramp(5000, -4000)).machine(Metric::kBuddyOrder1, flat(100));
  machine.machine(Metric::kBuddyOrder2, flat(100)).machine(Metric::kBuddyOrder3, flat(100));
  machine.series(machine.process(8, "stuck", flat(kMiB)), Metric::kProcessPipeBytes, ramp(0, 58 * kMiB), 5);
  const Judged judged = judge_with_defaults(machine.build());
  EXPECT_EQ(alarms(judged), Words{"kernel.residual growing "});
  EXPECT_EQ(judged.findings[0].holders.at(0).comm, "stuck");
  EXPECT_TRUE(has_evidence(judged.findings[0], "free blocks of order 0 to 3"));
}

TEST(KernelResidual, AHolderTakesItsPagesOutOfIt) {
  auto machine = losing(60 * kMiB);
  const auto ring = machine.subject(SubjectKind::kHolder, "packet-rings");
  machine.series(ring, Metric::kHolderBytes, ramp(kMiB, 60 * kMiB)).series(ring, Metric::kHolderCounted, flat(0));
  EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{"kernel.holder growing packet-rings"});
}

TEST(KernelResidual, PerCpuListsAndHotPlugStaySilent) {
  auto machine = losing(0);
  machine.machine(Metric::kVmstatFreePages, ramp(10 * kGiB, -60 * kMiB))
      .machine(Metric::kZoneinfoPcp, ramp(16 * kMiB, 60 * kMiB));
  EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{});
  auto plugged = losing(0);
  plugged.machine(Metric::kZoneinfoManaged, ramp(16 * kGiB, kGiB))
      .machine(Metric::kVmstatFreePages, ramp(10 * kGiB, kGiB));
  EXPECT_EQ(alarms(judge_with_defaults(plugged.build())), Words{});
}

TEST(KernelSockets, AreToldWhereNothingDeeperIs) {
  auto machine = losing(30 * kMiB);
  machine.machine(Metric::kVmstatFreePages, noisy(10 * kGiB, kMiB));
  machine.machine(Metric::kSockTcpMem, ramp(kMiB, 30 * kMiB)).machine(Metric::kSockTcpOrphan, ramp(0, 300));
  EXPECT_EQ(alarms(judge_with_defaults(machine.build())), Words{"kernel.sockets growing "});
  auto slab = losing_slab(40 * kMiB);
  slab.machine(Metric::kSockTcpMem, ramp(kMiB, 38 * kMiB));
  slab.cache("skbuff_small_head", 704, false, ramp(1000, 59000), ramp(1000, 59000));
  const Judged judged = judge_with_defaults(slab.build());
  EXPECT_EQ(alarms(judged), Words{"kernel.slab.growth growing skbuff_small_head"});
  EXPECT_TRUE(has_evidence(judged.findings[0], "socket buffers +3"));
}

}  // namespace
}  // namespace leakscope::findings
