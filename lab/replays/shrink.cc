// Writes an excerpt of a recording: subjects at rest are left out, and nothing is packed, so that many excerpts can be
// packed together. At rest is what was there from the start to the end and moved in none of its series; the machine
// itself always stays. Times, values and names are those of the recording.
//
// usage: lab_shrink RECORDING >EXCERPT
#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/series.h"
#include "sources/recording/block_builder.h"
#include "sources/recording/frame.h"
#include "sources/recording/frame_scan.h"
#include "sources/recording/recording_reader.h"
#include "sources/recording/session_frame.h"
#include "sources/recording/summary.h"

namespace {

using namespace leakscope;
namespace recording = sources::recording;

/// Which subjects are not at rest. Two walks over one recording give a subject the same index.
class Moving {
 public:
  void take(const model::Sample& sample, const model::Registry& registry) {
    for (const model::Reading& reading : sample.readings) {
      const std::size_t index = grow_to(reading.subject);
      if (!seen_[index]) {
        seen_[index] = true;
        // A source may look only every few samples; who was not there at its first look is new.
        const auto kind = std::to_underlying(registry.info(reading.subject).key.kind);
        if (!first_look_.at(kind)) first_look_.at(kind) = samples_;
        if (*first_look_.at(kind) != samples_) moves_[index] = true;
      }
      const auto [first, fresh] = first_values_.try_emplace({reading.subject, reading.metric}, reading.value);
      if (!fresh && first->second != reading.value) moves_[index] = true;
    }
    for (const model::Event& event : sample.events) {
      if (event.subject) moves_[grow_to(*event.subject)] = true;
    }
    for (const model::SubjectId ended : sample.retired) moves_[grow_to(ended)] = true;
    ++samples_;
  }
  /// The sample without what is about subjects at rest.
  void cut(model::Sample& sample) const {
    std::erase_if(sample.readings, [&](const model::Reading& reading) {
      return reading.subject != model::Registry::machine_id() && !moves_[reading.subject.index];
    });
  }

 private:
  std::size_t grow_to(model::SubjectId subject) {
    if (moves_.size() <= subject.index) {
      moves_.resize(subject.index + std::size_t{1});
      seen_.resize(moves_.size());
    }
    return subject.index;
  }

  std::size_t samples_ = 0;
  std::vector<bool> moves_;
  std::vector<bool> seen_;
  std::map<model::SeriesKey, std::int64_t> first_values_;
  std::array<std::optional<std::size_t>, model::kSubjectKindCount> first_look_;
};

/// The samples of a recording, from its start.
struct Walk {
  std::shared_ptr<model::Registry> registry = std::make_shared<model::Registry>();
  std::unique_ptr<sources::SampleStream> stream;

  /// Calls take(sample) for each.
  template <class Take>
  Result<> each(const std::string& path, Take&& take) {
    auto opened = recording::open_recording(path, registry);
    if (!opened) return std::unexpected(std::move(opened.error()));
    stream = std::move(*opened);
    model::Sample sample;
    for (;;) {
      const auto more = stream->next(sample);
      if (!more) return std::unexpected(more.error());
      if (!*more) return {};
      take(sample);
    }
  }
};

Result<recording::SessionSummary> only_session(const std::string& path) {
  auto summary = recording::summarize(path);
  if (!summary) return std::unexpected(std::move(summary.error()));
  const bool whole = summary->damaged_pieces == 0 && summary->torn_bytes == 0 && summary->sessions.size() == 1 &&
                     summary->sessions.front().facts && summary->sessions.front().ended;
  if (!whole) return fail(Error::Kind::kUsage, path, "want one session, whole and ended");
  return std::move(summary->sessions.front());
}

Result<std::uint64_t> session_number(const std::string& path) {
  const auto fd = recording::open_for_reading(path);
  if (!fd) return std::unexpected(fd.error());
  const auto scan = recording::scan_frames(fd->get(), path);
  if (!scan) return std::unexpected(scan.error());
  return scan->frames.front().header.session;
}

Result<std::string> excerpt(const std::string& path) {
  const auto session = only_session(path);
  if (!session) return std::unexpected(session.error());
  const auto number = session_number(path);
  if (!number) return std::unexpected(number.error());

  Moving moving;
  Walk first;
  auto walked = first.each(path, [&](const model::Sample& sample) { moving.take(sample, *first.registry); });
  if (!walked) return std::unexpected(walked.error());

  recording::BlockBuilder builder;
  std::uint64_t ordinal = 0;
  Walk second;
  walked = second.each(path, [&](model::Sample& sample) {
    moving.cut(sample);
    builder.add(sample, ordinal++);
    builder.note_subjects(*second.registry);
  });
  if (!walked) return std::unexpected(walked.error());
  if (builder.empty()) return fail(Error::Kind::kUsage, path, "holds no sample");
  builder.set_state(second.stream->coverage(), second.stream->losses());
  builder.set_boot_id(session->facts->host.boot_id);
  if (builder.dropped() > 0) return fail(Error::Kind::kUsage, path, "is too large for one block");

  std::string out;
  std::string raw;
  recording::FrameCodec codec;
  const auto append = [&](recording::FrameHeader header) -> Result<> {
    header.session = *number;
    return codec.append_frame(header, raw, std::nullopt, out);
  };
  recording::encode_session(*session->facts, raw);
  auto done = append({.kind = recording::FrameKind::kSession});
  recording::FrameHeader block{.kind = recording::FrameKind::kHour};
  builder.encode(*second.registry, block, raw);
  if (done) done = append(block);
  raw.clear();
  recording::encode_session_end(*session->ended, raw);
  if (done) done = append({.kind = recording::FrameKind::kSessionEnd});
  if (!done) return std::unexpected(done.error());
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: lab_shrink RECORDING >EXCERPT\n", stderr);
    return 2;
  }
  const auto made = excerpt(argv[1]);
  if (!made) {
    std::fprintf(stderr, "lab_shrink: %s\n", to_string(made.error()).c_str());
    return 2;
  }
  return std::fwrite(made->data(), 1, made->size(), stdout) == made->size() && std::fflush(stdout) == 0 ? 0 : 2;
}
