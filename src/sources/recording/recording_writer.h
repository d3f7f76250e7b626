#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/unique_fd.h"
#include "model/host.h"
#include "model/sample.h"
#include "sources/recording/recording_file.h"
#include "sources/recording/veil.h"

namespace leakscope::sources::recording {

struct WriterOptions {
  model::Host host;
  Moment start;                         ///< now
  std::optional<Nanoseconds> interval;  ///< between samples, for the reader's information
  std::string tool_version;
  Existing existing = Existing::kAppend;
  /// The file never grows beyond this: old parts are thinned, then dropped. At least kMinMaxSize; files only.
  std::optional<Bytes> max_size;
  /// What a killed recorder loses at most; up to 30 s.
  Nanoseconds flush_every{std::chrono::seconds(30)};
  /// When the chunks of a file are rewritten as one block by series.
  Nanoseconds block_length{std::chrono::hours(1)};
  bool sync = true;  ///< wait for the disk at each flush
  Veil veil;         ///< `host` is written as it is
};
inline constexpr Bytes kMinMaxSize = Bytes::from_mib(1);

struct WriterStats {
  std::uint64_t samples = 0;        ///< added
  std::uint64_t not_written = 0;    ///< of these, given up because the disk was full or broken for too long
  std::uint64_t in_memory = 0;      ///< samples that the file does not have yet
  std::uint64_t memory = 0;         ///< bytes that the writer holds, roughly
  std::uint64_t bytes_written = 0;  ///< to the file or pipe, rewriting included
  std::uint64_t file_size = 0;      ///< of whole frames; 0 for a pipe
  std::uint64_t failed_flushes = 0;
  std::uint64_t thinned_blocks = 0;
  std::uint64_t dropped_blocks = 0;
};

/// Writes samples into a recording: one session. Adding a sample costs no system call and allocates nothing once warm;
/// every 30 s what came in is packed and written. Killed at any moment, the file is readable up to the last flush.
/// Writing waits for the disk or for whoever reads the stream, however long: where that must not stop the caller, it
/// runs on a thread of its own (session/beside_writer.h). Not thread-safe.
class RecordingWriter {
 public:
  /// A file, created or appended to as the options say. kBusy when another leakscope writes it.
  [[nodiscard]] static Result<RecordingWriter> create(const std::string& path, WriterOptions options);
  /// A pipe, socket or terminal's redirection: chunks only, no rewriting, no size limit. Whoever uses it ignores
  /// SIGPIPE.
  [[nodiscard]] static Result<RecordingWriter> create(UniqueFd stream, WriterOptions options);

  RecordingWriter(RecordingWriter&&) noexcept;
  RecordingWriter& operator=(RecordingWriter&&) noexcept;
  /// Does not write what was not flushed: call finish().
  ~RecordingWriter();

  /// Adds a sample whose subjects are those of the registry; boot times ascend (kUsage). An error of the disk (full,
  /// broken) is told at each flush that fails, and nothing is lost by it as long as there is room in memory: the
  /// samples are kept, the file stays readable, and writing goes on when there is space again.
  [[nodiscard]] Result<> add(const model::Sample& sample, const model::Registry& registry);
  /// What the sources could see and had not seen by now; written with the next flush.
  void set_state(std::vector<model::Coverage> coverage, std::vector<model::Loss> losses);
  /// Writes what is in memory now.
  [[nodiscard]] Result<> flush(const model::Registry& registry);
  /// Flushes, packs the open hour and marks the session's end. Adding is over.
  [[nodiscard]] Result<> finish(const model::Registry& registry);

  [[nodiscard]] WriterStats stats() const;
  /// Not a file: after an error of add() or flush() there is no going on.
  [[nodiscard]] bool is_stream() const;
  /// What the user should know of the file as it was found: a torn frame that was cut off, a mode that is too open.
  [[nodiscard]] std::vector<std::string> notes() const;

 private:
  class Session;
  explicit RecordingWriter(std::unique_ptr<Session> session);
  std::unique_ptr<Session> session_;
};

}  // namespace leakscope::sources::recording
