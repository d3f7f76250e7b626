#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/sample.h"
#include "sources/recording/block_dictionary.h"
#include "sources/recording/column.h"

namespace leakscope::sources::recording {

/// Walks over the samples of a block: the payload of a chunk or hour frame, which may be foreign bytes. Memory is
/// bounded by the bounds of block_format.h; only the rows' times are unpacked as a whole.
class BlockReader {
 public:
  /// kMalformed, naming the section, when the payload makes no sense. `payload` must outlive the reader.
  [[nodiscard]] static Result<BlockReader> parse(std::string_view payload);

  [[nodiscard]] std::size_t rows() const { return times_.size(); }
  /// The time of the row that next() would give; there is one while row_at() < rows().
  [[nodiscard]] const Moment& next_time() const { return times_[row_]; }
  [[nodiscard]] std::size_t row_at() const { return row_; }
  /// Fills the sample with the next row. Its subjects are made known to the registry, ended ones retired.
  void next(model::Sample& sample, model::Registry& registry);
  /// Passes over the next row: its readings and events are not given, but subjects that ended there are retired.
  void skip(model::Registry& registry);

  [[nodiscard]] std::string_view boot_id() const { return boot_id_; }
  [[nodiscard]] const BlockSubjects& subjects() const { return subjects_; }
  /// Numbers of the samples that the block stands for, within the session.
  [[nodiscard]] std::uint64_t first_ordinal() const { return first_ordinal_; }
  [[nodiscard]] std::uint64_t samples() const { return samples_; }
  /// Nothing when the recorder said nothing about its sources.
  [[nodiscard]] const std::optional<std::vector<model::Coverage>>& coverage() const { return coverage_; }
  [[nodiscard]] const std::optional<std::vector<model::Loss>>& losses() const { return losses_; }
  /// Series of metrics or kinds of subjects, and events of kinds, that this build does not know.
  [[nodiscard]] std::uint64_t unknown() const { return unknown_; }
  /// Series that ended early because their bytes make no sense.
  [[nodiscard]] std::uint64_t damaged_series() const { return damaged_; }

 private:
  struct Column {
    std::uint32_t subject = 0;
    model::Metric metric{};
    ColumnCursor cursor;
  };
  struct EventAt {
    std::uint32_t row = 0;
    std::optional<std::uint32_t> subject;
    model::EventKind kind{};
    Moment time;
    std::string_view text;
  };
  struct RetiredAt {
    std::uint32_t row = 0;
    std::uint32_t subject = 0;
  };
  struct Sections;

  BlockReader() = default;
  [[nodiscard]] bool parse_rows(std::string_view section);
  [[nodiscard]] bool parse_columns(const Sections& sections);
  [[nodiscard]] bool parse_events(std::string_view section);
  [[nodiscard]] bool parse_retired(std::string_view section);
  [[nodiscard]] bool parse_coverage(std::string_view section);
  [[nodiscard]] bool parse_losses(std::string_view section);
  void retire(model::Registry& registry, model::Sample* sample);

  std::string_view payload_;
  BlockStrings strings_;
  BlockSubjects subjects_;
  std::vector<Moment> times_;
  std::vector<Column> columns_;
  std::vector<EventAt> events_;
  std::vector<RetiredAt> retired_;
  std::optional<std::vector<model::Coverage>> coverage_;
  std::optional<std::vector<model::Loss>> losses_;
  std::string_view boot_id_;
  std::uint64_t first_ordinal_ = 0;
  std::uint64_t samples_ = 0;
  std::uint64_t unknown_ = 0;
  std::uint64_t damaged_ = 0;
  std::uint32_t row_ = 0;
  std::size_t next_event_ = 0;
  std::size_t next_retired_ = 0;
};

}  // namespace leakscope::sources::recording
