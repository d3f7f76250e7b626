#include <filesystem>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "sources/redaction/file_redaction.h"
#include "sources/redaction/model_redaction.h"
#include "sources/redaction/pseudonyms.h"
#include "sources/test_tree.h"

namespace leakscope::sources::redaction {
namespace {

const Pseudonyms kNames(Key{11, 22});

bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

TEST(Pseudonyms, AreStableUnderAKeyAndDifferUnderAnother) {
  const Pseudonyms same(Key{11, 22});
  const Pseudonyms other(Key{11, 23});
  EXPECT_EQ(kNames.word("payroll"), same.word("payroll"));
  EXPECT_NE(kNames.word("payroll"), other.word("payroll"));
  EXPECT_NE(kNames.word("payroll"), kNames.word("payrolls"));
  EXPECT_EQ(kNames.word(""), "");
  EXPECT_LE(kNames.word("payroll").size(), 15U) << "it must be a process's name, too";
  std::set<std::string> all;
  for (int i = 0; i < 10'000; ++i) all.insert(kNames.word("worker-" + std::to_string(i)));
  EXPECT_EQ(all.size(), 10'000U);
}

// Of the reference implementation: key 00..0f, input 00..0e gives a129ca6149be45e5.
TEST(Pseudonyms, HashIsSipHash24) {
  const Pseudonyms names(Key{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL});
  std::string input;
  for (char byte = 0; byte < 15; ++byte) input += byte;
  EXPECT_TRUE(names.boot_id(input).starts_with("a129ca61-49be-45e5-")) << names.boot_id(input);
}

TEST(Pseudonyms, PathsKeepTheirShapeAndWhatEveryMachineHas) {
  const std::string nginx = kNames.word("nginx");
  EXPECT_EQ(kNames.path("/usr/sbin/nginx"), "/usr/sbin/" + nginx);
  EXPECT_EQ(kNames.path("/system.slice/nginx.service"), "/system.slice/" + nginx + ".service");
  EXPECT_EQ(kNames.path("/usr/sbin/nginx (deleted)"), "/usr/sbin/" + nginx + " (deleted)");
  EXPECT_EQ(kNames.path("nginx"), nginx);
  EXPECT_EQ(kNames.path("/"), "/");
  EXPECT_EQ(kNames.path(""), "");
  EXPECT_EQ(kNames.path("/.."), "/..");
}

TEST(Pseudonyms, SentencesLosePathsAndQuotedNames) {
  const std::string said =
      kNames.text("/srv/payroll/data: want '<kB>', got 'payroll' at /proc/7/stat and dir:/payroll");
  EXPECT_FALSE(holds(said, "payroll")) << said;
  EXPECT_TRUE(holds(said, "/proc/7/stat")) << said;
  EXPECT_FALSE(holds(kNames.text("/sys/fs/cgroup/payroll/memory.stat: gone"), "payroll"));
  EXPECT_EQ(kNames.text("no names here"), "no names here");
  EXPECT_FALSE(holds(kNames.text("it says 'payroll"), "payroll"));
}

TEST(Key, ComesFromAFileOrByChance) {
  const TestTree tree;
  tree.write("key", "0123456789abcdef");
  tree.write("other", "0123456789abcdeg");
  tree.write("short", "0123");
  const auto key = key_from_file(tree.path() / "key");
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(*key, *key_from_file(tree.path() / "key"));
  EXPECT_NE(*key, *key_from_file(tree.path() / "other"));
  EXPECT_EQ(key_from_file(tree.path() / "short").error().kind, Error::Kind::kUsage);
  EXPECT_FALSE(key_from_file(tree.path() / "missing").has_value());
  EXPECT_NE(*random_key(), *random_key());
}

struct FileCase {
  const char* path;
  const char* text;
};

TEST(FileRedaction, NoNameIsLeftInAnyFormat) {
  const FileCase cases[] = {
      {"proc/7/stat", "7 (payroll) S 1 7 7 0 -1 4194560 1 0\n"},
      {"proc/7/stat", "7 (pay) roll (payroll) S 1 7 7\n"},
      {"proc/7/stat", "no parentheses payroll"},
      {"proc/7/status",
       "Name:\tpayroll\nUmask:\t0022\nUid:\t4711\t4711\t4711\t4711\nGroups:\t4711 4712 \nVmRSS:\t 10 kB\n"},
      {"proc/7/cgroup", "4:memory:/system.slice/payroll.service\n0::/payroll.slice/payroll-1.scope\npayroll\n"},
      {"proc/7/cmdline", "/opt/payroll/bin/payroll"},
      {"proc/7/cmdline", std::data("payroll\0--db=payroll")},
      {"proc/self/mountinfo",
       "24 30 0:22 /payroll /srv/payroll rw shared:4 - ext4 /dev/mapper/payroll rw,errors=payroll\n"
       "25 30 0:23 / /run/payroll rw - tmpfs payroll rw,size=64k\n"
       "26 30 0:24 / /x rw - overlay overlay rw,lowerdir=/payroll,upperdir=/payroll\npayroll\n"},
      {"proc/swaps", "Filename\tType\tSize\n/payroll/swap file 1 2 -2\n"},
      {"proc/net/dev", "Inter-| Receive\n face |bytes\n    lo: 1 2\npayroll0: 3 4\npayroll\n"},
      {"proc/slabinfo", "slabinfo - version: 2.1\n# name <active_objs>\ndentry(12:payroll.service) 1 2 3\n"},
      {"proc/sysvipc/msg",
       "key msqid perms cbytes qnum lspid lrpid uid gid cuid cgid\n 0 1 600 0 0 1 1 4711 4711 4711 4711\n"},
      {"proc/sys/kernel/hostname", "payroll\n"},
      {"proc/version", "Linux version 6.1.0 (payroll@payroll) (gcc 12) #1 SMP\n"},
      {"proc/version", "Linux version 6.1.0 (payroll"},
  };
  for (const FileCase& c : cases) {
    const auto said = redact_file(c.path, c.text, kNames);
    ASSERT_TRUE(said.has_value()) << c.path;
    EXPECT_FALSE(holds(*said, "payroll")) << c.path << ": " << *said;
    EXPECT_FALSE(holds(*said, "4711")) << c.path << ": " << *said;
  }
}

TEST(FileRedaction, FiguresStay) {
  EXPECT_EQ(redact_file("proc/meminfo", "MemTotal: 1 kB\n", kNames), "MemTotal: 1 kB\n");
  const auto stat = redact_file("proc/7/stat", "7 (payroll) S 1 7 7 0\n", kNames);
  EXPECT_EQ(*stat, "7 (" + kNames.word("payroll") + ") S 1 7 7 0\n");
  const auto status = redact_file("proc/7/status", "Name:\tx\nUid:\t0\t0\t0\t0\nVmRSS:\t 10 kB\n", kNames);
  EXPECT_TRUE(holds(*status, "Uid:\t0\t0\t0\t0\nVmRSS:\t 10 kB\n")) << *status;
  const auto mounts = redact_file("proc/self/mountinfo",
                                  "24 30 0:22 / /sys/fs/cgroup/memory rw shared:4 - cgroup cgroup rw,memory\n", kNames);
  EXPECT_EQ(*mounts, "24 30 0:22 / /sys/fs/cgroup/memory rw shared:4 - cgroup cgroup rw,memory\n");
}

TEST(FileRedaction, WhatIsNotKnownIsLeftOut) {
  for (const char* path : {"proc/7/environ", "proc/7/newfile", "etc/passwd", "sys/kernel/debug/dma_buf/bufinfo", ""}) {
    EXPECT_FALSE(redact_file(path, "payroll", kNames).has_value()) << path;
  }
}

TEST(FileRedaction, PathsOfCgroupsAndInstances) {
  EXPECT_EQ(redact_file_path("sys/fs/cgroup/memory/payroll/memory.stat", kNames),
            "sys/fs/cgroup/memory/" + kNames.word("payroll") + "/memory.stat");
  EXPECT_EQ(redact_file_path("sys/fs/cgroup/memory.stat", kNames), "sys/fs/cgroup/memory.stat");
  EXPECT_EQ(redact_file_path("sys/kernel/tracing/instances/payroll/buffer_size_kb", kNames),
            "sys/kernel/tracing/instances/" + kNames.word("payroll") + "/buffer_size_kb");
  EXPECT_EQ(redact_file_path("proc/7/stat", kNames), "proc/7/stat");
}

TEST(ModelRedaction, NoSubjectKeepsAName) {
  for (std::size_t kind = 0; kind < model::kSubjectKindCount; ++kind) {
    const auto of = static_cast<model::SubjectKind>(kind);
    // Names of these are the kernel's own.
    const bool of_kernel = of == model::SubjectKind::kMachine || of == model::SubjectKind::kNumaNode ||
                           of == model::SubjectKind::kZone || of == model::SubjectKind::kHugepageSize ||
                           of == model::SubjectKind::kZramDevice || of == model::SubjectKind::kVmallocCaller ||
                           of == model::SubjectKind::kModule || of == model::SubjectKind::kSysvShm ||
                           of == model::SubjectKind::kHolder || of == model::SubjectKind::kSlabCache;
    model::SubjectInfo info;
    info.key = {of, of_kernel ? "kernel" : "payroll in /payroll"};
    info.cgroup = "/system.slice/payroll.service";
    info.container = "payroll.service";
    info.executable = "/opt/payroll";
    if (!of_kernel && of != model::SubjectKind::kTmpfs) info.detail = "payroll";
    redact(info, kNames);
    for (const std::string* text : {&info.key.name, &info.cgroup, &info.container, &info.executable, &info.detail}) {
      EXPECT_FALSE(holds(*text, "payroll")) << model::to_string(of) << ": " << *text;
    }
  }
}

TEST(ModelRedaction, AProcessItsGroupAndItsFilesShareTheirPseudonym) {
  model::SubjectInfo group;
  group.key = {model::SubjectKind::kGroup, "nginx in nginx.service"};
  redact(group, kNames);
  EXPECT_EQ(group.key.name, kNames.word("nginx") + " in " + kNames.word("nginx") + ".service");
  model::SubjectInfo cgroup;
  cgroup.key = {model::SubjectKind::kCgroup, "memory:/system.slice/nginx.service"};
  redact(cgroup, kNames);
  EXPECT_EQ(cgroup.key.name, "memory:/system.slice/" + kNames.word("nginx") + ".service");
}

TEST(ModelRedaction, EventsCoverageAndHost) {
  for (const auto kind : {model::EventKind::kProcessStart, model::EventKind::kCgroupMade, model::EventKind::kOomKill,
                          model::EventKind::kKernelMessage}) {
    model::Event event{{}, kind, model::SubjectId{1}, "payroll"};
    redact(event, kNames);
    EXPECT_FALSE(holds(event.text, "payroll"));
  }
  model::Coverage entry{"tmpfs", model::Coverage::State::kPartial, "/mnt/payroll hangs", "umount /mnt/payroll"};
  redact(entry, kNames);
  EXPECT_FALSE(holds(entry.why + entry.remedy, "payroll"));
  model::Host host;
  host.hostname = "payroll";
  host.kernel_version = "Linux version 6.1.0 (payroll@payroll) (gcc)";
  host.boot_id = "8c8f0f1e-0000-0000-0000-payroll";
  redact(host, kNames);
  EXPECT_FALSE(holds(host.hostname + host.kernel_version + host.boot_id, "payroll"));
  EXPECT_TRUE(holds(host.kernel_version, "6.1.0"));
}

}  // namespace
}  // namespace leakscope::sources::redaction
