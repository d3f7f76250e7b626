#include "report/testing/sample_documents.h"

#include <chrono>
#include <limits>
#include <utility>

namespace leakscope::report::testing {
namespace {

using findings::Confidence;
using findings::Domain;
using findings::Finding;
using findings::Pattern;
using findings::State;
using model::LedgerClass;
using model::Metric;
using model::SubjectKind;
using model::Unit;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr double kMiB = 1024.0 * 1024.0;

constexpr std::int64_t mib(double n) { return static_cast<std::int64_t>(n * kMiB); }

Moment moment(std::int64_t second) {
  // 2026-11-20T09:20:00Z, 90,000 s after boot.
  return Moment{BootTime{seconds(90'000 + second)}, WallTime{seconds(1'795'166'400 + second)},
                seconds(90'000 + second)};
}

model::Host host() {
  model::Host host;
  host.hostname = "db-17";
  host.kernel_release = "6.1.0-56-amd64";
  host.boot_id = "6f0f5c5e-2f4b-4a52-9c3e-0d2b7d1f8a11";
  host.machine = "x86_64";
  host.virtualization = "kvm";
  host.transparent_hugepages = "madvise";
  host.cgroup_version = 2;
  host.cpus = 8;
  return host;
}

model::Ledger ledger() {
  model::Ledger ledger;
  ledger.total = Bytes::from_mib(24L * 1024);
  const auto row = [&](std::string id, LedgerClass klass, std::int64_t size, std::string label, std::string source) {
    ledger.rows.push_back({std::move(id), klass, Bytes::from_mib(size), std::move(label), std::move(source)});
  };
  row("user.anonymous", LedgerClass::kUser, 8090, "anonymous", "/proc/vmstat nr_active_anon, nr_inactive_anon");
  row("user.shmem", LedgerClass::kUser, 317, "shared", "/proc/vmstat nr_shmem");
  row("cache.file", LedgerClass::kCache, 5745, "files", "/proc/vmstat nr_active_file, nr_inactive_file");
  row("cache.slab_reclaimable", LedgerClass::kCache, 420, "reclaimable slab", "/proc/vmstat nr_slab_reclaimable");
  row("kernel.slab_unreclaimable", LedgerClass::kKernel, 4721, "unreclaimable slab",
      "/proc/vmstat nr_slab_unreclaimable");
  row("kernel.vmalloc", LedgerClass::kKernel, 123, "vmalloc", "/proc/meminfo VmallocUsed");
  row("kernel.page_tables", LedgerClass::kKernel, 113, "page tables", "/proc/vmstat nr_page_table_pages");
  row("kernel.percpu", LedgerClass::kKernel, 51, "per-cpu", "/proc/meminfo Percpu");
  row("kernel.zsmalloc", LedgerClass::kKernel, 0, "compressed swap", "/proc/vmstat nr_zspages");
  row("free.buddy", LedgerClass::kFree, 4913, "buddy", "/proc/vmstat nr_free_pages");
  row("free.pcp", LedgerClass::kFree, 72, "per-cpu lists", "/proc/zoneinfo count");
  ledger.outside.push_back(
      {"reserved.boot", LedgerClass::kHardware, Bytes::from_mib(412), "reserved at boot", "/proc/zoneinfo present"});
  return ledger;
}

Finding slab_growth() {
  Finding f;
  f.id = "kernel.slab.growth";
  f.state = State::kGrowing;
  f.domain = Domain::kKernel;
  f.subject.key = {SubjectKind::kSlabCache, "kmalloc-4k"};
  f.title = "slab cache kmalloc-4k";
  f.metric = Metric::kSlabBytes;
  f.amount = mib(39.8);
  f.level = mib(4403);
  f.rate = findings::Interval{37.1 * kMiB / 60, 39.8 * kMiB / 60, 42.3 * kMiB / 60};
  f.p_value = 0.00001;
  f.q_value = 0.0004;
  f.confidence = Confidence::kHigh;
  f.pattern = Pattern::kSteady;
  f.share_of_decline = 0.97;
  f.eta = Finding::Eta{minutes(109), minutes(124)};
  f.evidence = {
      {"/proc/slabinfo", "active objects 112,304 -> 122,489, none given back in 11 of 12 blocks"},
      {"/proc/meminfo", "SUnreclaim +39.7 MiB, SReclaimable +0.1 MiB"},
      {"", "nobody holds them: sockets, pipes, queues and BPF maps explain 0.3 MiB"},
  };
  f.next = {"leakscope trace kernel --cache kmalloc-4k --for 60s"};
  return f;
}

Finding harmless(State state, SubjectKind kind, std::string name, Metric metric, double grew_mib) {
  Finding f;
  f.id = "sample.harmless";
  f.state = state;
  f.domain = kind == SubjectKind::kProcess ? Domain::kUser : Domain::kKernel;
  f.subject.key.kind = kind;
  f.subject.key.name = std::move(name);
  if (kind == SubjectKind::kProcess) f.subject.key.process = ProcessId{Pid{812}, StartTime{51234}};
  f.metric = metric;
  f.amount = mib(grew_mib);
  return f;
}

using model::Frame;
using model::Site;
using model::SiteState;

Frame frame(std::string symbol, std::uint64_t offset, std::string file = "", std::uint32_t line = 0) {
  return {0xffffffff81000000 + offset, std::move(symbol), offset, "", std::move(file), line};
}

Frame in_module(std::string module, std::string symbol, std::uint64_t offset) {
  return {0xffffffffc0400000 + offset, std::move(symbol), offset, std::move(module), "", 0};
}

/// The frames between a system call's handler and user space.
std::vector<Frame> called_by_syscall(std::vector<Frame> inner) {
  inner.push_back(frame("do_syscall_64", 0x5b, "arch/x86/entry/common.c", 80));
  inner.push_back(frame("entry_SYSCALL_64_after_hwframe", 0x6e, "arch/x86/entry/entry_64.S", 121));
  return inner;
}

Site growing_site() {
  Site site;
  site.stack =
      called_by_syscall({in_module("nf_acct_ng", "acct_add_rule", 0x4f), in_module("nf_acct_ng", "acct_ioctl", 0x1c2),
                         frame("__x64_sys_ioctl", 0x8e, "fs/ioctl.c", 870)});
  site.cache = "kmalloc-4k";
  site.state = SiteState::kGrowing;
  site.bytes = mib(39.8);
  site.count = 10'189;
  site.allocs = 10'204;
  site.frees = 15;
  site.bytes_allocated = 10'204 * 4096;
  site.ages = model::Ages{0.004, 29.8, 59.9};
  site.blindness = model::ShareInterval{0, 0.001, 0.006};
  site.rate = Site::Rate{37.1 * kMiB / 60, 39.8 * kMiB / 60, 42.3 * kMiB / 60};
  site.p_value = 0.00001;
  site.q_value = 0.0004;
  site.processes = {{"acctd", Pid{812}, mib(36), 9216}, {"iptables-restor", Pid{4211}, mib(3.8), 973}};
  site.history = {{0, 0, 0}, {30, mib(19.9), 5094}, {60, mib(39.8), 10'189}};
  return site;
}

Site unfreed_site() {
  Site site;
  site.stack = called_by_syscall(
      {frame("seq_open", 0x2a, "fs/seq_file.c", 573), frame("single_open", 0x41, "fs/seq_file.c", 575),
       frame("do_dentry_open", 0x1f4, "fs/open.c", 882), frame("path_openat", 0xb3a, "fs/namei.c", 3560),
       frame("do_filp_open", 0xb1, "fs/namei.c", 3588), frame("do_sys_openat2", 0x97, "fs/open.c", 1311),
       frame("__x64_sys_openat", 0x54, "fs/open.c", 1338)});
  site.cache = "seq_file";
  site.bytes = 96 * 1024;
  site.count = 768;
  site.allocs = 91'204;
  site.frees = 90'436;
  site.bytes_allocated = 91'204 * 128;
  site.ages = model::Ages{5.1, 8.5, 12.25};
  site.blindness = model::ShareInterval{0, 0, 0.002};
  site.processes = {{"systemd-journal", Pid{301}, 96 * 1024, 768}};
  site.note = "what it holds does not grow";
  return site;
}

Site blind_site() {
  Site site;
  site.stack =
      called_by_syscall({frame("alloc_empty_file", 0x44), frame("path_openat", 0x4a), frame("do_filp_open", 0xb1),
                         frame("do_sys_openat2", 0x97), frame("__x64_sys_openat", 0x54)});
  site.cache = "filp";
  site.state = SiteState::kBlind;
  site.bytes = mib(1.2);
  site.count = 4915;
  site.allocs = 5312;
  site.frees = 21;
  site.unseen_frees = 376;
  site.bytes_allocated = 5312 * 256;
  site.blindness = model::ShareInterval{0.92, 0.936, 0.95};
  site.note = "kmem_cache_free_bulk() tells nobody";
  return site;
}

Site nameless_site() {
  Site site;
  site.stack = {Frame{0xffffffffc0712345, "", 0, "vendor_blob", "", 0}, Frame{}};
  site.allocator = model::Allocator::kPages;
  site.bytes = 64 * 1024;
  site.count = 1;
  site.allocs = 1;
  return site;
}

model::Profile profile_with_every_field(const std::string& s) {
  Site all = growing_site();
  all.stack = {Frame{0xffffffff81234567, s, 0x2a, s, s, 573}, Frame{0, s, 0, "", s, 0}, Frame{1, "", 0, s, "", 0}};
  all.cache = all.type = all.note = s;
  all.bytes_interval = model::AmountInterval{mib(38), mib(42)};
  all.indirect_bytes = 4096;
  all.processes = {{s, Pid{812}, mib(3), 768}};
  model::Profile profile;
  profile.title = s;
  profile.start = moment(0).wall;
  profile.length = seconds(60);
  profile.sampled_one_in = 16;
  profile.sites_not_kept = 7;
  for (int state = 0; state <= static_cast<int>(SiteState::kBlind); ++state) {
    all.state = static_cast<SiteState>(state);
    profile.sites.push_back(all);
  }
  profile.sites.emplace_back();
  return profile;
}

}  // namespace

Document kernel_leak() {
  Document doc;
  doc.command = "diagnose";
  doc.host = host();
  doc.window = Window{moment(0), moment(60), 61};
  doc.verdict = findings::Verdict::kSuspect;
  doc.headline =
      "the kernel: slab cache kmalloc-4k grows 39.8 MiB/min (37.1 to 42.3) and explains 97 % of what this machine "
      "lost.";
  doc.details = {"Available memory: 4.6 GiB, gone in 1 h 49 min to 2 h 04 min if nothing changes."};
  doc.ledger = ledger();
  doc.decline = findings::Decline{mib(41),
                                  findings::Interval{38 * kMiB / 60, 41 * kMiB / 60, 44 * kMiB / 60},
                                  mib(4710),
                                  {{"kernel.slab_unreclaimable", mib(39.7)}, {"kernel.percpu", mib(1.2)}}};
  Finding queue = slab_growth();
  queue.subject.key.name = "msg_msg-2k";
  queue.title.clear();
  queue.subject.detail = "kmalloc-cg-2k, sk_buff_2k";
  queue.amount = mib(1.3);
  queue.level = mib(12);
  queue.rate = findings::Interval{0.9 * kMiB / 60, 1.3 * kMiB / 60, 1.6 * kMiB / 60};
  queue.share_of_decline = 0.03;
  queue.eta.reset();
  queue.confidence = Confidence::kMedium;
  queue.evidence = {{"/proc/slabinfo", "active objects 5,904 -> 6,570"}};
  queue.holders = {{ProcessId{Pid{4211}, StartTime{80'000}}, "mqfill", "/system.slice/mqfill.service",
                    "1.3 MiB in 40 message queues"}};
  queue.next = {"leakscope status --pid 4211"};
  doc.findings = {slab_growth(),
                  queue,
                  harmless(State::kCache, SubjectKind::kMachine, "", Metric::kMeminfoCached, 310),
                  harmless(State::kCache, SubjectKind::kSlabCache, "dentry", Metric::kSlabBytes, 2.5),
                  harmless(State::kFollowsLoad, SubjectKind::kProcess, "postgres", Metric::kProcessRssAnon, 12),
                  harmless(State::kClean, SubjectKind::kGroup, "nginx in nginx.service", Metric::kGroupRssAnon, 0)};
  doc.events = {{moment(2), model::EventKind::kProcessStart, std::nullopt, ""},
                {moment(31), model::EventKind::kModuleLoad, model::SubjectId{7}, ""},
                {moment(44), model::EventKind::kOomKill, model::SubjectId{9}, "oom_score_adj 500"}};
  doc.event_subjects = {"process 900 sh", "module nf_tables", "process 871 worker"};
  using Coverage = model::Coverage;
  doc.coverage = {
      {"meminfo", Coverage::State::kOk, "", ""},
      {"page_owner", Coverage::State::kAbsent, "it is off; with it the call site would stand here",
       "add page_owner=on to the boot line (costs 0.1 to 1.8 % of RAM)"},
      {"slabinfo", Coverage::State::kDenied, "/proc/slabinfo: Permission denied", "run as root"},
      {"vmallocinfo", Coverage::State::kDenied, "/proc/vmallocinfo: Permission denied", "run as root"},
      {"zfs_arc", Coverage::State::kAbsent, "no such file", ""},
      {"dma_buf", Coverage::State::kAbsent, "no such file", ""},
      {"pss", Coverage::State::kPartial, "3 processes did not answer in time", ""},
  };
  doc.losses = {{"procfs", "processes that ended while read", 2, 318}};
  return doc;
}

Document descriptor_leak() {
  Document doc;
  doc.command = "diagnose";
  doc.host = host();
  doc.window = Window{moment(0), moment(7200), 1440};
  doc.verdict = findings::Verdict::kLeak;
  doc.headline = "process exporter (pid 812) leaks descriptors, 5.0 per second (4.8 to 5.2).";
  Finding f;
  f.id = "user.descriptors.growth";
  f.state = State::kLeak;
  f.domain = Domain::kUser;
  f.subject.key = {SubjectKind::kProcess, "exporter", ProcessId{Pid{812}, StartTime{51234}}};
  f.subject.container = "metrics.service";
  f.metric = Metric::kProcessFds;
  f.unit = Unit::kCount;
  f.amount = 36'004;
  f.level = 41'212;
  f.rate = findings::Interval{4.8, 5, 5.2};
  f.confidence = Confidence::kHigh;
  f.pattern = Pattern::kSteady;
  f.eta = Finding::Eta{minutes(75), std::nullopt};
  f.evidence = {{"/proc/812/fd", "5,208 -> 41,212 descriptors, of them 36,000 sockets"},
                {"/proc/812/limits", "the soft limit is 65,536"}};
  f.next = {"leakscope status --pid 812", "leakscope trace 812 --for 60s"};
  Finding g;
  g.id = "cgroup.limit";
  g.state = State::kGrowing;
  g.subject.key = {SubjectKind::kCgroup,
                   "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod3f1a2b4c.slice/"
                   "cri-containerd-0b7c1d9e8f.scope"};
  g.metric = Metric::kCgroupCurrent;
  g.amount = mib(180);
  g.rate = findings::Interval{80 * kMiB / 3600, 90 * kMiB / 3600, 99 * kMiB / 3600};
  g.per_round = findings::Interval{1.2 * kMiB, 1.25 * kMiB, 1.31 * kMiB};
  g.pattern = Pattern::kSporadic;
  g.share_of_decline = 0.61;
  g.evidence = {{"memory.current of the cgroup, memory.stat",
                 "charged memory rose by 180 MiB in two hours while the page cache inside stayed level, so that what "
                 "could be given back under pressure is no more than 20 MiB of it"}};
  doc.findings = {f, g};
  return doc;
}

Document clean() {
  Document doc;
  doc.command = "diagnose";
  doc.host = host();
  doc.window = Window{moment(0), moment(3600), 3601};
  doc.verdict = findings::Verdict::kClean;
  doc.headline = "nothing leaks: a growth of 0.8 MiB/min would have been noticed.";
  doc.detectable_rate = 0.8 * kMiB / 60;
  doc.decline = findings::Decline{-mib(12), std::nullopt, mib(9000), {}};
  doc.coverage = {{"meminfo", model::Coverage::State::kOk, "", ""}};
  return doc;
}

Document insufficient() {
  Document doc;
  doc.command = "diagnose";
  doc.host = host();
  doc.window = Window{moment(0), moment(5), 6};
  doc.verdict = findings::Verdict::kInsufficient;
  doc.headline = "6 samples are too few to judge: watch for 40 s or more.";
  doc.needed = seconds(40);
  Finding f = harmless(State::kInsufficient, SubjectKind::kProcess, "young", Metric::kProcessRssAnon, 3);
  f.needed = seconds(40);
  doc.findings = {f};
  return doc;
}

Document status() {
  Document doc;
  doc.command = "status";
  doc.host = host();
  doc.ledger = ledger();
  doc.headline = "What stands out: 94 % of Slab is unreclaimable, and kmalloc-4k alone holds 4.3 GiB.";
  Table processes;
  processes.id = "processes";
  processes.title = "Largest processes";
  processes.columns = {{"pid", "pid", ColumnKind::kIdentifier},           {"comm", "name", ColumnKind::kText},
                       {"cgroup", "cgroup", ColumnKind::kText},           {"rss_anon", "anonymous", ColumnKind::kBytes},
                       {"growth", "growth", ColumnKind::kBytesPerSecond}, {"share", "share", ColumnKind::kPercent},
                       {"fds", "descriptors", ColumnKind::kCount},        {"age", "age", ColumnKind::kSeconds}};
  processes.rows = {
      {std::int64_t{81234}, "postgres", "/system.slice/postgresql.service", mib(4096.5), 12.5 * kMiB, 17.0,
       std::int64_t{1204}, 90'000.0},
      {std::int64_t{77}, "a-program-with-quite-a-long-name",
       "/user.slice/user-1000.slice/user@1000.service/app.slice/app-terminal-emulator-12345.scope", mib(12.25),
       std::monostate{}, 0.05, std::monostate{}, 12.5},
  };
  processes.rows_not_shown = 214;
  Table caches;
  caches.id = "slab_caches";
  caches.title = "Slab caches";
  caches.columns = {{"name", "cache", ColumnKind::kText}, {"bytes", "size", ColumnKind::kBytes}};
  caches.rows = {{"kmalloc-4k", mib(4403)}, {"dentry", mib(210)}};
  doc.tables = {processes, caches};
  return doc;
}

Document overlapping_ledger() {
  Document doc;
  doc.command = "status";
  doc.host = host();
  doc.ledger =
      model::Ledger{Bytes::from_mib(512),
                    {{"user.anonymous", LedgerClass::kUser, Bytes::from_mib(500), "anonymous", "/proc/vmstat"},
                     {"free.buddy", LedgerClass::kFree, Bytes::from_mib(40), "buddy", "/proc/vmstat"},
                     {"hardware.corrupted", LedgerClass::kHardware, Bytes(4096), "corrupted", "/proc/meminfo"}},
                    {},
                    {"MemTotal says 480 MiB, the zones manage 512 MiB"}};
  return doc;
}

Document kernel_trace() {
  Document doc;
  doc.command = "trace";
  doc.host = host();
  doc.window = Window{moment(0), moment(60), 61};
  doc.verdict = findings::Verdict::kSuspect;
  doc.headline = "module nf_acct_ng: acct_add_rule does not free what it takes, 39.8 MiB/min (37.1 to 42.3).";
  doc.coverage = {{"kmem events", model::Coverage::State::kOk, "", ""},
                  {"bulk frees", model::Coverage::State::kAbsent, "this kernel lets nobody attach to them", ""}};
  doc.losses = {{"kmem events", "allocations that found the table full", 12, 913'002}};
  Site percpu = nameless_site();
  percpu.stack = called_by_syscall({frame("__alloc_percpu_gfp", 0x1a), in_module("nf_acct_ng", "acct_init_net", 0x31)});
  percpu.allocator = model::Allocator::kPercpu;
  percpu.bytes = 2048;
  model::Profile profile;
  profile.title = "kernel memory";
  profile.start = moment(0).wall;
  profile.length = seconds(60);
  profile.sites = {growing_site(), blind_site(), unfreed_site(), nameless_site(), percpu};
  doc.profile = std::move(profile);
  return doc;
}

Document with_every_field(std::string_view text) {
  const std::string s(text);
  Document doc = kernel_leak();
  doc.host = {s, s, s, s, s, s, s, s, 12, 8, PageSize{}, {s}};
  doc.headline = s;
  doc.details = {s};
  doc.detectable_rate = 1.5;
  doc.detectable = {{s, model::Unit::kBytes, 8}};
  if (doc.window) doc.window->rounds = Window::Rounds{20, 19, 1, seconds(2), seconds(3)};
  doc.needed = seconds(40);
  for (model::LedgerRow& row : doc.ledger->rows) row.label = row.source = s;
  for (model::LedgerRow& row : doc.ledger->outside) row.label = row.source = s;
  doc.ledger->rows.front().id = s;
  doc.decline->parts.front().row = s;
  doc.comparison =
      Comparison{{s, WallTime{}, s, s, s}, {s, WallTime{}, s, s, s}, seconds(40), Bytes::from_mib(1), true};
  doc.ledger->notes = {s};
  Finding all = slab_growth();
  all.subject = {{SubjectKind::kProcess, s, ProcessId{Pid{812}, StartTime{51234}}}, s, s, s, s, std::nullopt, false};
  all.per_round = findings::Interval{1, 2, std::numeric_limits<double>::infinity()};
  all.detectable_rate = 0.25;
  all.needed = seconds(90);
  all.holders = {{ProcessId{Pid{4211}, StartTime{80'000}}, s, s, s}};
  all.evidence = {{s, s}};
  all.next = {s};
  doc.findings.clear();

  for (int state = 0; state <= static_cast<int>(State::kInsufficient); ++state) {
    all.state = static_cast<State>(state);
    all.subject.key.kind = static_cast<SubjectKind>(state);
    all.title = state % 2 == 0 ? s : "";
    doc.findings.push_back(all);
  }
  doc.profile = profile_with_every_field(s);
  doc.events = {{moment(44), model::EventKind::kOomKill, model::SubjectId{9}, s}};
  doc.event_subjects = {s};
  doc.coverage = {{s, model::Coverage::State::kDenied, s, s}, {s, model::Coverage::State::kAbsent, s, ""}};
  doc.losses = {{s, s, 2, 318}, {s, s, 1, 0}};
  Table table;
  table.id = "processes";
  table.title = s;
  table.columns = {{"comm", s, ColumnKind::kText},
                   {"rss_anon", s, ColumnKind::kBytes},
                   {"change", s, ColumnKind::kBytesChange},
                   {"rate", s, ColumnKind::kCountPerSecond}};
  table.rows = {{s, std::int64_t{1}, std::int64_t{1}, 0.5}, {std::monostate{}, std::monostate{}}};
  table.rows_not_shown = 3;
  doc.tables = {table};
  return doc;
}

std::vector<std::string> hostile_texts() {
  using namespace std::string_literals;
  return {
      "",
      "plain",
      "\x1b[31mred\x1b[0m \x1b]0;title\x07",
      "\xc2\x9b[31m C1 control",
      "two\nlines\r\nand\ttab",
      "nul\0inside"s,
      "\xff\xfe not UTF-8 \xc3",
      "\xc0\xaf overlong \xed\xa0\x80 surrogate \xf4\x90\x80\x80 too large",
      "\"quotes\" 'and' `ticks` \\ back\\slash",
      "</script><b>&amp;",
      "=cmd|' /C calc'!A0",
      "+1",
      "-1",
      "@SUM(A1)",
      "\xe2\x80\xae right to left \xe2\x80\xa8 separator \xef\xbb\xbf",
      "caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x92\xa7",
      "{} {0} {:n} %s %n",
      std::string(20'000, 'x'),
      std::string(3000, '\x1b'),
      "   many   blanks   ",
      std::string(500, ' '),
      "a,b;c\"d\"",
      "::error file=x::y",
  };
}

}  // namespace leakscope::report::testing
