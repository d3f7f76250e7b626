#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/sample.h"
#include "sources/recording/column.h"
#include "sources/recording/column_store.h"
#include "sources/recording/frame.h"
#include "sources/recording/series_table.h"
#include "sources/recording/string_table.h"
#include "sources/recording/subject_book.h"
#include "sources/recording/veil.h"

namespace leakscope::sources::recording {

/// Takes samples and makes the payload of a chunk or hour frame of them. Taking a sample allocates nothing once the
/// tables have grown; what is known of the subjects is asked when note_subjects() or encode() is called.
class BlockBuilder {
 public:
  /// Adds a sample with its number in the session. With `merge` it joins the row of the sample before: its values
  /// replace those, and the row gets its time. Samples come in ascending order of boot time.
  void add(const model::Sample& sample, std::uint64_t ordinal, bool merge = false);
  /// Remembers what the registry knows of the subjects now: it holds for the rows since the last call.
  void note_subjects(const model::Registry& registry);
  /// The state of the sources by now; the last one said is written.
  void set_state(std::vector<model::Coverage> coverage, std::vector<model::Loss> losses);
  /// For rows that already stand for several samples: overrides what add() counted.
  void set_origin(std::uint64_t first_ordinal, std::uint64_t samples, std::uint32_t thinning);
  void set_boot_id(std::string boot_id) { boot_id_ = std::move(boot_id); }
  void set_veil(Veil veil) { veil_ = std::move(veil); }

  /// Replaces `raw` by the payload and fills in what the header says of samples.
  void encode(const model::Registry& registry, FrameHeader& header, std::string& raw);
  /// Empties it for the next block; memory is kept. Known series keep their slots unless `forget`.
  void clear(bool forget);

  [[nodiscard]] bool empty() const { return times_.empty(); }
  [[nodiscard]] std::size_t rows() const { return times_.size(); }
  [[nodiscard]] const Moment& first_time() const { return times_.front(); }
  [[nodiscard]] const Moment& last_time() const { return times_.back(); }
  [[nodiscard]] std::uint64_t samples() const { return empty() ? 0 : last_ordinal_ - first_ordinal_ + 1; }
  /// Another sample might break the bounds of a block or cost more memory than a recorder may have.
  [[nodiscard]] bool full() const;
  /// Memory that it holds, whether in use or kept for later.
  [[nodiscard]] std::size_t bytes_held() const;
  /// Readings and events that found no place because a bound of the format was reached.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  void reserve_for_next();
  /// After encode(): many of the known series had no points. Their slots cost memory; to forget them costs a look-up
  /// for each of the others.
  [[nodiscard]] bool has_stale_series() const;

 private:
  struct RetiredAt {
    std::uint32_t row = 0;
    model::SubjectId subject;
  };
  struct EventAt {
    std::uint32_t row = 0;
    model::Event event;
  };

  [[nodiscard]] std::size_t bytes_in_use() const;
  void encode_rows(std::string& raw);
  void encode_columns(std::string& raw);
  void encode_events(std::string& out);
  void encode_retired(std::string& out) const;
  void encode_state(std::string& coverage, std::string& losses);

  SeriesTable series_;
  ColumnStore store_;
  SubjectBook subjects_;
  StringTable strings_;
  ColumnEncoder encoder_;
  std::vector<Moment> times_;
  std::vector<RetiredAt> retired_;
  std::vector<EventAt> events_;
  std::vector<model::Coverage> coverage_;
  std::vector<model::Loss> losses_;
  bool has_state_ = false;
  std::string boot_id_;
  Veil veil_;
  std::uint64_t first_ordinal_ = 0;
  std::uint64_t last_ordinal_ = 0;
  std::uint32_t thinning_ = 1;  ///< samples in the fullest row
  std::uint32_t in_row_ = 0;
  std::uint32_t noted_rows_ = 0;
  std::size_t bytes_at_first_ = 0;
  std::size_t event_bytes_ = 0;
  std::size_t cells_before_ = 0;
  std::uint64_t dropped_ = 0;

  // Scratch of encode().
  ColumnStreams streams_;
  std::vector<std::uint64_t> order_;
  std::vector<std::uint32_t> point_rows_;
  std::vector<std::int64_t> point_values_;
  std::string section_;
};

}  // namespace leakscope::sources::recording
