#include "sources/vmalloc/vmalloc.h"

#include <functional>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

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

class VmallocSource final : public Source {
 public:
  VmallocSource(std::string name, UniqueFd file, PageSize page_size)
      : name_(std::move(name)), file_(std::move(file)), page_size_(page_size) {}

  SourceInfo info() const override {
    return {.name = kName,
            .period = {.live = std::chrono::seconds(5), .recording = std::chrono::seconds(60)},
            .may_block = true};
  }

  Result<> sample(model::SampleSink& sink) override {
    const auto text = read_whole(file_.get(), buffer_, name_);
    if (!text) return std::unexpected(text.error());
    if (auto parsed = parser_.parse(*text, info_); !parsed) return parsed;
    ++round_;
    for (const CallerTotal& caller : info_.callers) put(sink, caller);
    lines_ += info_.lines + (info_.cut ? 1 : 0);
    lines_left_out_ += info_.lines_left_out + (info_.cut ? 1 : 0);
    if (!info_.problems.empty()) last_problem_ = to_string(info_.problems.front());
    // Totals and zeros are told from a whole file only.
    if (info_.lines_left_out > 0 || info_.cut) return {};
    put_zeros(sink);
    put_pages(sink, Metric::kVmallocTotalPages, info_.vmalloc_pages);
    put_pages(sink, Metric::kVmallocStackPages, info_.stack_pages);
    put_pages(sink, Metric::kVmallocVmapPages, info_.vmap_pages);
    sink.put(Metric::kVmallocUnpurged, info_.unpurged_bytes);
    return {};
  }

  std::vector<model::Coverage> coverage() const override {
    model::Coverage own{.source = std::string(kName), .state = {}, .why = {}, .remedy = {}};
    if (lines_left_out_ > 0) {
      own.state = model::Coverage::State::kPartial;
      own.why = last_problem_.empty() ? "the file ends within a line" : last_problem_;
    }
    return {std::move(own)};
  }

  std::vector<model::Loss> losses() const override {
    if (lines_left_out_ == 0) return {};
    return {{std::string(kName), "lines that could not be read", lines_left_out_, lines_}};
  }

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

  std::string name_;
  UniqueFd file_;
  PageSize page_size_;
  FileBuffer buffer_;
  VmallocinfoParser parser_;
  Vmallocinfo info_;
  std::unordered_map<std::string, Known, Hash, std::equal_to<>> callers_;
  std::string key_;
  std::uint64_t round_ = 0;
  std::uint64_t lines_ = 0;
  std::uint64_t lines_left_out_ = 0;
  std::string last_problem_;
};

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

}  // namespace leakscope::sources::vmalloc
