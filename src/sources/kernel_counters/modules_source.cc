#include <functional>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "sources/kernel_counters/counter_file.h"
#include "sources/kernel_counters/kernel_counters.h"
#include "sources/kernel_counters/modules.h"

namespace leakscope::sources::kernel_counters {
namespace {

using model::Metric;

class ModulesSource final : public Source {
 public:
  explicit ModulesSource(RootedDir root) : root_(std::move(root)), file_(root_, "modules", "proc/modules") {}

  [[nodiscard]] const CounterFile& file() const { return file_; }

  SourceInfo info() const override {
    return {.name = "modules", .period = {.live = std::chrono::seconds(5), .recording = std::chrono::seconds(30)}};
  }

  Result<> sample(model::SampleSink& sink) override {
    const auto text = file_.read();
    if (!text) return std::unexpected(file_.error().value_or(Error{}));
    if (auto parsed = parse_modules(*text, modules_); !parsed) {
      file_.refuse(parsed.error());
      return parsed;
    }
    ++round_;
    for (const Module& module : modules_.rows) put(sink, module);
    const bool complete = modules_.lines_left_out == 0 && !modules_.cut;
    lines_lost_ += modules_.lines_left_out + (modules_.cut ? 1 : 0);
    if (complete) retire_missing(sink);
    // A damaged first read cannot tell which modules are new in the second.
    first_done_ |= complete;
    return {};
  }

  std::vector<model::Coverage> coverage() const override { return {file_.coverage()}; }

  std::vector<model::Loss> losses() const override {
    if (lines_lost_ == 0) return {};
    return {{"modules", "lines that could not be read", lines_lost_, 0}};
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

  void put(model::SampleSink& sink, const Module& module) {
    auto found = known_.find(module.name);
    if (found == known_.end()) {
      const model::SubjectId id = sink.registry().intern(
          model::SubjectInfo{.key = {.kind = model::SubjectKind::kModule, .name = std::string(module.name)},
                             .detail = module.taints.empty() ? "" : fmt::format("taints: {}", module.taints)});
      found = known_.emplace(std::string(module.name), Known{id}).first;
      if (first_done_) sink.event(model::EventKind::kModuleLoad, id, found->first);
    }
    found->second.round = round_;
    sink.put(found->second.subject, Metric::kModuleSize, module.size.count());
  }

  void retire_missing(model::SampleSink& sink) {
    std::erase_if(known_, [&](const auto& entry) {
      if (entry.second.round == round_) return false;
      sink.event(model::EventKind::kModuleUnload, entry.second.subject, entry.first);
      sink.retire(entry.second.subject);
      return true;
    });
  }

  RootedDir root_;
  CounterFile file_;
  Modules modules_;
  std::unordered_map<std::string, Known, Hash, std::equal_to<>> known_;
  std::uint64_t round_ = 0;
  bool first_done_ = false;
  std::uint64_t lines_lost_ = 0;
};

}  // namespace

Result<std::unique_ptr<Source>> open_modules(const RootedDir& root) {
  auto own_root = root.open_dir("");
  if (!own_root) return std::unexpected(std::move(own_root.error()));
  auto source = std::make_unique<ModulesSource>(std::move(*own_root));
  if (!source->file().is_open()) return std::unexpected(*source->file().error());
  return source;
}

}  // namespace leakscope::sources::kernel_counters
