#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "sources/recording/block_dictionary.h"
#include "sources/recording/field_list.h"
#include "sources/recording/profile_sites.h"
#include "sources/recording/site_fields.h"

namespace leakscope::sources::recording {
namespace {

constexpr std::size_t kSections = 6;  // ids count from 1

// Of every count the first allocation is bounded by what the bytes could hold at all.
std::size_t plausible(std::uint64_t count, const ByteCursor& cursor, std::size_t least_size) {
  return static_cast<std::size_t>(std::min<std::uint64_t>(count, cursor.rest().size() / least_size));
}

// A frame whose texts are views into the payload.
struct FrameView {
  std::string_view symbol;
  std::string_view module;
  std::string_view file;
  std::uint64_t address = 0;
  std::uint64_t offset = 0;
  std::uint32_t line = 0;

  [[nodiscard]] std::uint64_t expanded_size() const {
    return sizeof(model::Frame) + symbol.size() + module.size() + file.size();
  }
  [[nodiscard]] model::Frame frame() const {
    return {address, std::string(symbol), offset, std::string(module), std::string(file), line};
  }
};

std::optional<std::vector<FrameView>> parse_frames(std::string_view section, const BlockStrings& strings) {
  ByteCursor cursor(section);
  const auto count = cursor.varint_up_to(kMaxFrameRecords);
  if (!count) return std::nullopt;
  std::vector<FrameView> frames;
  frames.reserve(plausible(*count, cursor, 6));
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto symbol = strings.take(cursor);
    const auto module = strings.take(cursor);
    const auto file = strings.take(cursor);
    const auto address = cursor.varint();
    const auto offset = cursor.varint();
    const auto line = cursor.varint_up_to(std::numeric_limits<std::uint32_t>::max());
    if (!symbol || !module || !file || !address || !offset || !line) return std::nullopt;
    frames.push_back({*symbol, *module, *file, *address, *offset, static_cast<std::uint32_t>(*line)});
  }
  return frames;
}

/// Stacks as numbers of frames, one behind the other.
class Stacks {
 public:
  static std::optional<Stacks> parse(std::string_view section, std::size_t frames) {
    ByteCursor cursor(section);
    const auto count = cursor.varint_up_to(kMaxSitesPerFrame);
    if (!count) return std::nullopt;
    Stacks stacks;
    for (std::uint64_t i = 0; i < *count; ++i) {
      const auto depth = cursor.varint_up_to(kMaxStackFrames);
      if (!depth) return std::nullopt;
      for (std::uint64_t j = 0; j < *depth; ++j) {
        const auto frame = cursor.varint();
        if (!frame || *frame >= frames) return std::nullopt;
        stacks.frames_.push_back(static_cast<std::uint32_t>(*frame));
      }
      stacks.ends_.push_back(stacks.frames_.size());
    }
    return stacks;
  }
  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  [[nodiscard]] std::span<const std::uint32_t> operator[](std::size_t stack) const {
    const std::size_t start = stack == 0 ? 0 : ends_[stack - 1];
    return std::span(frames_).subspan(start, ends_[stack] - start);
  }

 private:
  std::vector<std::uint32_t> frames_;
  std::vector<std::size_t> ends_;
};

std::optional<double> take_figure(ByteCursor& cursor) {
  const auto bits = cursor.fixed(8);
  if (!bits) return std::nullopt;
  const auto figure = std::bit_cast<double>(*bits);
  return std::isfinite(figure) ? std::optional(figure) : std::nullopt;
}

template <std::size_t N>
std::optional<std::array<double, N>> take_figures(std::string_view value) {
  ByteCursor cursor(value);
  std::array<double, N> figures{};
  for (double& figure : figures) {
    const auto taken = take_figure(cursor);
    if (!taken) return std::nullopt;
    figure = *taken;
  }
  return figures;
}

/// Reads the sites of one frame.
class SiteParser {
 public:
  SiteParser(const BlockStrings& strings, std::span<const FrameView> frames, const Stacks& stacks)
      : strings_(&strings), frames_(frames), stacks_(&stacks) {}

  // False when the bytes are broken. A site of an unknown kind is not kept.
  bool parse(std::string_view bytes, std::vector<model::Site>& sites) {
    model::Site site;
    has_state_ = false;
    has_allocator_ = false;
    for (ByteCursor cursor(bytes); !cursor.at_end();) {
      const auto field = take_field(cursor);
      if (!field) return false;
      if (field->id > std::to_underlying(kLastSiteField)) continue;
      if (!take(*field, site) || expanded_ > kMaxExpandedSites) return false;
    }
    expanded_ += sizeof(model::Site);
    if (has_state_ && has_allocator_) sites.push_back(std::move(site));
    return expanded_ <= kMaxExpandedSites;
  }
  [[nodiscard]] std::uint64_t expanded() const { return expanded_; }

 private:
  bool take(const RawField& field, model::Site& site) {
    switch (static_cast<SiteField>(field.id)) {
      case SiteField::kStack:
        return take_stack(field, site);
      case SiteField::kAllocator:
      case SiteField::kState:
        return take_kind(field, site);
      case SiteField::kCache:
        return take_text(field, site.cache);
      case SiteField::kType:
        return take_text(field, site.type);
      case SiteField::kNote:
        return take_text(field, site.note);
      case SiteField::kAges:
      case SiteField::kBlindness:
      case SiteField::kRate:
        return take_three(field, site);
      case SiteField::kPValue:
        return take_one(field, site.p_value);
      case SiteField::kQValue:
        return take_one(field, site.q_value);
      case SiteField::kProcess:
        return take_process(field, site);
      case SiteField::kHistory:
        return take_history(field, site);
      default:
        return take_amount(field, site);
    }
  }

  bool take_stack(const RawField& field, model::Site& site) {
    const auto index = field.count();
    if (!index || *index >= stacks_->size()) return false;
    const auto stack = (*stacks_)[static_cast<std::size_t>(*index)];
    for (const std::uint32_t frame : stack) expanded_ += frames_[frame].expanded_size();
    if (expanded_ > kMaxExpandedSites) return false;
    site.stack.clear();
    site.stack.reserve(stack.size());
    for (const std::uint32_t frame : stack) site.stack.push_back(frames_[frame].frame());
    return true;
  }

  std::optional<std::string_view> text_of(const RawField& field) const {
    ByteCursor cursor(field.value);
    return strings_->take(cursor);
  }
  bool take_text(const RawField& field, std::string& text) {
    const auto taken = text_of(field);
    if (!taken) return false;
    text = *taken;
    expanded_ += taken->size();
    return true;
  }
  bool take_kind(const RawField& field, model::Site& site) {
    const auto word = text_of(field);
    if (!word) return false;
    if (field.id == std::to_underlying(SiteField::kState)) {
      const auto state = model::site_state_from_string(*word);
      has_state_ = state.has_value();
      if (state) site.state = *state;
      return true;
    }
    const auto known =
        std::ranges::find(kAllocatorWords, *word, &std::pair<model::Allocator, std::string_view>::second);
    has_allocator_ = known != kAllocatorWords.end();
    if (has_allocator_) site.allocator = known->first;
    return true;
  }

  static bool take_three(const RawField& field, model::Site& site) {
    const auto figures = take_figures<3>(field.value);
    if (!figures) return false;
    const auto [a, b, c] = *figures;
    if (field.id == std::to_underlying(SiteField::kAges)) {
      site.ages = model::Ages{a, b, c};
    } else if (field.id == std::to_underlying(SiteField::kBlindness)) {
      site.blindness = model::ShareInterval{a, b, c};
    } else {
      site.rate = model::Site::Rate{a, b, c};
    }
    return true;
  }
  static bool take_one(const RawField& field, std::optional<double>& figure) {
    const auto figures = take_figures<1>(field.value);
    if (figures) figure = figures->front();
    return figures.has_value();
  }

  static bool take_amount(const RawField& field, model::Site& site) {
    const auto number = [&](std::int64_t& amount) {
      const auto value = field.number();
      if (value) amount = *value;
      return value.has_value();
    };
    const auto count = [&](std::uint64_t& amount) {
      const auto value = field.count();
      if (value) amount = *value;
      return value.has_value();
    };
    switch (static_cast<SiteField>(field.id)) {
      case SiteField::kBytes:
        return number(site.bytes);
      case SiteField::kCount:
        return number(site.count);
      case SiteField::kIndirectBytes:
        return number(site.indirect_bytes);
      case SiteField::kBytesAllocated:
        return number(site.bytes_allocated);
      case SiteField::kAllocs:
        return count(site.allocs);
      case SiteField::kFrees:
        return count(site.frees);
      case SiteField::kUnseenFrees:
        return count(site.unseen_frees);
      case SiteField::kBytesInterval: {
        ByteCursor cursor(field.value);
        const auto lower = cursor.signed_varint();
        const auto upper = cursor.signed_varint();
        if (lower && upper) site.bytes_interval = model::AmountInterval{*lower, *upper};
        return lower && upper;
      }
      default:
        return true;  // id 0: nobody's
    }
  }

  bool take_process(const RawField& field, model::Site& site) {
    ByteCursor cursor(field.value);
    const auto comm = strings_->take(cursor);
    const auto pid = cursor.signed_varint();
    const auto bytes = cursor.signed_varint();
    const auto count = cursor.signed_varint();
    if (!comm || !pid || !bytes || !count || site.processes.size() == kMaxProcesses) return false;
    if (*pid < std::numeric_limits<std::int32_t>::min() || *pid > std::numeric_limits<std::int32_t>::max())
      return false;
    expanded_ += sizeof(model::ProcessShare) + comm->size();
    site.processes.push_back({std::string(*comm), Pid{static_cast<std::int32_t>(*pid)}, *bytes, *count});
    return true;
  }

  bool take_history(const RawField& field, model::Site& site) {
    ByteCursor cursor(field.value);
    const auto points = cursor.varint_up_to(kMaxSitePoints);
    if (!points || cursor.rest().size() / 10 < *points) return false;  // eight bytes of time, two varints
    expanded_ += *points * sizeof(model::SitePoint);
    site.history.assign(static_cast<std::size_t>(*points), {});
    for (model::SitePoint& point : site.history) {
      const auto seconds = take_figure(cursor);
      if (!seconds) return false;
      point.seconds = *seconds;
    }
    for (const auto member : {&model::SitePoint::bytes, &model::SitePoint::count}) {
      std::uint64_t before = 0;
      for (model::SitePoint& point : site.history) {
        const auto change = cursor.signed_varint();
        if (!change) return false;
        before += static_cast<std::uint64_t>(*change);
        point.*member = static_cast<std::int64_t>(before);
      }
    }
    return true;
  }

  const BlockStrings* strings_;
  std::span<const FrameView> frames_;
  const Stacks* stacks_;
  bool has_state_ = false;
  bool has_allocator_ = false;
  std::uint64_t expanded_ = 0;
};

using Sections = std::array<std::optional<std::string_view>, kSections>;

std::optional<Sections> split(std::string_view payload) {
  Sections sections;
  for (ByteCursor cursor(payload); !cursor.at_end();) {
    const auto section = take_field(cursor);
    if (!section) return std::nullopt;
    if (section->id == 0 || section->id >= kSections) continue;
    if (sections[section->id]) return std::nullopt;  // an id stands at most once
    sections[section->id] = section->value;
  }
  return sections;
}

std::optional<ProfileSites> parse(const Sections& sections) {
  const auto section = [&](SitesSection id) { return sections[std::to_underlying(id)].value_or(std::string_view()); };
  ByteCursor place(section(SitesSection::kPlace));
  const auto first = place.varint();
  const auto count = place.varint_up_to(kMaxSitesPerFrame);
  const auto strings = BlockStrings::parse(section(SitesSection::kStrings));
  if (!first || !count || !strings) return std::nullopt;
  const auto frames = parse_frames(section(SitesSection::kFrames), *strings);
  if (!frames) return std::nullopt;
  const auto stacks = Stacks::parse(section(SitesSection::kStacks), frames->size());
  if (!stacks) return std::nullopt;

  ProfileSites result{.first = *first, .count = *count, .sites = {}, .expanded = 0};
  ByteCursor cursor(section(SitesSection::kSites));
  if (cursor.varint() != *count) return std::nullopt;
  SiteParser parser(*strings, *frames, *stacks);
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto bytes = cursor.bytes();
    if (!bytes || !parser.parse(*bytes, result.sites)) return std::nullopt;
  }
  result.expanded = parser.expanded();
  return result;
}

}  // namespace

Result<ProfileSites> parse_profile_sites(std::string_view payload) {
  if (const auto sections = split(payload)) {
    if (auto sites = parse(*sections)) return std::move(*sites);
  }
  return fail(Error::Kind::kMalformed, "profile", "want the sites of a profile");
}

}  // namespace leakscope::sources::recording
