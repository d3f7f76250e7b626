#include "sources/recording/sample_reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

namespace leakscope::sources::recording {
namespace {

// What foreign bytes may make a registry grow to; a real recording of millions of processes stays below.
constexpr std::uint64_t kMaxRegistryText = std::uint64_t{2} << 30U;
constexpr std::size_t kMaxRegistrySubjects = std::size_t{8} << 20U;

}  // namespace

SampleReader::SampleReader(std::unique_ptr<FrameSource> frames, std::string name,
                           std::shared_ptr<model::Registry> registry, ReaderOptions options)
    : frames_(std::move(frames)),
      name_(std::move(name)),
      registry_(std::move(registry)),
      options_(std::move(options)),
      boot_id_(options_.continues_boot) {}

Result<> SampleReader::begin() {
  if (options_.last_boot_only) {
    if (const auto chosen = choose_last_boot(); !chosen) return chosen;
  }
  if (const auto loaded = load_next_block(); !loaded) return std::unexpected(loaded.error());
  if (any_frame_) return {};
  const FrameDamage damage = frames_->damage();
  if (damage.torn_bytes + damage.bytes == 0) return fail(Error::Kind::kTruncated, name_, "is empty");
  if (!damage.starts_like_one) return fail(Error::Kind::kMalformed, name_, "is not a leakscope recording");
  return fail(Error::Kind::kTruncated, name_, "ends before its first frame does, or has no whole one");
}

Result<> SampleReader::choose_last_boot() {
  const FrameScan* scan = frames_->scan();
  if (scan == nullptr) return fail(Error::Kind::kUsage, name_, "the last boot can only be chosen in a file");
  std::vector<std::pair<std::uint64_t, std::string>> boots;
  while (true) {
    const auto header = frames_->next();
    // What is newer is told when reading comes to it.
    if (!header || !*header) break;
    if ((*header)->kind != FrameKind::kSession) continue;
    const auto payload = unpack(**header);
    if (!payload) return std::unexpected(payload.error());
    const auto facts = *payload ? parse_session(**payload) : fail(Error::Kind::kMalformed, name_, "");
    if (facts) boots.emplace_back((*header)->session, facts->host.boot_id);
  }
  frames_->rewind();
  if (boots.empty()) return {};
  only_boot_ = boots.back().second;
  sessions_of_other_boots_.emplace();
  for (const auto& [session, boot] : boots) {
    if (boot != *only_boot_) sessions_of_other_boots_->insert(session);
  }
  return {};
}

bool SampleReader::is_wanted(const FrameHeader& header) const {
  if (sessions_of_other_boots_ && sessions_of_other_boots_->contains(header.session)) return false;
  if (!holds_samples(header.kind)) return true;
  if (options_.from && header.last_wall < options_.from->since_epoch.count()) return false;
  return !options_.to || header.first_wall <= options_.to->since_epoch.count();
}

bool SampleReader::is_wanted(const Moment& time) const {
  return (!options_.from || time.wall >= *options_.from) && (!options_.to || time.wall <= *options_.to);
}

Result<std::optional<std::string_view>> SampleReader::unpack(const FrameHeader& header) {
  const auto payload = frames_->payload();
  if (!payload) return std::unexpected(payload.error());
  if (!*payload) return std::optional<std::string_view>();
  const auto raw = codec_.unpack(header, **payload, raw_);
  if (!raw) {
    ++damaged_;
    return std::optional<std::string_view>();
  }
  return std::optional(*raw);
}

void SampleReader::read_session_frame(const FrameHeader& header) {
  const auto payload = unpack(header);
  if (!payload || !*payload) return;
  auto facts = parse_session(**payload);
  if (!facts) {
    ++damaged_;
    return;
  }
  facts_ = std::move(*facts);
  facts_of_ = header.session;
  if (facts_.writer && std::ranges::find(recorders_, *facts_.writer) == recorders_.end())
    recorders_.push_back(*facts_.writer);
  // Before the first block this is all that is known.
  if (!session_) host_ = facts_.host;
}

void SampleReader::read_session_end(const FrameHeader& header) {
  const auto payload = unpack(header);
  if (!payload || !*payload) return;
  const auto end = parse_session_end(**payload);
  if (end) not_written_ += end->not_written;
}

void SampleReader::leave_session() {
  past_losses_.insert(past_losses_.end(), session_losses_.begin(), session_losses_.end());
  session_losses_.clear();
}

void SampleReader::enter_session(const FrameHeader& header) {
  leave_session();
  const bool first = !last_ && options_.continues_boot.empty();
  const std::string boot_id(block_->boot_id());
  const Moment& start = block_->next_time();
  // Without a boot id two sessions are of one boot when the boot clock goes on.
  const bool same_boot = boot_id == boot_id_ && (!last_ || start.boot > last_->boot);
  if (!first && same_boot) {
    announcement_ = {
        model::EventKind::kRecordingGap,
        last_ ? fmt::format("nobody recorded for {}", to_human(start.boot - last_->boot)) : "another recording begins",
        false};
  } else if (!first) {
    announcement_ = {model::EventKind::kReboot, fmt::format("another boot begins: {}", boot_id), true};
  }
  boot_id_ = boot_id;
  session_ = header.session;
  last_in_session_ = false;
  next_ordinal_.reset();
  entered_ = true;
  if (facts_of_ == header.session) {
    host_ = facts_.host;
  } else {
    // Its own frame is lost; of the host no more is known than where its blocks belong.
    host_ = model::Host{};
    host_.boot_id = boot_id;
  }
}

void SampleReader::count_ordinals() {
  const std::uint64_t first = block_->first_ordinal();
  if (next_ordinal_ && first > *next_ordinal_) {
    lost_ += first - *next_ordinal_;
    announcement_ = {model::EventKind::kRecordingGap,
                     fmt::format("{} samples of the recording are lost", first - *next_ordinal_), false};
  } else if (entered_ && !options_.from) {
    dropped_ += first;
  }
  entered_ = false;
  std::uint64_t end = 0;
  if (__builtin_add_overflow(first, block_->samples(), &end)) end = first;
  next_ordinal_ = std::max(next_ordinal_.value_or(0), end);
  merged_ += block_->samples() - block_->rows();
}

Result<bool> SampleReader::load_block(const FrameHeader& header) {
  const auto payload = unpack(header);
  if (!payload) return std::unexpected(payload.error());
  if (!*payload) return false;
  auto block = BlockReader::parse(**payload);
  if (!block) {
    ++damaged_;
    return false;
  }
  if (only_boot_ && block->boot_id() != *only_boot_) return false;
  // Of the block before, what the registry did not know already has made it grow.
  if (const std::size_t size = registry_->size(); size > registry_size_) {
    const std::size_t grown = std::min(size - registry_size_, text_of_block_.subjects);
    text_ += text_of_block_.bytes / std::max<std::size_t>(text_of_block_.subjects, 1) * grown;
    registry_size_ = size;
  }
  text_of_block_ = {block->subjects().size(), block->subjects().text_size()};
  if (text_ > kMaxRegistryText || registry_size_ > kMaxRegistrySubjects) {
    return fail(Error::Kind::kUnsupported, name_, "names more processes and other subjects than can be kept",
                "Read a part of it: give a window of time");
  }
  block_ = std::move(*block);
  unknown_ += block_->unknown();
  if (session_ != header.session) enter_session(header);
  count_ordinals();
  if (block_->coverage()) coverage_ = *block_->coverage();
  if (block_->losses()) session_losses_ = *block_->losses();
  return true;
}

Result<bool> SampleReader::load_next_block() {
  while (true) {
    const auto header = frames_->next();
    if (!header) return std::unexpected(header.error());
    if (!*header) return false;
    any_frame_ = true;
    if (!is_wanted(**header)) {
      // What was left out is not lost.
      if (holds_samples((*header)->kind)) next_ordinal_.reset();
      continue;
    }
    if ((*header)->kind == FrameKind::kSession) read_session_frame(**header);
    if ((*header)->kind == FrameKind::kSessionEnd) read_session_end(**header);
    if (!holds_samples((*header)->kind)) continue;
    const auto loaded = load_block(**header);
    if (!loaded || *loaded) return loaded;
  }
}

void SampleReader::announce(model::Sample& sample) {
  if (!announcement_) return;
  sample.events.insert(sample.events.begin(),
                       {sample.time, announcement_->kind, std::nullopt, std::move(announcement_->text)});
  announcement_.reset();
}

Result<bool> SampleReader::next(model::Sample& sample) {
  while (true) {
    if (!block_ || block_->row_at() == block_->rows()) {
      if (block_) damaged_ += block_->damaged_series();
      block_.reset();
      const auto loaded = load_next_block();
      if (!loaded || !*loaded) return loaded;
    }
    const Moment& time = block_->next_time();
    // A block may say again what chunks before it have said.
    const bool again = last_in_session_ && last_ && time.boot <= last_->boot;
    if (again || !is_wanted(time)) {
      block_->skip(*registry_);
      continue;
    }
    std::vector<model::SubjectId> ended;
    if (announcement_ && announcement_->retire_all) {
      for (std::uint32_t index = 1; index < registry_->size(); ++index) {
        if (registry_->info({index}).retired) continue;
        registry_->retire({index});
        ended.push_back({index});
      }
    }
    block_->next(sample, *registry_);
    sample.retired.insert(sample.retired.begin(), ended.begin(), ended.end());
    announce(sample);
    last_ = sample.time;
    last_in_session_ = true;
    ++samples_;
    return true;
  }
}

std::vector<model::Loss> SampleReader::losses() const {
  std::vector<model::Loss> losses = past_losses_;
  losses.insert(losses.end(), session_losses_.begin(), session_losses_.end());
  const auto say = [&](std::string_view what, std::uint64_t count, std::uint64_t of = 0) {
    if (count > 0) losses.push_back({"recording", std::string(what), count, of});
  };
  const FrameDamage damage = frames_->damage();
  say("samples lost with damaged parts of the file", lost_, lost_ + samples_);
  say("damaged parts of the file", damage.pieces + damaged_);
  say("bytes of a frame that was not written to its end", damage.torn_bytes);
  say("samples that could not be written", not_written_);
  say("oldest samples dropped to keep the size limit", dropped_);
  say("samples merged into coarser ones to keep the size limit", merged_, merged_ + samples_);
  say("series and events that this leakscope does not know", unknown_);
  return losses;
}

Result<UniqueFd> open_for_reading(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, path, "open"));
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return std::unexpected(error_from_errno(errno, path, "look at"));
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode)) {
    return fail(Error::Kind::kUsage, path, "is neither a file nor a pipe");
  }
  return fd;
}

Result<std::unique_ptr<SampleStream>> open_recording(UniqueFd fd, std::string name,
                                                     std::shared_ptr<model::Registry> registry, ReaderOptions options) {
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return std::unexpected(error_from_errno(errno, name, "look at"));
  std::unique_ptr<FrameSource> frames;
  if (S_ISREG(status.st_mode)) {
    auto opened = open_file_frames(std::move(fd), name);
    if (!opened) return std::unexpected(opened.error());
    frames = std::move(*opened);
  } else {
    frames = open_stream_frames(std::move(fd), name);
  }
  auto reader =
      std::make_unique<SampleReader>(std::move(frames), std::move(name), std::move(registry), std::move(options));
  if (const auto begun = reader->begin(); !begun) return std::unexpected(begun.error());
  return reader;
}

Result<std::unique_ptr<SampleStream>> open_recording(const std::string& path, std::shared_ptr<model::Registry> registry,
                                                     ReaderOptions options) {
  auto fd = open_for_reading(path);
  if (!fd) return std::unexpected(fd.error());
  return open_recording(std::move(*fd), path, std::move(registry), std::move(options));
}

}  // namespace leakscope::sources::recording
