#include "sources/page_holders/page_holders.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "sources/page_holders/balloon.h"
#include "sources/page_holders/bio_integrity.h"
#include "sources/page_holders/dma_buf.h"
#include "sources/page_holders/drm_clients.h"
#include "sources/page_holders/ftrace_buffers.h"
#include "sources/page_holders/gpu_gtt.h"
#include "sources/page_holders/holder.h"
#include "sources/page_holders/packet_rings.h"
#include "sources/page_holders/page_ext.h"
#include "sources/page_holders/page_pool.h"
#include "sources/page_holders/zfs_arc.h"

namespace leakscope::sources::page_holders {
namespace {

using model::Metric;

/// One holder with the subjects it was seen to have.
class Watched {
 public:
  explicit Watched(std::unique_ptr<Holder> holder) : holder_(std::move(holder)) {}

  void sample(const RootedDir& root, model::SampleSink& sink) {
    const auto levels = holder_->read(root);
    if (!levels) {
      error_ = levels.error();
      // Gone with its driver. After any other error it may still hold what it held: not known.
      if (error_->kind == Error::Kind::kNotFound) retire_unless(sink, [](const Known&) { return false; });
      return;
    }
    error_.reset();
    for (const Level& level : *levels) put(sink, level);
    retire_unless(sink, [&](const Known& known) {
      return std::ranges::find(*levels, known.name, &Level::name) != levels->end();
    });
  }

  [[nodiscard]] model::Coverage coverage() const {
    if (error_) return model::coverage_from_error(std::string(holder_->source()), *error_);
    std::string blind_spot = holder_->blind_spot();
    const auto state = blind_spot.empty() ? model::Coverage::State::kOk : model::Coverage::State::kPartial;
    return {std::string(holder_->source()), state, std::move(blind_spot), {}};
  }

 private:
  struct Known {
    model::SubjectId subject;
    std::string name;
    std::string detail;
  };

  void put(model::SampleSink& sink, const Level& level) {
    auto found = std::ranges::find(known_, level.name, &Known::name);
    const auto make_info = [&] {
      return model::SubjectInfo{.key = {.kind = model::SubjectKind::kHolder, .name = level.name},
                                .detail = level.detail};
    };
    if (found == known_.end()) {
      known_.push_back({sink.registry().intern(make_info()), level.name, level.detail});
      found = known_.end() - 1;
    } else if (found->detail != level.detail) {
      sink.registry().update(found->subject, make_info());
      found->detail = level.detail;
    }
    sink.put(found->subject, Metric::kHolderBytes, level.bytes.count());
    sink.put(found->subject, Metric::kHolderCounted, level.counted ? 1 : 0);
  }

  template <class Predicate>
  void retire_unless(model::SampleSink& sink, Predicate keep) {
    std::erase_if(known_, [&](const Known& known) {
      if (keep(known)) return false;
      sink.retire(known.subject);
      return true;
    });
  }

  std::unique_ptr<Holder> holder_;
  std::optional<Error> error_;
  std::vector<Known> known_;
};

class HolderSource final : public Source {
 public:
  HolderSource(std::string_view name, RootedDir root, std::vector<std::unique_ptr<Holder>> holders)
      : name_(name), root_(std::move(root)) {
    for (auto& holder : holders) watched_.emplace_back(std::move(holder));
  }

  SourceInfo info() const override {
    return {.name = name_,
            .period = {.live = std::chrono::seconds(5), .recording = std::chrono::seconds(30)},
            .may_block = true};
  }

  Result<> sample(model::SampleSink& sink) override {
    for (Watched& watched : watched_) watched.sample(root_, sink);
    return {};
  }

  std::vector<model::Coverage> coverage() const override {
    std::vector<model::Coverage> entries;
    entries.reserve(watched_.size());
    for (const Watched& watched : watched_) entries.push_back(watched.coverage());
    return entries;
  }

 private:
  std::string_view name_;
  RootedDir root_;
  std::vector<Watched> watched_;
};

}  // namespace

Result<std::unique_ptr<Source>> open_page_holders(const RootedDir& root, PageSize page_size) {
  auto own_root = root.open_dir("");
  if (!own_root) return std::unexpected(std::move(own_root.error()));
  std::vector<std::unique_ptr<Holder>> holders;
  holders.push_back(make_zfs_arc());
  holders.push_back(make_ftrace_buffers());
  holders.push_back(make_page_pool());
  holders.push_back(make_packet_rings(page_size));
  holders.push_back(make_gpu_gtt());
  holders.push_back(make_drm_clients());
  holders.push_back(make_balloon(page_size));
  holders.push_back(make_bio_integrity());
  holders.push_back(make_page_ext());
  return std::make_unique<HolderSource>("page_holders", std::move(*own_root), std::move(holders));
}

Result<std::unique_ptr<Source>> open_debugfs_holders(const RootedDir& root) {
  auto own_root = root.open_dir("");
  if (!own_root) return std::unexpected(std::move(own_root.error()));
  std::vector<std::unique_ptr<Holder>> holders;
  holders.push_back(make_dma_buf());
  holders.push_back(make_vmware_balloon());
  return std::make_unique<HolderSource>("debugfs_holders", std::move(*own_root), std::move(holders));
}

}  // namespace leakscope::sources::page_holders
