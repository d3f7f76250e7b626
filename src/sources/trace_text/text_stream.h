#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sources/kmem_stream.h"
#include "sources/trace_text/kmem_line.h"
#include "sources/trace_text/line_feed.h"
#include "sources/trace_text/line_head.h"
#include "sources/trace_text/place_table.h"
#include "sources/trace_text/remark.h"
#include "sources/trace_text/stack_pairing.h"

namespace leakscope::sources::trace_text {

class TextStream final : public KmemStream {
 public:
  TextStream(LineFeed feed, std::string name) : feed_(std::move(feed)), name_(std::move(name)) {}

  [[nodiscard]] Result<std::span<const model::KmemEvent>> next() override;
  [[nodiscard]] const TraceFacts& facts() const override { return facts_; }
  [[nodiscard]] const model::StackTable& stacks() const override { return stacks_; }
  [[nodiscard]] const model::NameTable& names() const override { return names_; }
  [[nodiscard]] const model::KernelSymbols& symbols() const override { return places_.symbols(); }
  [[nodiscard]] std::vector<model::Loss> losses() const override;
  [[nodiscard]] std::vector<model::Coverage> coverage() const override;

 private:
  struct Counts {
    std::uint64_t lost = 0;            // that the trace itself tells of
    std::uint64_t lost_uncounted = 0;  // times
    std::uint64_t overwritten = 0;
    std::uint64_t strange_lines = 0;
    std::uint64_t strange_events = 0;
    std::uint64_t went_back = 0;
    std::uint64_t hidden = 0;    // events without a pointer
    std::uint64_t pointers = 0;  // events with one
    std::uint64_t hashed = 0;
    std::uint64_t doubled = 0;
  };

  void take_line(std::string_view line);
  [[nodiscard]] bool take_frame(std::string_view line);
  void take_remark(std::string_view line);
  void take_head(const LineHead& head);
  void take_kmem(const LineHead& head, KmemKind kind);
  void take_lost(std::string_view details);
  [[nodiscard]] bool is_of_chosen_buffer(KmemKind kind, std::string_view buffer);
  [[nodiscard]] model::KmemEvent event_of(const LineHead& head, const KmemLine& line);
  void set_sizes(const KmemLine& line, model::KmemEvent& event) const;
  [[nodiscard]] std::uint64_t cpus() const;
  void note_event(std::string_view name);
  [[nodiscard]] std::span<const model::KmemEvent> end_with(std::optional<Error> error);
  [[nodiscard]] bool has_no_pointers() const { return counts_.pointers == 0 && counts_.hidden > 0; }
  [[nodiscard]] bool saw(KmemKind kind) const { return kinds_[static_cast<std::size_t>(kind)] > 0; }
  void cover_events(std::vector<model::Coverage>& all) const;

  LineFeed feed_;
  std::string name_;
  TraceFacts facts_;
  model::StackTable stacks_;
  model::NameTable names_;
  PlaceTable places_;
  StackPairing pairing_{stacks_};
  Counts counts_;
  std::array<std::uint64_t, kKmemKinds> kinds_{};
  std::array<std::optional<std::string>, kKmemKinds> buffers_;
  std::uint64_t last_time_ = 0;
  std::uint16_t most_cpu_ = 0;
  std::uint16_t perf_cpu_ = 0;  // of the event before, whose stack may follow
  bool perf_stack_begun_ = false;
  bool clock_is_strange_ = false;
  bool any_event_ = false;
  bool finished_ = false;
  std::optional<Error> error_;  // given out after the last events
};

}  // namespace leakscope::sources::trace_text
