#include "sources/vmalloc/vmalloc.h"

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "sources/line_losses.h"
#include "sources/log_block.h"
#include "sources/vmalloc/vmallocinfo.h"

namespace leakscope::sources::vmalloc {
namespace {

using model::Metric;

constexpr std::string_view kName = "vmallocinfo";
constexpr std::string_view kVmallocinfo = "proc/vmallocinfo";
// Real kernels have some hundred callers; more is a hostile file.
constexpr std::size_t kMostCallers = 8192;

std::string detail_of(const CallerTotal& caller) {
  if (is_stack_caller(caller.function)) return "kernel stacks";
  if (caller.ioremap) return "maps devices";
  if (caller.pages == 0) return "address space whose pages are counted elsewhere";
  return {};
}

/// One text of /proc/vmallocinfo into readings, live or from a log.
class VmallocReader {
 public:
  explicit VmallocReader(PageSize page_size) : page_size_(page_size) {}

  Result<> read(std::string_view text, model::SampleSink& sink) {
    if (auto parsed = parser_.parse(text, info_); !parsed) return parsed;
    ++round_;
    for (const CallerTotal& caller : info_.callers) put(sink, caller);
    // Totals and zeros are told from a whole file only.
    if (info_.lines_left_out > 0 || info_.cut) return {};
    put_zeros(sink);
    put_pages(sink, Metric::kVmallocTotalPages, info_.vmalloc_pages);
    put_pages(sink, Metric::kVmallocStackPages, info_.stack_pages);
    put_pages(sink, Metric::kVmallocVmapPages, info_.vmap_pages);
    sink.put(Metric::kVmallocUnpurged, info_.unpurged_bytes);
    return {};
  }

  [[nodiscard]] const Vmallocinfo& last() const { return info_; }

 private:
  struct Known {
    model::SubjectId subject;
    std::uint64_t round = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  void put_pages(model::SampleSink& sink, Metric metric, std::int64_t pages) const {
    if (const auto bytes = checked_mul(pages, page_size_.bytes)) sink.put(metric, *bytes);
  }

  Known* known(model::SampleSink& sink, const CallerTotal& caller) {
    key_.assign(caller.function);
    if (!caller.module.empty()) key_.append(" [").append(caller.module).append("]");
    const auto found = callers_.find(std::string_view(key_));
    if (found != callers_.end()) return &found->second;
    if (callers_.size() >= kMostCallers) return nullptr;
    const auto id = sink.registry().intern(model::SubjectInfo{
        .key = {.kind = model::SubjectKind::kVmallocCaller, .name = key_}, .detail = detail_of(caller)});
    return &callers_.emplace(key_, Known{.subject = id}).first->second;
  }

  void put(model::SampleSink& sink, const CallerTotal& caller) {
    Known* entry = known(sink, caller);
    const auto pages = checked_mul(caller.pages, page_size_.bytes);
    const auto bytes = pages ? checked_add(*pages, caller.unbacked_bytes) : std::nullopt;
    if (entry == nullptr || !bytes) return;
    entry->round = round_;
    sink.put(entry->subject, Metric::kVmallocBytes, *bytes);
    sink.put(entry->subject, Metric::kVmallocUnbacked, caller.unbacked_bytes);
    sink.put(entry->subject, Metric::kVmallocAreas, caller.areas);
  }

  void put_zeros(model::SampleSink& sink) const {
    for (const auto& [name, entry] : callers_) {
      if (entry.round == round_) continue;
      sink.put(entry.subject, Metric::kVmallocBytes, 0);
      sink.put(entry.subject, Metric::kVmallocUnbacked, 0);
      sink.put(entry.subject, Metric::kVmallocAreas, 0);
    }
  }

  PageSize page_size_;
  VmallocinfoParser parser_;
  Vmallocinfo info_;
  std::unordered_map<std::string, Known, Hash, std::equal_to<>> callers_;
  std::string key_;
  std::uint64_t round_ = 0;
};

class VmallocSource final : public Source {
 public:
  VmallocSource(std::string name, UniqueFd file, PageSize page_size)
      : name_(std::move(name)), file_(std::move(file)), reader_(page_size) {}

  SourceInfo info() const override {
    return {.name = kName,
            .period = {.live = std::chrono::seconds(5),
                       .recording = std::chrono::seconds(60),
                       .brief = std::chrono::seconds(2)},
            .may_block = true};
  }

  Result<> sample(model::SampleSink& sink) override {
    const auto text = read_whole(file_.get(), buffer_, name_);
    if (!text) return std::unexpected(text.error());
    if (auto read = reader_.read(*text, sink); !read) return read;
    const Vmallocinfo& info = reader_.last();
    losses_.add(info.lines - info.lines_left_out, info.lines_left_out, info.cut, info.problems);
    return {};
  }

  std::vector<model::Coverage> coverage() const override { return {losses_.coverage(kName)}; }

  std::vector<model::Loss> losses() const override { return losses_.losses(kName); }

 private:
  std::string name_;
  UniqueFd file_;
  FileBuffer buffer_;
  VmallocReader reader_;
  LineLosses losses_;
};

bool is_vmallocinfo(std::string_view line) {
  const std::size_t dash = line.find("-0x");
  return line.starts_with("0x") && dash != std::string_view::npos && dash < 20 &&
         line.find(' ', dash) != std::string_view::npos;
}

}  // namespace

Result<std::unique_ptr<Source>> open_vmalloc(const RootedDir& root, PageSize page_size) {
  auto file = root.open_file(kVmallocinfo);
  if (!file) {
    Error error = std::move(file.error());
    if (error.kind == Error::Kind::kDenied) error.hint = "Run as root: /proc/vmallocinfo is mode 0400";
    return std::unexpected(std::move(error));
  }
  return std::make_unique<VmallocSource>(root.display(kVmallocinfo), std::move(*file), page_size);
}

std::unique_ptr<LogFormat> vmallocinfo_log_format(PageSize page_size) {
  auto reader = [reader = std::make_shared<VmallocReader>(page_size)](std::string_view text, model::SampleSink& sink,
                                                                      ParseFaults& faults) -> Result<> {
    if (auto read = reader->read(text, sink); !read) return read;
    for (const Error& problem : reader->last().problems) faults.add(problem);
    if (reader->last().cut) faults.add({Error::Kind::kTruncated, {}, 0, "the text ends within a line", {}});
    return {};
  };
  return std::make_unique<FileBlockFormat>(
      FileBlockFormat::Spec{
          .name = kName, .begins = is_vmallocinfo, .belongs = is_vmallocinfo, .first_key_restarts = false},
      std::move(reader));
}

}  // namespace leakscope::sources::vmalloc
