#include "sources/recording/summary.h"

#include <algorithm>

#include "sources/recording/frame_source.h"
#include "sources/recording/recording_reader.h"

namespace leakscope::sources::recording {
namespace {

struct Counted {
  std::uint64_t id = 0;
  SessionSummary summary;
};

SessionSummary& session_of(std::vector<Counted>& sessions, std::uint64_t id) {
  // Frames of one session stand together, so it is the last one nearly always.
  const auto found = std::ranges::find(sessions.rbegin(), sessions.rend(), id, &Counted::id);
  if (found != sessions.rend()) return found->summary;
  return sessions.emplace_back(Counted{.id = id, .summary = {}}).summary;
}

void count_block(const FrameHeader& header, SessionSummary& session) {
  const WallTime first{Nanoseconds(header.first_wall)};
  const WallTime last{Nanoseconds(header.last_wall)};
  session.start = std::min(session.start.value_or(first), first);
  session.end = std::max(session.end.value_or(last), last);
  session.rows += header.samples;
  session.thinning = std::max(session.thinning, header.thinning);
  ++session.blocks;
}

}  // namespace

Result<RecordingSummary> summarize(const std::string& path) {
  auto fd = open_for_reading(path);
  if (!fd) return std::unexpected(fd.error());
  auto frames = open_file_frames(std::move(*fd), path);
  if (!frames) return std::unexpected(frames.error());
  FrameSource& source = **frames;
  if (source.scan()->frames.empty() && !source.scan()->newer_schema) {
    return fail(Error::Kind::kMalformed, path, "is not a leakscope recording, or has no whole frame");
  }
  FrameCodec codec;
  std::string raw;
  std::vector<Counted> sessions;
  while (true) {
    const auto header = source.next();
    if (!header || !*header) break;
    SessionSummary& session = session_of(sessions, (*header)->session);
    session.bytes += (*header)->frame_size();
    if (holds_samples((*header)->kind)) count_block(**header, session);
    const bool is_start = (*header)->kind == FrameKind::kSession;
    if (!is_start && (*header)->kind != FrameKind::kSessionEnd) continue;
    const auto stored = source.payload();
    if (!stored) return std::unexpected(stored.error());
    if (!*stored) continue;
    const auto payload = codec.unpack(**header, **stored, raw);
    if (!payload) continue;
    if (is_start) {
      if (auto facts = parse_session(*payload)) session.facts = std::move(*facts);
    } else if (const auto end = parse_session_end(*payload)) {
      session.ended = *end;
    }
  }
  RecordingSummary summary;
  for (Counted& session : sessions) summary.sessions.push_back(std::move(session.summary));
  const FrameDamage damage = source.damage();
  summary.file_size = source.scan()->file_size;
  summary.damaged_pieces = damage.pieces;
  summary.damaged_bytes = damage.bytes;
  summary.torn_bytes = damage.torn_bytes;
  summary.newer_schema = source.scan()->newer_schema;
  return summary;
}

}  // namespace leakscope::sources::recording
