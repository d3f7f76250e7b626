#include "sources/recording/writer_session.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "sources/recording/block_rewrite.h"
#include "sources/recording/file_lock.h"
#include "sources/recording/retention.h"
#include "sources/recording/session_frame.h"
#include "sources/recording/write_stream.h"

namespace leakscope::sources::recording {
namespace {

constexpr Nanoseconds kMaxFlush = std::chrono::seconds(30);
constexpr int kChunkLevel = 3;
constexpr int kHourLevel = 9;
// Chunks that are left of a killed session are packed when the next one begins, if they are no more than an hour's.
constexpr std::size_t kMostOldChunks = 240;

}  // namespace

RecordingWriter::Session::Session(WriterOptions options, std::optional<RecordingFile> file, UniqueFd stream)
    : options_(std::move(options)), file_(std::move(file)), stream_(std::move(stream)) {
  options_.flush_every = std::clamp(options_.flush_every, Nanoseconds{0}, kMaxFlush);
  chunk_.set_boot_id(options_.host.boot_id);
  hour_.set_boot_id(options_.host.boot_id);
  chunk_.set_veil(options_.veil);
  hour_.set_veil(options_.veil);
}

Result<> RecordingWriter::Session::begin() {
  if (::getrandom(&id_, sizeof id_, 0) != sizeof id_) {
    return std::unexpected(error_from_errno(errno, "recording", "get a random number"));
  }
  if (file_) {
    pack_old_chunks();
    tail_ = file_->size();
  }
  SessionFacts facts{.host = options_.host,
                     .start = options_.start,
                     .interval = options_.interval,
                     .tool_version = options_.tool_version,
                     .writer = this_process()};
  encode_session(facts, raw_);
  frame_.clear();
  if (auto made = codec_.append_frame({.kind = FrameKind::kSession, .session = id_}, raw_, kHourLevel, frame_); !made) {
    return made;
  }
  if (auto written = write(frame_); !written) return written;
  tail_ = file_ ? file_->size() : 0;
  return {};
}

// Of a recorder that was killed: the chunks at the end of the file become one block.
void RecordingWriter::Session::pack_old_chunks() {
  const std::vector<FrameRef>& frames = file_->frames_found();
  auto first = frames.end();
  while (first != frames.begin() && std::prev(first)->header.kind == FrameKind::kChunk &&
         (first == frames.end() ||
          (std::prev(first)->end() == first->offset && std::prev(first)->header.session == first->header.session))) {
    --first;
  }
  const auto count = static_cast<std::size_t>(frames.end() - first);
  if (count < 2 || count > kMostOldChunks || frames.back().end() != file_->size()) return;
  frame_.clear();
  const auto packed = rewrite_blocks(file_->fd(), {&*first, count}, 1, kHourLevel, frame_, file_->path());
  // What cannot be packed is readable as it is.
  if (packed && *packed && file_->replace_tail(first->offset, frame_)) stats_.bytes_written += 2 * frame_.size();
}

Result<> RecordingWriter::Session::write(std::string_view frames) {
  if (auto room = make_room(frames.size()); !room) return room;
  auto result = file_ ? file_->append(frames) : write_stream(stream_.get(), frames);
  if (result) stats_.bytes_written += frames.size();
  return result;
}

Result<> RecordingWriter::Session::make_room(std::uint64_t bytes) {
  if (!file_ || !options_.max_size) return {};
  const auto limit = static_cast<std::uint64_t>(options_.max_size->count());
  if (file_->size() + bytes <= limit) return {};
  if (bytes >= limit)
    return fail(Error::Kind::kUsage, file_->path(), "the size limit is too small for what is recorded");
  const auto shrunk = shrink(*file_, limit - bytes, tail_, id_, kHourLevel);
  if (!shrunk) return std::unexpected(shrunk.error());
  tail_ = shrunk->tail_offset;
  stats_.thinned_blocks += shrunk->thinned;
  stats_.dropped_blocks += shrunk->dropped;
  stats_.bytes_written += file_->size();
  return {};
}

// Due when the next sample, as far away as this one from the last, would come too late.
bool RecordingWriter::Session::flush_is_due(const Moment& now) const {
  if (retry_after_ && now.boot < *retry_after_) return false;
  return chunk_.full() || now.boot - chunk_.first_time().boot + gap_ >= options_.flush_every;
}

bool RecordingWriter::Session::hour_is_over(const Moment& next) const {
  if (!file_ || hour_.empty()) return false;
  if (hour_.full() || next.boot - hour_.first_time().boot >= options_.block_length) return true;
  // A file of limited size can thin what is closed; its open part must stay small.
  return options_.max_size && file_->size() - tail_ > static_cast<std::uint64_t>(options_.max_size->count()) / 4;
}

void RecordingWriter::Session::give_up_what_does_not_fit() {
  if (chunk_.full()) {
    if (file_) {
      only_in_hour_ += chunk_.rows();
    } else {
      stats_.not_written += chunk_.rows();
    }
    chunk_.clear(true);
  }
  if (file_ && hour_.full()) {
    stats_.not_written += only_in_hour_ + chunk_.rows();
    only_in_hour_ = 0;
    start_next_hour();
  }
}

Result<> RecordingWriter::Session::add(const model::Sample& sample, const model::Registry& registry) {
  if (finished_) return fail(Error::Kind::kUsage, "recording", "the session has been finished");
  if (last_ && sample.time.boot <= last_->boot) {
    return fail(Error::Kind::kUsage, "recording", "a sample is not later than the one before");
  }
  Result<> result;
  if (hour_is_over(sample.time) && (!retry_after_ || sample.time.boot >= *retry_after_)) result = close_hour(registry);
  give_up_what_does_not_fit();
  gap_ = last_ ? sample.time.boot - last_->boot : Nanoseconds{0};
  last_ = sample.time;
  chunk_.add(sample, ordinal_);
  if (file_) hour_.add(sample, ordinal_);
  ++ordinal_;
  ++stats_.samples;
  if (!flush_is_due(sample.time)) return result;
  auto flushed = flush(registry);
  return flushed ? result : flushed;
}

void RecordingWriter::Session::set_state(std::vector<model::Coverage> coverage, std::vector<model::Loss> losses) {
  hour_.set_state(coverage, losses);
  chunk_.set_state(std::move(coverage), std::move(losses));
}

Result<> RecordingWriter::Session::flush(const model::Registry& registry) {
  if (chunk_.empty()) return {};
  hour_.note_subjects(registry);
  FrameHeader header{.kind = FrameKind::kChunk, .session = id_};
  chunk_.encode(registry, header, raw_);
  frame_.clear();
  auto result = codec_.append_frame(header, raw_, kChunkLevel, frame_);
  if (result) result = write(frame_);
  if (!result) {
    ++stats_.failed_flushes;
    retry_after_ = last_->boot + options_.flush_every;
    if (!file_) {
      // The other end of a stream may have taken a part of the frame.
      stats_.not_written += chunk_.rows();
      chunk_.clear(false);
    }
    return result;
  }
  retry_after_.reset();
  chunk_.clear(chunk_.has_stale_series());
  chunk_.reserve_for_next();
  return {};
}

void RecordingWriter::Session::start_next_hour() {
  hour_.clear(true);
  chunk_.clear(true);
  tail_ = file_->size();
}

Result<> RecordingWriter::Session::close_hour(const model::Registry& registry) {
  if (!file_ || hour_.empty()) return {};
  FrameHeader header{.kind = FrameKind::kHour, .session = id_};
  hour_.encode(registry, header, raw_);
  frame_.clear();
  if (auto made = codec_.append_frame(header, raw_, kHourLevel, frame_); !made) return made;
  const bool complete = only_in_hour_ == 0 && chunk_.empty();
  if (auto room = make_room(frame_.size()); !room) return room;
  Result<> result;
  if (frame_.size() < file_->size() - tail_) {
    result = file_->replace_tail(tail_, frame_);
    stats_.bytes_written += 2 * frame_.size();
  } else if (!complete) {
    header.supersedes = file_->size() - tail_;
    frame_.clear();
    if (auto made = codec_.append_frame(header, raw_, kHourLevel, frame_); !made) return made;
    result = write(frame_);
  }
  if (!result && !complete) {
    ++stats_.failed_flushes;
    retry_after_ = last_->boot + options_.flush_every;
    return result;
  }
  // Chunks that could not be packed together are readable as they are.
  only_in_hour_ = 0;
  start_next_hour();
  return result;
}

Result<> RecordingWriter::Session::finish(const model::Registry& registry) {
  if (finished_) return {};
  retry_after_.reset();
  auto flushed = flush(registry);
  const auto closed = close_hour(registry);
  // The hour holds what a failing flush did not write.
  if (!closed) return closed;
  if (!file_ && !flushed) return flushed;
  finished_ = true;
  raw_.clear();
  encode_session_end({.samples = stats_.samples, .not_written = stats_.not_written}, raw_);
  frame_.clear();
  if (auto made = codec_.append_frame({.kind = FrameKind::kSessionEnd, .session = id_}, raw_, 1, frame_); !made) {
    return made;
  }
  return write(frame_);
}

WriterStats RecordingWriter::Session::stats() const {
  WriterStats stats = stats_;
  if (file_) stats.file_size = file_->size();
  stats.memory = chunk_.bytes_held() + hour_.bytes_held() + codec_.bytes_held() + raw_.capacity() + frame_.capacity();
  stats.in_memory = only_in_hour_ + chunk_.rows();
  return stats;
}

std::vector<std::string> RecordingWriter::Session::notes() const {
  return file_ ? file_->notes() : std::vector<std::string>{};
}

}  // namespace leakscope::sources::recording
