#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "sources/process/pid_stat.h"
#include "sources/process/process_inspection.h"

namespace leakscope::sources::process {
namespace {

constexpr std::size_t kMostThreadNames = 4096;
constexpr std::size_t kLargestSmaps = std::size_t{512} << 20U;
constexpr const char* kRemedy = "run as root, or with CAP_SYS_PTRACE";

class InspectionReader {
 public:
  InspectionReader(const RootedDir& root, Pid pid) : root_(root), folder_(fmt::format("proc/{}", pid.value)) {}

  [[nodiscard]] Result<std::string> read(const char* file) {
    auto text = root_.read(fmt::format("{}/{}", folder_, file), buffer_, kLargestSmaps);
    if (!text) return std::unexpected(std::move(text.error()));
    return std::string(*text);
  }
  /// What cannot be had becomes coverage.
  [[nodiscard]] std::optional<std::string> try_read(const char* file, ProcessTexts& texts) {
    auto text = read(file);
    if (text) return *std::move(text);
    note(texts, text.error());
    return std::nullopt;
  }
  void read_mappings(ProcessTexts& texts) {
    auto smaps = read("smaps");
    if (smaps) {
      texts.smaps = *std::move(smaps);
      return;
    }
    note(texts, smaps.error());
    // CONFIG_PROC_PAGE_MONITOR leaves smaps out; maps is always there, under the same permission.
    if (smaps.error().kind == Error::Kind::kNotFound) texts.smaps = try_read("maps", texts);
  }
  void read_names(ProcessTexts& texts) {
    if (auto target = root_.read_link(folder_ + "/exe")) {
      texts.executable = *std::move(target);
    } else if (target.error().kind != Error::Kind::kNotFound) {
      note(texts, target.error());
    }
    const auto threads = root_.list(folder_ + "/task");
    if (!threads) return;
    for (std::size_t i = 0; i < std::min(threads->size(), kMostThreadNames); ++i) {
      const auto name = root_.read(fmt::format("{}/task/{}/comm", folder_, (*threads)[i]), buffer_);
      if (name) texts.thread_names.emplace_back(name->ends_with('\n') ? name->substr(0, name->size() - 1) : *name);
    }
  }
  /// Lies in the memory of the process.
  void read_command_line(ProcessTexts& texts) {
    if (const auto line = root_.read(folder_ + "/cmdline", buffer_)) {
      texts.argv0 = line->substr(0, line->find('\0'));
    }
  }
  void read_descriptors(Pid pid, ProcessTexts& texts) {
    const auto proc = root_.open_dir("proc");
    if (!proc) return;
    if (auto scan = scan_fds(*proc, pid, &texts.descriptor_targets)) {
      texts.descriptors = *scan;
    } else {
      note(texts, scan.error());
    }
  }

 private:
  static void note(ProcessTexts& texts, const Error& error) {
    const bool denied = error.kind == Error::Kind::kDenied;
    texts.coverage.push_back(model::coverage_from_error("process", error, denied ? kRemedy : ""));
  }

  const RootedDir& root_;
  std::string folder_;
  FileBuffer buffer_;
};

}  // namespace

Result<ProcessInspection> inspect_process(const RootedDir& root, Pid pid, Depth depth) {
  InspectionReader reader(root, pid);
  ProcessTexts texts;
  auto stat = reader.read("stat");
  if (!stat) return std::unexpected(std::move(stat.error()));
  texts.stat = *std::move(stat);
  texts.status = reader.try_read("status", texts);
  if (depth == Depth::kAll) reader.read_mappings(texts);
  texts.limits = reader.try_read("limits", texts);
  texts.cgroup = reader.try_read("cgroup", texts);
  texts.oom_score = reader.try_read("oom_score", texts);
  texts.oom_score_adj = reader.try_read("oom_score_adj", texts);
  reader.read_names(texts);
  if (depth == Depth::kAll) {
    reader.read_command_line(texts);
    reader.read_descriptors(pid, texts);
  }
  auto inspection = build_inspection(texts);
  if (!inspection) return inspection;
  // All of this must have been one and the same process.
  const auto again = reader.read("stat");
  const auto now = again ? parse_pid_stat(*again) : Result<PidStat>(std::unexpected(again.error()));
  if (!now || now->id != inspection->id) {
    return fail(Error::Kind::kGone, root.display(fmt::format("proc/{}", pid.value)), "ended while it was read");
  }
  return inspection;
}

}  // namespace leakscope::sources::process
