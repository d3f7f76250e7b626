#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/sample.h"
#include "session/stop.h"
#include "sources/recording/recording_writer.h"

namespace leakscope::session {

struct BesideWriterOptions {
  std::string name;  ///< of the file, for errors
  Nanoseconds interval{0};
  /// What samples that wait may take; dropped when there are more.
  std::size_t most_waiting_bytes = std::size_t{4} << 20U;
  /// A write that takes longer than this when the program is to end is left to itself.
  Nanoseconds patience = std::chrono::seconds(10);
};

/// How writing goes, as of the sample that was written last.
struct WritingStatus {
  sources::recording::WriterStats stats;
  std::optional<Error> error;  ///< of the last sample; a full disk, say. Writing is tried again
  Nanoseconds hanging{0};      ///< how long the write has taken that is under way
  std::size_t waiting = 0;  ///< samples handed over and not yet taken; the one that is being written is not among them
  std::uint64_t dropped = 0;  ///< samples that found no room among them
  bool over = false;          ///< the error is final: whoever read a stream has gone, or it broke
};

/// Writes a recording on a thread of its own, so that a disk or a reader that hangs neither stops sampling nor keeps
/// the program from ending. Samples wait in a SampleQueue meanwhile; those that it drops are a loss that the recording
/// tells as soon as writing goes on. Subjects that ended are forgotten when the writer is through with them.
class BesideWriter {
 public:
  using Open = std::function<Result<sources::recording::RecordingWriter>()>;

  /// `open` is called by the thread too: already opening a file may hang.
  BesideWriter(Open open, std::shared_ptr<model::Registry> registry, BesideWriterOptions options);
  BesideWriter(const BesideWriter&) = delete;
  BesideWriter& operator=(const BesideWriter&) = delete;
  ~BesideWriter();

  /// Waits for the result of `open`, until stopped (kTimeout).
  [[nodiscard]] Result<> wait_open(const StopFlag& stop) const;
  /// Hands the sample over and leaves it empty, with buffers to fill again. Never waits for the disk.
  void add(model::Sample& sample);
  /// What the sources could see and had not seen by now; written with the next flush.
  void set_state(std::vector<model::Coverage> coverage, std::vector<model::Loss> losses);
  [[nodiscard]] WritingStatus status() const;
  /// Waits until all is written and the session is finished. kTimeout when writing hangs; every error says how many
  /// samples are not in the recording.
  [[nodiscard]] Result<> finish();
  /// What the user should know of the file; only after finish() was good or writing was over.
  [[nodiscard]] std::vector<std::string> notes() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
  BesideWriterOptions options_;
};

}  // namespace leakscope::session
