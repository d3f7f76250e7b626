#include "sources/recording/profile_file.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <cerrno>
#include <functional>
#include <utility>

#include "sources/recording/frame_source.h"
#include "sources/recording/profile_head.h"
#include "sources/recording/profile_sites.h"
#include "sources/recording/recording_file.h"
#include "sources/recording/recording_reader.h"
#include "sources/recording/session_frame.h"
#include "sources/recording/write_stream.h"

namespace leakscope::sources::recording {
namespace {

constexpr int kLevel = 9;
constexpr std::size_t kHeadSize = std::size_t{64} << 10U;
/// What foreign bytes may make a profile grow to; 5000 sites of 128 frames each take a quarter.
constexpr std::uint64_t kMaxExpandedProfile = std::uint64_t{512} << 20U;

using Put = std::function<Result<>(std::string_view frames)>;

class ProfileWriter {
 public:
  explicit ProfileWriter(Put put) : put_(std::move(put)) {}

  Result<> write(const model::Host& host, const model::Profile& profile, std::span<const model::Coverage> coverage,
                 std::span<const model::Loss> losses, const ProfileWriteOptions& options) {
    if (::getrandom(&id_, sizeof id_, 0) != sizeof id_) {
      return std::unexpected(error_from_errno(errno, "profile", "get a random number"));
    }
    SessionFacts facts{.host = host, .start = {}, .interval = {}, .tool_version = options.tool_version, .writer = {}};
    facts.start.wall = profile.start.value_or(WallTime{});
    encode_session(facts, raw_);
    if (auto put = put_frame(FrameKind::kSession); !put) return put;
    encode_profile_head(head_of(profile, coverage, losses), raw_);
    if (auto put = put_frame(FrameKind::kProfile); !put) return put;
    if (auto put = put_sites(profile.sites); !put) return put;
    encode_session_end({}, raw_);
    return put_frame(FrameKind::kSessionEnd);
  }

 private:
  static ProfileHead head_of(const model::Profile& profile, std::span<const model::Coverage> coverage,
                             std::span<const model::Loss> losses) {
    ProfileHead head;
    head.profile.population = profile.population;
    head.profile.unit = profile.unit;
    head.profile.title = profile.title;
    head.profile.start = profile.start;
    head.profile.length = profile.length;
    head.profile.sampled_one_in = profile.sampled_one_in;
    head.profile.sites_not_kept = profile.sites_not_kept;
    head.sites = profile.sites.size();
    head.coverage.assign(coverage.begin(), coverage.end());
    head.losses.assign(losses.begin(), losses.end());
    std::uint64_t cut = 0;
    for (const model::Site& site : profile.sites) cut += ProfileSitesBuilder::parts_cut(site);
    if (cut > 0) head.losses.push_back({"profile", "texts, lists and figures that a file cannot hold", cut, 0});
    return head;
  }

  Result<> put_sites(const std::vector<model::Site>& sites) {
    ProfileSitesBuilder builder;
    for (std::size_t next = 0; next < sites.size();) {
      const std::size_t first = next;
      builder.clear();
      while (next < sites.size() && !builder.full()) builder.add(sites[next++]);
      builder.encode(first, raw_);
      if (auto put = put_frame(FrameKind::kProfileSites); !put) return put;
    }
    return {};
  }

  Result<> put_frame(FrameKind kind) {
    frame_.clear();
    if (auto made = codec_.append_frame({.kind = kind, .session = id_}, raw_, kLevel, frame_); !made) return made;
    raw_.clear();
    return put_(frame_);
  }

  Put put_;
  FrameCodec codec_;
  std::uint64_t id_ = 0;
  std::string raw_;
  std::string frame_;
};

class ProfileReader {
 public:
  ProfileReader(std::unique_ptr<FrameSource> frames, std::string name)
      : frames_(std::move(frames)), name_(std::move(name)) {}

  Result<SavedProfile> read() {
    while (true) {
      const auto header = frames_->next();
      if (!header) return std::unexpected(header.error());
      if (!*header) break;
      any_frame_ = true;
      if (const auto taken = take(**header); !taken) return std::unexpected(taken.error());
    }
    if (!session_) return std::unexpected(no_profile());
    tell_losses();
    return std::move(saved_);
  }

 private:
  Result<> take(const FrameHeader& header) {
    if (header.kind != FrameKind::kSession && header.kind != FrameKind::kProfile &&
        header.kind != FrameKind::kProfileSites) {
      return {};
    }
    const auto stored = frames_->payload();
    if (!stored) return std::unexpected(stored.error());
    if (!*stored) return {};
    const auto payload = codec_.unpack(header, **stored, raw_);
    if (!payload) {
      ++damaged_;
      return {};
    }
    if (header.kind == FrameKind::kProfile) return take_head(header, *payload);
    if (header.kind == FrameKind::kSession) {
      take_facts(header, *payload);
    } else if (session_ == header.session) {
      take_sites(*payload);
    }
    return {};
  }

  void take_facts(const FrameHeader& header, std::string_view payload) {
    auto facts = parse_session(payload);
    if (!facts) {
      ++damaged_;
      return;
    }
    facts_ = std::move(*facts);
    facts_of_ = header.session;
  }

  Result<> take_head(const FrameHeader& header, std::string_view payload) {
    auto head = parse_profile_head(payload);
    if (!head && head.error().kind == Error::Kind::kUnsupported) {
      head.error().where = name_;
      return std::unexpected(std::move(head.error()));
    }
    if (!head) {
      ++damaged_;
      return {};
    }
    saved_ = {};
    if (facts_of_ == header.session) {
      saved_.host = facts_.host;
      saved_.tool_version = facts_.tool_version;
    }
    saved_.profile = std::move(head->profile);
    saved_.coverage = std::move(head->coverage);
    saved_.losses = std::move(head->losses);
    session_ = header.session;
    sites_ = head->sites;
    next_ = 0;
    lost_ = 0;
    unknown_ = 0;
    expanded_ = 0;
    return {};
  }

  // Sites stand in order. A frame that stands where it cannot belong is one that somebody copied there.
  void take_sites(std::string_view payload) {
    auto sites = parse_profile_sites(payload);
    if (!sites) {
      ++damaged_;
      return;
    }
    if (sites->first < next_ || sites->first > sites_ || sites->count > sites_ - sites->first) return;
    expanded_ += sites->expanded;
    lost_ += sites->first - next_;
    next_ = sites->first + sites->count;
    if (expanded_ > kMaxExpandedProfile) {
      lost_ += sites->count;
      return;
    }
    unknown_ += sites->count - sites->sites.size();
    for (model::Site& site : sites->sites) saved_.profile.sites.push_back(std::move(site));
  }

  Error no_profile() const {
    const FrameDamage damage = frames_->damage();
    const bool is_whole = damaged_ + damage.pieces + damage.torn_bytes == 0;
    if (any_frame_ && is_whole) {
      return {Error::Kind::kUsage, name_, 0, "holds no profile", "A recording is judged by leakscope diagnose --from"};
    }
    if (is_whole) return {Error::Kind::kTruncated, name_, 0, "is empty", {}};
    if (any_frame_ || damage.starts_like_one) {
      return {Error::Kind::kTruncated, name_, 0, "has no whole head of a profile", {}};
    }
    return {Error::Kind::kMalformed, name_, 0, "is not a leakscope file", {}};
  }

  void tell_losses() {
    const auto say = [&](std::string_view what, std::uint64_t count, std::uint64_t of = 0) {
      if (count > 0) saved_.losses.push_back({"profile", std::string(what), count, of});
    };
    const FrameDamage damage = frames_->damage();
    say("sites that the file lacks", lost_ + (sites_ - next_), sites_);
    say("sites of a kind that this leakscope does not know", unknown_, sites_);
    say("damaged parts of the file", damage.pieces + damaged_);
    say("bytes of a frame that was not written to its end", damage.torn_bytes);
  }

  std::unique_ptr<FrameSource> frames_;
  std::string name_;
  FrameCodec codec_;
  std::string raw_;
  SessionFacts facts_;
  std::optional<std::uint64_t> facts_of_;
  bool any_frame_ = false;
  std::uint64_t damaged_ = 0;

  SavedProfile saved_;
  std::optional<std::uint64_t> session_;  // of the profile being read
  std::uint64_t sites_ = 0;               // that its head promises
  std::uint64_t next_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t unknown_ = 0;
  std::uint64_t expanded_ = 0;
};

}  // namespace

Contents contents_of(std::string_view head) {
  Contents contents = Contents::kNothing;
  for (std::size_t at = head.find(kMagic); at != std::string_view::npos;) {
    const auto header = decode_header(head.substr(at));
    if (!header) {
      at = head.find(kMagic, at + 1);
      continue;
    }
    if (header->kind == FrameKind::kProfile || header->kind == FrameKind::kProfileSites) return Contents::kProfile;
    contents = Contents::kSamples;
    if (holds_samples(header->kind)) break;
    at =
        head.size() - at > header->frame_size() ? head.find(kMagic, at + header->frame_size()) : std::string_view::npos;
  }
  return contents;
}

Result<Contents> contents_of(int fd, std::string_view name) {
  std::string head;
  if (const auto read = read_at(fd, 0, kHeadSize, head, name); !read) return std::unexpected(read.error());
  return contents_of(head);
}

Result<> write_profile(const std::string& path, const model::Host& host, const model::Profile& profile,
                       std::span<const model::Coverage> coverage, std::span<const model::Loss> losses,
                       const ProfileWriteOptions& options) {
  auto file = RecordingFile::open(path, options.force ? Existing::kReplace : Existing::kRefuse);
  if (!file) {
    Error error = std::move(file.error());
    if (error.kind == Error::Kind::kUsage && error.hint.empty()) {
      error.hint = "Give a file that does not exist, or --force to replace this one";
    }
    return std::unexpected(std::move(error));
  }
  file->set_sync(options.sync);
  ProfileWriter writer([&](std::string_view frames) { return file->append(frames); });
  return writer.write(host, profile, coverage, losses, options);
}

Result<> write_profile(UniqueFd stream, const model::Host& host, const model::Profile& profile,
                       std::span<const model::Coverage> coverage, std::span<const model::Loss> losses,
                       const ProfileWriteOptions& options) {
  ProfileWriter writer([&](std::string_view frames) { return write_stream(stream.get(), frames); });
  return writer.write(host, profile, coverage, losses, options);
}

Result<SavedProfile> read_profile(UniqueFd fd, std::string name) {
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return std::unexpected(error_from_errno(errno, name, "look at"));
  if (!S_ISREG(status.st_mode)) return ProfileReader(open_stream_frames(std::move(fd), name), name).read();
  auto frames = open_file_frames(std::move(fd), name);
  if (!frames) return std::unexpected(std::move(frames.error()));
  return ProfileReader(std::move(*frames), std::move(name)).read();
}

Result<SavedProfile> read_profile(const std::string& path) {
  auto fd = open_for_reading(path);
  if (!fd) return std::unexpected(std::move(fd.error()));
  return read_profile(std::move(*fd), path);
}

}  // namespace leakscope::sources::recording
