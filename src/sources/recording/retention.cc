#include "sources/recording/retention.h"

#include <algorithm>
#include <set>

#include "sources/recording/block_rewrite.h"

namespace leakscope::sources::recording {
namespace {

constexpr int kMaxRounds = 4;

struct Plan {
  FrameRef frame;
  std::uint32_t thinning = 1;  // wanted
  bool keep = true;
};

// Names and first values stay, whatever is thinned.
std::uint64_t estimate(const FrameHeader& header, std::uint32_t thinning) {
  const std::uint64_t size = header.frame_size();
  const std::uint32_t now = std::max(header.thinning, 1U);
  if (thinning <= now) return size;
  return std::max(size * now / thinning, size / 12);
}

// From the newest block to the oldest: the level in whose share it finds room.
std::vector<Plan> make_plan(const std::vector<FrameRef>& frames, std::uint64_t limit, std::uint64_t tail_offset,
                            std::uint64_t session) {
  std::vector<Plan> plan;
  std::size_t level = 0;
  double used = 0;
  std::set<std::uint64_t> sessions{session};
  for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) {
    Plan item{.frame = *frame, .thinning = std::max(frame->header.thinning, 1U), .keep = true};
    if (frame->offset >= tail_offset) {
      used += static_cast<double>(frame->header.frame_size());
    } else if (holds_samples(frame->header.kind)) {
      double size = 0;
      while (level < std::size(kRetentionLevels)) {
        size = static_cast<double>(estimate(frame->header, kRetentionLevels[level].thinning));
        if (used + size <= kRetentionLevels[level].share * static_cast<double>(limit)) break;
        ++level;
        used = 0;
      }
      item.keep = level < std::size(kRetentionLevels);
      if (item.keep) {
        used += size;
        item.thinning = std::max(item.thinning, kRetentionLevels[level].thinning);
        sessions.insert(frame->header.session);
      }
    }
    plan.push_back(item);
  }
  std::ranges::reverse(plan);
  for (Plan& item : plan) {
    if (item.frame.offset < tail_offset && !holds_samples(item.frame.header.kind)) {
      item.keep = sessions.contains(item.frame.header.session);
    }
  }
  return plan;
}

// As it is, but superseding nothing: what it superseded is not copied.
Result<> copy_frame(int fd, const FrameRef& frame, std::string& buffer, const RecordingFile::Append& append,
                    std::string_view name) {
  if (const auto read = read_at(fd, frame.offset, frame.header.frame_size(), buffer, name); !read) return read;
  FrameHeader header = frame.header;
  header.supersedes = 0;
  std::string encoded;
  encode_header(header, encoded);
  buffer.replace(0, kHeaderSize, encoded);
  return append(buffer);
}

}  // namespace

Result<RetentionResult> shrink(RecordingFile& file, std::uint64_t limit, std::uint64_t tail_offset,
                               std::uint64_t session, int level) {
  RetentionResult result{.tail_offset = tail_offset, .thinned = 0, .dropped = 0};
  for (int round = 0; round < kMaxRounds; ++round) {
    const auto scan = scan_frames(file.fd(), file.path());
    if (!scan) return std::unexpected(scan.error());
    const std::vector<Plan> plan = make_plan(scan->frames, limit, result.tail_offset, session);
    std::uint64_t tail = 0;
    std::string buffer;
    const int fd = file.fd();
    const auto done = file.replace_all([&](const RecordingFile::Append& append) -> Result<> {
      std::uint64_t written = 0;
      bool in_tail = false;
      for (const Plan& item : plan) {
        if (item.frame.offset >= result.tail_offset && !in_tail) {
          in_tail = true;
          tail = written;
        }
        if (!item.keep) {
          if (holds_samples(item.frame.header.kind)) ++result.dropped;
          continue;
        }
        const std::uint32_t now = std::max(item.frame.header.thinning, 1U);
        buffer.clear();
        if (item.thinning > now && item.frame.header.samples > 1) {
          const auto thinner = rewrite_blocks(fd, {&item.frame, 1}, item.thinning / now, level, buffer, file.path());
          if (!thinner) return std::unexpected(thinner.error());
          if (*thinner) {
            ++result.thinned;
            written += buffer.size();
            if (auto put = append(buffer); !put) return put;
            continue;
          }
        }
        if (auto put = copy_frame(fd, item.frame, buffer, append, file.path()); !put) return put;
        written += buffer.size();
      }
      if (!in_tail) tail = written;
      return {};
    });
    if (!done) return std::unexpected(done.error());
    result.tail_offset = tail;
    if (file.size() <= limit) return result;
  }
  return fail(Error::Kind::kUsage, file.path(), "the size limit is too small for what is recorded");
}

}  // namespace leakscope::sources::recording
