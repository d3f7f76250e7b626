#include "session/log_evidence.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "findings/judge.h"
#include "session/diagnose.h"

namespace leakscope::session {
namespace {

using findings::State;
using findings::Verdict;
using model::Metric;

std::string path_of(std::string_view name) { return std::string(LEAKSCOPE_TESTDATA "/logs/") + std::string(name); }

std::string text_of(std::string_view name) {
  std::ifstream in(path_of(name), std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

LogFile made(std::string name, std::string_view text) {
  UniqueFd fd(::memfd_create("log", MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(::lseek(fd.get(), 0, SEEK_SET), 0);
  return {std::move(name), std::move(fd)};
}

std::unique_ptr<model::Observation> observe_text(std::string_view text, const EvidenceOptions& options = {}) {
  std::vector<LogFile> files;
  files.push_back(made("made.log", text));
  auto observation = observe_logs(std::move(files), options);
  EXPECT_TRUE(observation) << (observation ? std::string{} : to_string(observation.error()));
  return observation ? std::move(*observation) : nullptr;
}

std::unique_ptr<model::Observation> observe_file(std::string_view name, const EvidenceOptions& options = {}) {
  auto observation = observe_evidence({path_of(name)}, options);
  EXPECT_TRUE(observation) << (observation ? std::string{} : to_string(observation.error()));
  return observation ? std::move(*observation) : nullptr;
}

const findings::Finding* find(const findings::Judged& judged, std::string_view id) {
  const auto found = std::ranges::find(judged.findings, id, &findings::Finding::id);
  return found == judged.findings.end() ? nullptr : &*found;
}

bool covers(const model::Observation& observation, std::string_view source, std::string_view why) {
  return std::ranges::any_of(observation.coverage, [&](const model::Coverage& entry) {
    return entry.source == source && entry.why.find(why) != std::string::npos;
  });
}

TEST(Logs, OfMeminfoShowALeakOfAnonymousMemory) {
  const auto observation = observe_file("meminfo-6.18-x86_64-anon-leak.txt");
  ASSERT_NE(observation, nullptr);
  EXPECT_EQ(observation->samples(), 31U);
  EXPECT_TRUE(observation->losses.empty());
  EXPECT_TRUE(covers(*observation, "meminfo", "31 blocks in"));
  EXPECT_TRUE(covers(*observation, "processes", "cannot be named"));
  const findings::Judged judged = findings::judge(*observation, {});
  EXPECT_EQ(judged.verdict, Verdict::kSuspect);
  ASSERT_FALSE(judged.decline.parts.empty());
  EXPECT_GT(judged.decline.available_lost, std::int64_t{4} << 30U);
}

TEST(Logs, OfABusyMachineAreClean) {
  const auto meminfo = observe_file("meminfo-6.18-x86_64-busy.txt");
  ASSERT_NE(meminfo, nullptr);
  EXPECT_EQ(findings::judge(*meminfo, {}).verdict, Verdict::kClean);
  const auto slabs = observe_file("slabinfo-6.18-x86_64-busy-without-times.txt.xz");
  ASSERT_NE(slabs, nullptr);
  EXPECT_TRUE(slabs->times_assumed);
  EXPECT_EQ(findings::judge(*slabs, {}).verdict, Verdict::kClean);
}

TEST(Logs, OfABusyMachineSayWhatWouldHaveBeenNoticedAndHowLongToWatch) {
  const auto whole = observe_file("meminfo-6.18-x86_64-busy.txt");
  ASSERT_NE(whole, nullptr);
  const report::Document clean = document_from(*whole, {});
  EXPECT_EQ(clean.verdict, Verdict::kClean);
  EXPECT_GT(clean.detectable_rate, 0);
  EXPECT_FALSE(clean.needed);

  const std::string text = text_of("meminfo-6.18-x86_64-busy.txt");
  const auto beginning = observe_text(std::string_view(text).substr(0, text.size() / 8));
  ASSERT_NE(beginning, nullptr);
  const report::Document short_of_it = document_from(*beginning, {});
  EXPECT_EQ(short_of_it.verdict, Verdict::kInsufficient);
  EXPECT_GT(short_of_it.needed, beginning->length());
  EXPECT_FALSE(short_of_it.detectable_rate);
}

TEST(Logs, OfSlabinfoNameTheCache) {
  const auto observation = observe_file("slabinfo-6.18-x86_64-message-queue-leak.txt.xz");
  ASSERT_NE(observation, nullptr);
  const findings::Judged judged = findings::judge(*observation, {});
  const findings::Finding* growth = find(judged, "kernel.slab.growth");
  ASSERT_NE(growth, nullptr);
  EXPECT_EQ(growth->state, State::kGrowing);
  EXPECT_EQ(growth->subject.key.name, "msg_msg-2k");
}

TEST(Logs, OfAProcessNameIt) {
  const auto observation = observe_file("status-6.18-x86_64-anon-leak.txt");
  ASSERT_NE(observation, nullptr);
  const findings::Judged judged = findings::judge(*observation, {});
  const findings::Finding* growth = find(judged, "user.anon");
  ASSERT_NE(growth, nullptr);
  EXPECT_EQ(growth->state, State::kGrowing);
  EXPECT_EQ(growth->subject.key.name, "leaky");
  EXPECT_FALSE(growth->subject.key.process.value().start.known());
}

// The same log, hurt in the ways in which logs are.
TEST(Logs, AreJudgedTheSameWhenTheyWereHurt) {
  const std::string text = text_of("meminfo-6.18-x86_64-anon-leak.txt");
  std::string crlf;
  std::string colored;
  for (const char c : text) {
    crlf += c == '\n' ? "\r\n" : std::string(1, c);
    colored += c == '\n' ? "\x1b[0m\n\x1b[1;32m" : std::string(1, c);
  }
  const std::string nuls(5000, '\0');
  struct Case {
    const char* what;
    std::string text;
    std::size_t samples;
  };
  const std::array cases{Case{"CRLF", crlf, 31}, Case{"colors", colored, 31},
                         Case{"cut at both ends", text.substr(700, text.size() - 1100), 31},
                         Case{"NUL bytes before", nuls + text, 31}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const auto observation = observe_text(c.text);
    ASSERT_NE(observation, nullptr);
    EXPECT_EQ(observation->samples(), c.samples);
    EXPECT_EQ(findings::judge(*observation, {}).verdict, Verdict::kSuspect);
  }
}

std::string falling_memory(bool with_times) {
  std::string text;
  for (int i = 0; i < 5000; ++i) {
    if (with_times) text += std::to_string(1'795'177'480 + 5 * i) + "\n";
    text += "MemTotal: 16000000 kB\nMemFree: " + std::to_string(9000000 - 1500 * i) +
            " kB\nMemAvailable: " + std::to_string(9000000 - 1500 * i) +
            " kB\nAnonPages: " + std::to_string(1000000 + 1500 * i) +
            " kB\ncpu  3679 0 1650 239560 813 0 21 12 0 0\nctxt " + std::to_string(1000 * i) + "\n";
  }
  return text;
}

TEST(Logs, WithoutTimesAreNoLeakAndHaveNoTimeLeft) {
  const auto assumed = observe_text(falling_memory(false), {.interval = std::chrono::seconds(5)});
  ASSERT_NE(assumed, nullptr);
  EXPECT_TRUE(assumed->times_assumed);
  EXPECT_EQ(assumed->length(), std::chrono::seconds(5 * 4999));
  const findings::Judged judged = findings::judge(*assumed, {});
  EXPECT_EQ(judged.verdict, Verdict::kSuspect);
  for (const findings::Finding& finding : judged.findings) EXPECT_FALSE(finding.eta);

  const auto timed = observe_text(falling_memory(true));
  ASSERT_NE(timed, nullptr);
  EXPECT_EQ(timed->length(), assumed->length());
  EXPECT_EQ(findings::judge(*timed, {}).verdict, Verdict::kLeak);
}

TEST(Logs, AreOneHistoryInTheOrderOfTheirTimes) {
  std::vector<LogFile> files;
  files.push_back(made("b", "2026-11-20 12:00:10\nMemFree: 2 kB\n"));
  files.push_back(made("a", "2026-11-20 12:00:00\nMemFree: 1 kB\n"));
  const auto observation = observe_logs(std::move(files), {});
  ASSERT_TRUE(observation);
  EXPECT_EQ((*observation)->first(model::Registry::machine_id(), Metric::kMeminfoMemFree), 1024);
  EXPECT_EQ((*observation)->last(model::Registry::machine_id(), Metric::kMeminfoMemFree), 2048);
  EXPECT_EQ((*observation)->length(), std::chrono::seconds(10));
  std::vector<LogFile> untold;
  untold.push_back(made("b", "MemFree: 2 kB\n"));
  untold.push_back(made("a", "2026-11-20 12:00:00\nMemFree: 1 kB\n"));
  const auto as_given = observe_logs(std::move(untold), {});
  ASSERT_TRUE(as_given);
  EXPECT_TRUE(covers(**as_given, "times", "in the order in which they were given"));
}

TEST(Logs, MayMixFilesOfProc) {
  const auto observation = observe_text(
      "==> /proc/meminfo <==\nMemTotal: 16000000 kB\nSlab: 100 kB\n\n==> /proc/vmstat <==\nnr_free_pages 10\n"
      "nr_free_pages_blocks 3\npgfault 5\n\n==> /proc/pressure/io <==\nsome avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
      "full avg10=0.00 avg60=0.00 avg300=0.00 total=3\n==> /proc/loadavg <==\n0.51 0.15 0.04 1/94 7195\n"
      "sockets: used 9\nTCP: inuse 1 orphan 0 tw 0 alloc 1 mem 35\nTCP6: inuse 2\n"
      "Node 0, zone    DMA32      1      2      4      2      5      4      3      3      4      2    752\n"
      "Node 0, zone   Normal      1      2      4      2      5      4      3      3      4      2    752\n"
      "cpu  3679 0 1650 239560 813 0 21 12 0 0\ncpu0 1 1 1 1 1 1 1 1 1 1\nctxt 305612\n"
      "0x000000003e63983a-0x000000001b7d6496   20480 kernel_clone+0x94/0x3e0 pages=4 vmalloc N0=4\n"
      "kmalloc-64   10  20  64  64  1 : tunables 0 0 0 : slabdata 1 1 0\n");
  ASSERT_NE(observation, nullptr);
  EXPECT_EQ(observation->samples(), 1U);
  EXPECT_TRUE(observation->losses.empty()) << observation->losses.front().what;
  const auto last = [&](Metric metric) { return observation->last(model::Registry::machine_id(), metric); };
  EXPECT_EQ(last(Metric::kMeminfoSlab), 102400);
  EXPECT_EQ(last(Metric::kVmstatFreePages), 40960);
  EXPECT_EQ(last(Metric::kVmstatPgfault), 5);
  EXPECT_EQ(last(Metric::kPsiIoSomeTotal), 7000);
  EXPECT_EQ(last(Metric::kPsiMemorySomeTotal), std::nullopt);
  EXPECT_EQ(last(Metric::kSockTcpMem), 35 * 4096);
  EXPECT_EQ(last(Metric::kSockTcp6Inuse), 2);
  EXPECT_EQ(last(Metric::kBuddyOrder0), 2);
  EXPECT_EQ(last(Metric::kStatContextSwitches), 305612);
  EXPECT_EQ(last(Metric::kVmallocStackPages), 4 * 4096);
  EXPECT_EQ(observation->subjects_with(Metric::kSlabBytes).size(), 1U);
}

TEST(Logs, MayBeWhatGrepPrints) {
  std::string text;
  for (int i = 1; i <= 3; ++i) {
    for (const std::string file : {"cpu", "io", "memory"}) {
      const std::string total = std::to_string(i * (file == "io" ? 10 : 1));
      text.append("/proc/pressure/")
          .append(file)
          .append(":some avg10=0.00 avg60=0.00 avg300=0.00 total=")
          .append(total)
          .append("\n");
      text.append("/proc/pressure/")
          .append(file)
          .append(":full avg10=0.00 avg60=0.00 avg300=0.00 total=")
          .append(total)
          .append("\n");
    }
  }
  const auto observation = observe_text(text);
  ASSERT_NE(observation, nullptr);
  EXPECT_TRUE(observation->losses.empty());
  EXPECT_EQ(observation->last(model::Registry::machine_id(), Metric::kPsiIoSomeTotal), 30'000);
  EXPECT_EQ(observation->last(model::Registry::machine_id(), Metric::kPsiMemoryFullTotal), 3000);
}

TEST(Logs, AreRefusedWhenTheyAreNone) {
  std::vector<LogFile> binary;
  binary.push_back(made("x", std::string("\x7f"
                                         "ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\x3e\0\1\0\0\0",
                                         24)));
  const auto refused = observe_logs(std::move(binary), {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("binary"), std::string::npos);
  for (const char* text : {"", "\n\n", "hello\nworld\n", "12:00:00\n12:00:01\n"}) {
    std::vector<LogFile> files;
    files.push_back(made("x", text));
    const auto nothing = observe_logs(std::move(files), {});
    ASSERT_FALSE(nothing) << text;
    EXPECT_EQ(nothing.error().kind, Error::Kind::kMalformed);
  }
}

std::string sample_of(std::int64_t total, std::int64_t available, std::int64_t slab) {
  const auto line = [](const char* key, std::int64_t kib) { return key + (": " + std::to_string(kib)) + " kB\n"; };
  return line("MemTotal", total) + line("MemFree", available) + line("MemAvailable", available) + line("Slab", slab) +
         line("SUnreclaim", slab);
}

/// Samples a minute apart, from so many seconds on; the slab caches take so much a minute.
std::string log_of(std::int64_t total, int count, std::int64_t start, std::int64_t pace) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += std::to_string(1'795'177'480 + start + std::int64_t{60} * i) + "\n" +
            sample_of(total, total / 2 - pace * i, 40'000 + pace * i);
  }
  return text;
}

bool loses(const model::Observation& observation, std::string_view what, std::uint64_t count) {
  return std::ranges::any_of(observation.losses, [&](const model::Loss& loss) {
    return loss.what.find(what) != std::string::npos && loss.count == count;
  });
}

TEST(Logs, OfTwoMachinesAreThatOfOne) {
  std::vector<LogFile> files;
  files.push_back(made("a.log", log_of(24'000'000, 120, 0, 1024)));
  files.push_back(made("b.log", log_of(8'000'000, 100, 30, 0)));
  const auto by_file = observe_logs(std::move(files), {});
  ASSERT_TRUE(by_file);
  EXPECT_EQ((*by_file)->samples(), 120U);
  EXPECT_EQ((*by_file)->length(), std::chrono::minutes(119));
  EXPECT_TRUE(loses(**by_file, "samples of a machine with 7.63 GiB left out: judge it alone", 100));
  EXPECT_TRUE((*by_file)->events.empty());

  std::string turns;
  for (int i = 0; i < 50; ++i) {
    turns += log_of(24'000'000, 1, 60 * i, 0) + log_of(8'000'000, 1, 60 * i + 30, 0);
    turns += log_of(8'000'000, 1, 60 * i + 45, 0);
  }
  const auto mixed = observe_text(turns);
  ASSERT_NE(mixed, nullptr);
  EXPECT_EQ(mixed->samples(), 100U);
  EXPECT_EQ(mixed->find(Metric::kMeminfoMemTotal)->front().value, std::int64_t{8'000'000} * 1024);
  EXPECT_TRUE(loses(*mixed, "samples of a machine with 22.9 GiB left out", 50));
}

TEST(Logs, OfAMachineThatWasGivenMemoryAreThatOfOne) {
  std::string text = log_of(8'000'000, 50, 0, 0);
  for (int i = 50; i < 100; ++i) {
    text += std::to_string(1'795'177'480 + 60 * i) + "\n" + sample_of(16'000'000, 12'000'000, 40'000);
  }
  const auto observation = observe_text(text);
  ASSERT_NE(observation, nullptr);
  EXPECT_EQ(observation->samples(), 100U);
  EXPECT_TRUE(observation->losses.empty());
  EXPECT_TRUE(covers(*observation, "logs", "changed from 7.63 GiB to 15.3 GiB"));
}

TEST(Logs, WhoseClockWasSetForwardAreJudgedAsWithoutIt) {
  constexpr std::int64_t kFiveHours = 5 * 3600;
  std::string text = log_of(24'000'000, 100, 0, 1024);
  for (int i = 100; i < 200; ++i) {
    text += std::to_string(1'795'177'480 + kFiveHours + 60 * i) + "\n" +
            sample_of(24'000'000, 12'000'000 - 1024 * i, 40'000 + 1024 * i);
  }
  const auto set = observe_text(text);
  ASSERT_NE(set, nullptr);
  EXPECT_EQ(set->length(), std::chrono::minutes(199));
  ASSERT_EQ(set->events.size(), 1U);
  EXPECT_EQ(set->events[0].kind, model::EventKind::kClockStep);
  EXPECT_EQ(findings::judge(*set, {}).verdict, Verdict::kSuspect);

  // What leaked on while nobody wrote is time that passed.
  std::string gap = log_of(24'000'000, 100, 0, 1024);
  for (int i = 400; i < 500; ++i) {
    gap +=
        std::to_string(1'795'177'480 + 60 * i) + "\n" + sample_of(24'000'000, 12'000'000 - 1024 * i, 40'000 + 1024 * i);
  }
  const auto waited = observe_text(gap);
  ASSERT_NE(waited, nullptr);
  EXPECT_EQ(waited->length(), std::chrono::minutes(499));
  EXPECT_EQ(waited->events.at(0).kind, model::EventKind::kRecordingGap);
}

TEST(Logs, MayPartTheDigitsOfTheirAmounts) {
  std::string text = "MemTotal: 24.683.620 kB\nMemAvailable: 22,946,161 kB\nMapped: 265 772 kB\nHugePages_Total: 0\n";
  const auto observation = observe_text(text);
  ASSERT_NE(observation, nullptr);
  EXPECT_TRUE(observation->losses.empty());
  EXPECT_EQ(observation->last(model::Registry::machine_id(), Metric::kMeminfoMemAvailable),
            std::int64_t{22'946'161} * 1024);
  EXPECT_EQ(observation->last(model::Registry::machine_id(), Metric::kMeminfoMapped), std::int64_t{265'772} * 1024);
}

TEST(Logs, AreRefusedWhereHardlyALineOfThemCanBeRead) {
  std::string text;
  for (int i = 0; i < 100; ++i) {
    text += std::to_string(1'795'177'480 + i) +
            "\nMemTotal: 24.68 kB\nMemFree: 9.5 kB\nMemAvailable: x kB\nHugePages_Total: 0\nMapped: 7 kB\n";
  }
  std::vector<LogFile> files;
  files.push_back(made("torn.log", text));
  const auto refused = observe_logs(std::move(files), {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("can hardly be read"), std::string::npos);

  // A line here and there is a loss, and no more.
  const auto readable = observe_text("1795177480\n" + sample_of(24'000'000, 9, 9) + "Mapped: x kB\n");
  ASSERT_NE(readable, nullptr);
  EXPECT_EQ(readable->losses.size(), 1U);
}

TEST(Logs, OfTwoWritersLineByLineGiveTheSamplesOfTheFirst) {
  std::string text;
  for (int i = 0; i < 200; i += 2) {
    std::istringstream first(sample_of(24'000'000, 12'000'000 - 1024 * i, 40'000 + 1024 * i));
    std::istringstream second(sample_of(24'000'000, 12'000'000 - 1024 * (i + 1), 40'000 + 1024 * (i + 1)));
    for (std::string line; std::getline(first, line);) {
      text += line + "\n";
      std::getline(second, line);
      text += line + "\n";
    }
  }
  const auto observation = observe_text(text);
  ASSERT_NE(observation, nullptr);
  const model::Series* available = observation->find(Metric::kMeminfoMemAvailable);
  ASSERT_NE(available, nullptr);
  ASSERT_EQ(available->size(), 100U);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ((*available)[static_cast<std::size_t>(i)].value, std::int64_t{12'000'000 - 1024 * 2 * i} * 1024);
  }
  EXPECT_TRUE(loses(*observation, "of a second writer", 500));
}

TEST(Logs, OfGermanFree) {
  const auto observation = observe_text(
      "               gesamt     benutzt        frei      gemns.  Puffer/Cache verfügbar\n"
      "Speicher:    24684092     1646912    20315544        8916     2721636    22622344\n"
      "Auslager:           0           0           0\n");
  ASSERT_NE(observation, nullptr);
  EXPECT_TRUE(observation->losses.empty());
  EXPECT_EQ(observation->last(model::Registry::machine_id(), Metric::kMeminfoMemAvailable),
            std::int64_t{22'622'344} * 1024);
}

TEST(Logs, OfToolsNameTheToolThatTold) {
  const auto text_of_tool = [](bool with_files) {
    std::string text;
    for (int i = 0; i < 300; ++i) {
      text += std::to_string(1'795'177'480 + 10 * i) + "\nUSER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND\n" +
              "root 812 0.6 0.0 4000000 " + std::to_string(100'000 + 1000 * i) + " ? S 14:27 0:07 /bin/leaky\n";
      if (with_files) text += "Name:\tcat\nPid:\t7\nRssAnon:\t 112 kB\n";
    }
    return text;
  };
  const auto sources_of = [](const report::Document& document) {
    std::vector<std::string> sources;
    for (const findings::Finding& finding : document.findings) {
      for (const findings::Evidence& evidence : finding.evidence) sources.push_back(evidence.source);
    }
    return sources;
  };
  for (const bool with_files : {false, true}) {
    SCOPED_TRACE(with_files);
    const auto observation = observe_text(text_of_tool(with_files));
    ASSERT_NE(observation, nullptr);
    report::Document document = document_from(*observation, {});
    ASSERT_FALSE(document.findings.empty());
    name_the_tools(document);
    EXPECT_EQ(std::ranges::count(sources_of(document), "ps table") > 0, !with_files);
    EXPECT_EQ(std::ranges::count(sources_of(document), "/proc/PID/status") > 0, with_files);
  }
}

TEST(Evidence, FromAPipeIsToldApartWithoutBeingRead) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd out(ends[0]);
  UniqueFd in(ends[1]);
  const std::string_view text = "12:00:00\nMemFree: 1 kB\n12:00:01\nMemFree: 3 kB\n";
  ASSERT_EQ(::write(in.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  in.reset();
  const auto observation = observe_evidence({"/proc/self/fd/" + std::to_string(out.get())}, {});
  ASSERT_TRUE(observation) << to_string(observation.error());
  EXPECT_EQ((*observation)->samples(), 2U);
}

}  // namespace
}  // namespace leakscope::session
