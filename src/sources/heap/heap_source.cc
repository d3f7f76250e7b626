#include "sources/heap/heap_source.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sources/heap/heap_range.h"
#include "sources/heap/main_heap.h"
#include "sources/heap/process_memory.h"

namespace leakscope::sources::heap {
namespace {

using model::Coverage;
using model::Metric;

constexpr int kTries = 3;
/// A walk reads what is in RAM of it, at about 5 GiB/s.
constexpr std::uint64_t kLargestHeap = std::uint64_t{2} << 30U;

class MainHeap final : public Source {
 public:
  MainHeap(RootedDir folder, ProcessId process, PageSize page_size)
      : folder_(std::move(folder)), process_(process), page_size_(page_size) {}

  [[nodiscard]] SourceInfo info() const override {
    // maps waits for the target's mmap lock.
    return {.name = "heap", .period = {}, .may_block = true};
  }

  [[nodiscard]] Result<> sample(model::SampleSink& sink) override {
    if (ended_) return {};
    Error error;
    for (int i = 0; i < kTries; ++i) {
      const auto walked = walk();
      if (walked) {
        const auto subject = sink.registry().find({model::SubjectKind::kProcess, "", process_});
        if (!subject) return {};  // the fast tier has not seen it yet
        sink.put(*subject, Metric::kProcessHeapInUse, static_cast<std::int64_t>(walked->bytes));
        sink.put(*subject, Metric::kProcessHeapBlocks, static_cast<std::int64_t>(walked->blocks));
        sink.put(*subject, Metric::kProcessHeapCached, static_cast<std::int64_t>(walked->cached_bytes));
        ++walks_;
        return {};
      }
      error = walked.error();
      if (error.kind != Error::Kind::kMalformed) break;
    }
    last_error_ = std::move(error);
    ended_ = last_error_->kind == Error::Kind::kNotFound;
    return {};
  }

  [[nodiscard]] std::vector<Coverage> coverage() const override {
    if (walks_ == 0 && last_error_) return {model::coverage_from_error("heap", *last_error_, remedy())};
    if (last_error_) return {{"heap", Coverage::State::kPartial, to_string(*last_error_), remedy()}};
    if (arenas_ > 0) {
      return {{"heap", Coverage::State::kPartial,
               fmt::format("{} arenas of threads are not walked: what is lost there shows in pages only", arenas_),
               ""}};
    }
    return {{"heap", Coverage::State::kOk, "", ""}};
  }

 private:
  [[nodiscard]] std::string remedy() const {
    return last_error_ && last_error_->kind == Error::Kind::kDenied ? "run it as root, or as the process's user" : "";
  }

  [[nodiscard]] Result<HeapInUse> walk() {
    auto maps = folder_.read("maps", maps_);
    if (!maps) return std::unexpected(std::move(maps.error()));
    const HeapMappings heaps = find_heaps(*maps);
    arenas_ = heaps.arenas;
    if (!heaps.main) return fail(Error::Kind::kUnsupported, "[heap]", "the process has none that can be walked");
    if (heaps.main->end - heaps.main->start > kLargestHeap) {
      return fail(Error::Kind::kUnsupported, "[heap]", "is larger than 2 GiB: it is judged by its pages");
    }
    auto memory = folder_.open_file("mem");
    if (!memory) return std::unexpected(std::move(memory.error()));
    auto page_map = folder_.open_file("pagemap");
    if (!page_map) return std::unexpected(std::move(page_map.error()));
    ProcessMemory reader(std::move(*memory), std::move(*page_map), page_size_);
    auto walked = walk_main_heap(*heaps.main, reader);
    if (!walked && reader.denied()) return fail(Error::Kind::kDenied, "[heap]", "its memory may not be read");
    return walked;
  }

  RootedDir folder_;
  ProcessId process_;
  PageSize page_size_;
  FileBuffer maps_;
  std::size_t arenas_ = 0;
  std::uint64_t walks_ = 0;
  std::optional<Error> last_error_;
  bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<Source>> open_main_heap(const RootedDir& root, ProcessId process, PageSize page_size) {
  // The folder is held: it stays that of this process, and answers nothing once it has ended.
  auto folder = root.open_dir(fmt::format("proc/{}", process.pid.value));
  if (!folder) return std::unexpected(std::move(folder.error()));
  return std::make_unique<MainHeap>(std::move(*folder), process, page_size);
}

}  // namespace leakscope::sources::heap
