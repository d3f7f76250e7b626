#pragma once

#include <optional>
#include <string>

#include "sources/recording/block_builder.h"
#include "sources/recording/recording_writer.h"

namespace leakscope::sources::recording {

/// The state behind a RecordingWriter. Samples go into two blocks at once: the chunk, which is written every 30 s, and
/// the hour, which takes the place of its chunks when it is closed. While the disk is full the hour keeps what the
/// chunks could not.
class RecordingWriter::Session {
 public:
  Session(WriterOptions options, std::optional<RecordingFile> file, UniqueFd stream);

  [[nodiscard]] Result<> begin();
  [[nodiscard]] Result<> add(const model::Sample& sample, const model::Registry& registry);
  void set_state(std::vector<model::Coverage> coverage, std::vector<model::Loss> losses);
  [[nodiscard]] Result<> flush(const model::Registry& registry);
  [[nodiscard]] Result<> finish(const model::Registry& registry);
  [[nodiscard]] WriterStats stats() const;
  [[nodiscard]] bool is_stream() const { return !file_; }
  [[nodiscard]] std::vector<std::string> notes() const;

 private:
  [[nodiscard]] bool flush_is_due(const Moment& now) const;
  [[nodiscard]] bool hour_is_over(const Moment& next) const;
  [[nodiscard]] Result<> close_hour(const model::Registry& registry);
  [[nodiscard]] Result<> write(std::string_view frames);
  [[nodiscard]] Result<> make_room(std::uint64_t bytes);
  void pack_old_chunks();
  void start_next_hour();
  void give_up_what_does_not_fit();

  WriterOptions options_;
  std::optional<RecordingFile> file_;
  UniqueFd stream_;
  FrameCodec codec_;
  BlockBuilder chunk_;
  BlockBuilder hour_;
  std::uint64_t id_ = 0;
  std::uint64_t ordinal_ = 0;
  std::uint64_t tail_ = 0;          ///< where the open hour's chunks begin
  std::uint64_t only_in_hour_ = 0;  ///< samples whose chunk was never written
  std::optional<Moment> last_;
  Nanoseconds gap_{0};  ///< between the last two samples
  std::optional<BootTime> retry_after_;
  std::string raw_;
  std::string frame_;
  WriterStats stats_;
  bool finished_ = false;
};

}  // namespace leakscope::sources::recording
