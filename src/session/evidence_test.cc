#include "session/evidence.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/text_cursor.h"
#include "session/diagnose.h"
#include "session/kernel_log_report.h"
#include "sources/test_tree.h"

namespace leakscope::session {
namespace {

namespace fs = std::filesystem;
using sources::TestTree;

std::string report_text(const std::string& head) {
  std::ifstream in(std::string(LEAKSCOPE_OOM_REPORTS) + "/6.1-x86_64-slab.txt", std::ios::binary);
  EXPECT_TRUE(in);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::string out;
  LineCursor lines(text);
  while (const auto line = lines.next()) out += fmt::format("{}{}\n", head, *line);
  return out;
}

const std::string kSyslog = "Nov 20 02:00:00 db1 kernel: ";

std::string sessions(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text +=
        fmt::format("Nov 20 01:{:02}:{:02} db1 systemd[1]: Started Session {} of user root.\n", i / 60 % 60, i % 60, i);
  }
  return text;
}

/// "logger -f /proc/meminfo", every ten seconds.
std::string logged_meminfo(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const std::string head = fmt::format("Nov 20 01:{:02}:{:02} db1 meminfo[77]: ", i / 6, i % 6 * 10);
    text += head + "MemTotal:       24683620 kB\n" + head + "MemFree:        18000000 kB\n";
    text += fmt::format("{}MemAvailable:   {} kB\n", head, 20000000 - i * 100);
  }
  return text;
}

std::string write_file(const TestTree& place, const std::string& name, const std::string& text) {
  const fs::path path = fs::path(place.path()) / name;
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

EvidenceKind kind_of(const std::string& path) {
  const auto evidence = open_evidence({path});
  EXPECT_TRUE(evidence) << to_string(evidence.error());
  return evidence ? evidence->kind : EvidenceKind::kRecording;
}

bool covers(const model::Observation& observation, std::string_view words) {
  return std::ranges::any_of(observation.coverage, [&](const model::Coverage& entry) {
    return entry.why.find(words) != std::string::npos || entry.remedy.find(words) != std::string::npos;
  });
}

std::ptrdiff_t kills(const model::Observation& observation) {
  return std::ranges::count(observation.events, model::EventKind::kOomKill, &model::Event::kind);
}

TEST(Evidence, AKernelLogMayBeginWithManyLinesOfOthers) {
  const TestTree place;
  const std::string late = sessions(5000) + report_text(kSyslog);
  ASSERT_GT(late.find("kernel:"), std::size_t{64} << 10U);
  EXPECT_EQ(kind_of(write_file(place, "messages", late)), EvidenceKind::kKernelLog);
  EXPECT_EQ(kind_of(write_file(place, "quiet", sessions(5000) + kSyslog + "usb 1-1: new device\n")),
            EvidenceKind::kKernelLog);
  // Nobody's: nothing of the kernel and no samples.
  EXPECT_EQ(kind_of(write_file(place, "others", sessions(5000))), EvidenceKind::kText);
}

TEST(Evidence, SamplesBetweenLinesOfTheKernelAreJudged) {
  const TestTree place;
  const std::string path = write_file(place, "syslog", kSyslog + "usb 1-1: new device\n" + logged_meminfo(60));
  EXPECT_EQ(kind_of(path), EvidenceKind::kText);
  const auto seen = observe_evidence({path}, {});
  ASSERT_TRUE(seen) << to_string(seen.error());
  EXPECT_EQ((*seen)->samples(), 60U);
  EXPECT_FALSE(covers(**seen, "OOM report"));
}

TEST(Evidence, OomReportsBetweenSamplesAreListed) {
  const TestTree place;
  const std::string path = write_file(place, "syslog", logged_meminfo(60) + report_text(kSyslog));
  auto evidence = open_evidence({path});
  ASSERT_TRUE(evidence);
  const auto seen = observe_with_reports(std::move(*evidence), {});
  ASSERT_TRUE(seen) << to_string(seen.error());
  EXPECT_EQ(seen->observation->samples(), 60U);
  ASSERT_EQ(seen->reports.size(), 1U);
  EXPECT_EQ(kills(*seen->observation), 1);
  EXPECT_TRUE(covers(*seen->observation, "1 OOM report in it"));
  EXPECT_TRUE(covers(*seen->observation, "grep kernel: " + path + " | leakscope diagnose --from -"));
  report::Document document;
  add_oom_account(seen->reports, document);
  ASSERT_FALSE(document.tables.empty());
  EXPECT_EQ(document.tables.front().id, "oom_reports");
  ASSERT_EQ(document.details.size(), 1U);
  EXPECT_NE(document.details.front().find("tail (163"), std::string::npos);
}

// One moment shows levels alone, and so does the report, of more.
TEST(Evidence, OneSampleBesideAReportLeavesAKernelLog) {
  const TestTree place;
  EXPECT_EQ(kind_of(write_file(place, "all", report_text("") + "MemTotal: 8 kB\nMemFree: 4 kB\n")),
            EvidenceKind::kKernelLog);
}

TEST(Evidence, AKernelLogBesideALogOfSamplesIsListed) {
  const TestTree place;
  const std::string samples = write_file(place, "meminfo.log", logged_meminfo(60));
  const std::string kernel = write_file(place, "messages", report_text(kSyslog));
  for (const auto& paths : {std::vector{samples, kernel}, std::vector{kernel, samples}}) {
    const auto seen = observe_evidence(paths, {});
    ASSERT_TRUE(seen) << to_string(seen.error());
    EXPECT_EQ((*seen)->samples(), 60U);
    EXPECT_EQ(kills(**seen), 1);
    EXPECT_TRUE(covers(**seen, "leakscope diagnose --from " + kernel));
  }
}

TEST(Evidence, OtherMixesAreRefusedWithWhatToDo) {
  const TestTree place;
  const std::string samples = write_file(place, "meminfo.log", logged_meminfo(3));
  write_file(place, "moment/proc/meminfo", "MemTotal: 8 kB\nMemFree: 4 kB\n");
  const std::string folder = fs::path(place.path()) / "moment";
  const auto refused = open_evidence({samples, folder});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Error::Kind::kUsage);
  EXPECT_NE(refused.error().hint.find("leakscope diagnose --from " + folder), std::string::npos);
}

/// What `leakscope ... --from <(cat FILE)` is given, in two writes.
Result<Evidence> from_pipe(const std::string& first, const std::string& second) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd out(ends[0]);
  std::thread writer([&, in = UniqueFd(ends[1])] {
    EXPECT_EQ(::write(in.get(), first.data(), first.size()), static_cast<ssize_t>(first.size()));
    EXPECT_EQ(::write(in.get(), second.data(), second.size()), static_cast<ssize_t>(second.size()));
  });
  auto evidence = open_evidence({"/proc/self/fd/" + std::to_string(out.get())});
  writer.join();
  return evidence;
}

TEST(Evidence, APipeIsToldByAllThatItGives) {
  const auto kernel = from_pipe("one\n", sessions(500) + report_text(kSyslog));
  ASSERT_TRUE(kernel) << to_string(kernel.error());
  EXPECT_EQ(kernel->kind, EvidenceKind::kKernelLog);
  auto samples = from_pipe("one\n", logged_meminfo(20));
  ASSERT_TRUE(samples) << to_string(samples.error());
  EXPECT_EQ(samples->kind, EvidenceKind::kText);
  const auto seen = observe_evidence(std::move(*samples), {});
  ASSERT_TRUE(seen) << to_string(seen.error());
  EXPECT_EQ((*seen)->samples(), 20U);
}

std::string tar_of(const std::string& name, const std::string& text) {
  std::array<char, 512> header{};
  const auto put = [&](std::size_t at, const std::string& field) {
    std::ranges::copy(field, header.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(0, name);
  put(100, "0000600");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", text.size()));
  put(136, fmt::format("{:011o}", 1795178789));
  put(148, "        ");
  put(156, "0");
  put(257, "ustar");
  put(263, "00");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + std::string(1, '\0') + " ");
  std::string tar(header.begin(), header.end());
  tar += text;
  tar.resize((tar.size() + 511) / 512 * 512 + 1024);
  return tar;
}

TEST(Evidence, ATarMayComeFromAPipe) {
  const std::string tar = tar_of("moment/proc/meminfo", "MemTotal:       8000 kB\nMemFree:        4000 kB\n");
  auto evidence = from_pipe(tar.substr(0, 100), tar.substr(100));
  ASSERT_TRUE(evidence) << to_string(evidence.error());
  EXPECT_EQ(evidence->kind, EvidenceKind::kFolder);
  const std::string copy = evidence->parts.front().path + " ";
  const auto seen = observe_evidence(std::move(*evidence), {});
  ASSERT_TRUE(seen) << to_string(seen.error());
  EXPECT_EQ((*seen)->samples(), 1U);
  EXPECT_FALSE(covers(**seen, copy)) << "nobody else can open it";
}

/// A sosreport: files of /proc beside what the kernel and tools printed.
std::string sosreport(const TestTree& place, bool with_proc) {
  if (with_proc) {
    write_file(place, "sos/proc/meminfo", "MemTotal:       8000 kB\nMemFree:        4000 kB\n");
    write_file(place, "sos/proc/uptime", "3600.00 3600.00\n");
    write_file(place, "sos/proc/stat", "cpu 1 2 3 4\nbtime 1795100000\n");
  }
  write_file(place, "sos/var/log/messages", sessions(500) + report_text(kSyslog));
  write_file(place, "sos/sos_commands/kernel/dmesg", report_text(""));
  write_file(place, "sos/sos_commands/memory/free", "              total        used        free\n");
  return fs::path(place.path()) / "sos";
}

TEST(Evidence, ASosreportTellsItsOomReports) {
  const TestTree place;
  const std::string folder = sosreport(place, true);
  auto evidence = open_evidence({folder});
  ASSERT_TRUE(evidence);
  const auto seen = observe_with_reports(std::move(*evidence), {});
  ASSERT_TRUE(seen) << to_string(seen.error());
  EXPECT_EQ(seen->observation->samples(), 1U);
  EXPECT_EQ(seen->reports.size(), 1U) << "dmesg and messages tell the same";
  EXPECT_EQ(kills(*seen->observation), 1);
  EXPECT_TRUE(covers(*seen->observation, "leakscope diagnose --from " + folder + "/var/log/messages"));
  EXPECT_TRUE(covers(*seen->observation, "sos_commands/memory/free"));
}

TEST(Evidence, AFolderOfLogsAloneTellsItsOomReports) {
  const TestTree place;
  const std::string folder = sosreport(place, false);
  fs::remove_all(fs::path(folder) / "sos_commands");
  auto evidence = open_evidence({folder});
  ASSERT_TRUE(evidence);
  const auto seen = observe_with_reports(std::move(*evidence), {});
  ASSERT_TRUE(seen) << to_string(seen.error());
  EXPECT_EQ(seen->reports.size(), 1U);
}

TEST(Evidence, AFolderWithoutKernelLogsTellsNone) {
  const TestTree place;
  write_file(place, "moment/proc/meminfo", "MemTotal:       8000 kB\nMemFree:        4000 kB\n");
  const auto seen = observe_evidence({fs::path(place.path()) / "moment"}, {});
  ASSERT_TRUE(seen) << to_string(seen.error());
  EXPECT_EQ(kills(**seen), 0);
  EXPECT_FALSE(covers(**seen, "OOM report"));
  EXPECT_FALSE(covers(**seen, "not read in"));
}

}  // namespace
}  // namespace leakscope::session
