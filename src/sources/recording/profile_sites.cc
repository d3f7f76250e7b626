#include "sources/recording/profile_sites.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <span>

#include "sources/recording/field_list.h"
#include "sources/recording/site_fields.h"

namespace leakscope::sources::recording {
namespace {

// A frame is closed at a half of what readers take, since one more site goes in at once.
constexpr std::uint64_t kFullAt = kMaxExpandedSites / 2;
constexpr std::size_t kFullAtBytes = std::size_t{8} << 20U;

bool all_finite(std::initializer_list<double> figures) {
  return std::ranges::all_of(figures, [](double figure) { return std::isfinite(figure); });
}
bool is_finite(const model::Ages& ages) { return all_finite({ages.min, ages.median, ages.max}); }
bool is_finite(const model::ShareInterval& share) { return all_finite({share.lower, share.point, share.upper}); }
bool is_finite(const model::Site::Rate& rate) { return all_finite({rate.lower, rate.point, rate.upper}); }

void put_figure(ByteWriter& writer, double figure) { writer.u64(std::bit_cast<std::uint64_t>(figure)); }

class SiteEncoder {
 public:
  SiteEncoder(StringTable& strings, std::string& out) : strings_(&strings), fields_(out) {}

  void encode(const model::Site& site, std::uint32_t stack) {
    fields_.count(SiteField::kStack, stack);
    text(SiteField::kAllocator, word_of(site.allocator));
    if (!site.cache.empty()) text(SiteField::kCache, site.cache);
    text(SiteField::kState, model::to_string(site.state));
    encode_amounts(site);
    encode_judgement(site);
    encode_processes(site);
    encode_history(site);
    if (!site.type.empty()) text(SiteField::kType, site.type);
    if (!site.note.empty()) text(SiteField::kNote, site.note);
  }

 private:
  static std::string_view word_of(model::Allocator allocator) {
    const auto found =
        std::ranges::find(kAllocatorWords, allocator, &std::pair<model::Allocator, std::string_view>::first);
    return found != kAllocatorWords.end() ? found->second : std::string_view();
  }
  void text(SiteField field, std::string_view value) { fields_.count(field, strings_->index(value)); }
  void figures(SiteField field, std::initializer_list<double> values) {
    value_.clear();
    ByteWriter writer(value_);
    for (const double value : values) put_figure(writer, value);
    fields_.text(field, value_);
  }

  void encode_amounts(const model::Site& site) {
    fields_.number(SiteField::kBytes, site.bytes);
    fields_.number(SiteField::kCount, site.count);
    if (site.bytes_interval) {
      value_.clear();
      ByteWriter writer(value_);
      writer.signed_varint(site.bytes_interval->lower);
      writer.signed_varint(site.bytes_interval->upper);
      fields_.text(SiteField::kBytesInterval, value_);
    }
    fields_.number(SiteField::kIndirectBytes, site.indirect_bytes);
    fields_.count(SiteField::kAllocs, site.allocs);
    fields_.count(SiteField::kFrees, site.frees);
    fields_.count(SiteField::kUnseenFrees, site.unseen_frees);
    fields_.number(SiteField::kBytesAllocated, site.bytes_allocated);
  }

  void encode_judgement(const model::Site& site) {
    if (const auto& ages = site.ages; ages && is_finite(*ages)) {
      figures(SiteField::kAges, {ages->min, ages->median, ages->max});
    }
    if (const auto& blind = site.blindness; blind && is_finite(*blind)) {
      figures(SiteField::kBlindness, {blind->lower, blind->point, blind->upper});
    }
    if (const auto& rate = site.rate; rate && is_finite(*rate)) {
      figures(SiteField::kRate, {rate->lower, rate->point, rate->upper});
    }
    if (site.p_value && std::isfinite(*site.p_value)) figures(SiteField::kPValue, {*site.p_value});
    if (site.q_value && std::isfinite(*site.q_value)) figures(SiteField::kQValue, {*site.q_value});
  }

  void encode_processes(const model::Site& site) {
    for (const auto& process :
         std::span(site.processes).first(std::min<std::size_t>(site.processes.size(), kMaxProcesses))) {
      value_.clear();
      ByteWriter writer(value_);
      writer.varint(strings_->index(process.comm));
      writer.signed_varint(process.pid.value);
      writer.signed_varint(process.bytes);
      writer.signed_varint(process.count);
      fields_.text(SiteField::kProcess, value_);
    }
  }

  // In columns, since the times are those of all sites. Changes wrap at 64 bits.
  void encode_history(const model::Site& site) {
    std::vector<const model::SitePoint*> points;
    for (const model::SitePoint& point : site.history) {
      if (std::isfinite(point.seconds) && points.size() < kMaxSitePoints) points.push_back(&point);
    }
    if (points.empty()) return;
    value_.clear();
    ByteWriter writer(value_);
    writer.varint(points.size());
    for (const model::SitePoint* point : points) put_figure(writer, point->seconds);
    for (const auto member : {&model::SitePoint::bytes, &model::SitePoint::count}) {
      std::uint64_t before = 0;
      for (const model::SitePoint* point : points) {
        const auto now = static_cast<std::uint64_t>(point->*member);
        writer.signed_varint(static_cast<std::int64_t>(now - before));
        before = now;
      }
    }
    fields_.text(SiteField::kHistory, value_);
  }

  StringTable* strings_;
  FieldWriter fields_;
  std::string value_;
};

void put_section(std::string& out, SitesSection section, std::string_view contents) {
  ByteWriter writer(out);
  writer.varint(std::to_underlying(section));
  writer.bytes(contents);
}

}  // namespace

std::uint64_t expanded_size(const model::Site& site) {
  std::uint64_t size = sizeof(model::Site) + site.cache.size() + site.type.size() + site.note.size();
  for (const model::Frame& frame : site.stack) {
    size += sizeof(model::Frame) + frame.symbol.size() + frame.module.size() + frame.file.size();
  }
  for (const model::ProcessShare& process : site.processes) size += sizeof process + process.comm.size();
  return size + site.history.size() * sizeof(model::SitePoint);
}

std::uint32_t ProfileSitesBuilder::frame_index(const model::Frame& frame) {
  const Record record{.symbol = strings_.index(frame.symbol),
                      .module = strings_.index(frame.module),
                      .file = strings_.index(frame.file),
                      .line = frame.line,
                      .address = frame.address,
                      .offset = frame.offset};
  const auto [entry, fresh] = frame_ids_.emplace(record, static_cast<std::uint32_t>(frames_.size()));
  if (fresh) frames_.push_back(record);
  return entry->second;
}

std::uint32_t ProfileSitesBuilder::stack_index(const std::vector<model::Frame>& stack) {
  std::vector<std::uint32_t> frames;
  for (const auto& frame : std::span(stack).first(std::min<std::size_t>(stack.size(), kMaxStackFrames))) {
    frames.push_back(frame_index(frame));
  }
  const auto [entry, fresh] = stack_ids_.emplace(std::move(frames), static_cast<std::uint32_t>(stacks_.size()));
  if (fresh) stacks_.push_back(&entry->first);
  return entry->second;
}

void ProfileSitesBuilder::add(const model::Site& site) {
  record_.clear();
  SiteEncoder(strings_, record_).encode(site, stack_index(site.stack));
  ByteWriter(sites_).bytes(record_);
  expanded_ += expanded_size(site);
  ++count_;
}

bool ProfileSitesBuilder::full() const {
  return count_ >= kSitesPerFrame || expanded_ >= kFullAt || sites_.size() + strings_.bytes() >= kFullAtBytes;
}

void ProfileSitesBuilder::encode(std::uint64_t first, std::string& out) const {
  std::string contents;
  ByteWriter writer(contents);
  writer.varint(first);
  writer.varint(count_);
  put_section(out, SitesSection::kPlace, contents);

  contents.clear();
  strings_.encode(contents);
  put_section(out, SitesSection::kStrings, contents);

  contents.clear();
  writer.varint(frames_.size());
  for (const Record& frame : frames_) {
    for (const std::uint64_t part :
         {std::uint64_t{frame.symbol}, std::uint64_t{frame.module}, std::uint64_t{frame.file}, frame.address,
          frame.offset, std::uint64_t{frame.line}}) {
      writer.varint(part);
    }
  }
  put_section(out, SitesSection::kFrames, contents);

  contents.clear();
  writer.varint(stacks_.size());
  for (const std::vector<std::uint32_t>* stack : stacks_) {
    writer.varint(stack->size());
    for (const std::uint32_t frame : *stack) writer.varint(frame);
  }
  put_section(out, SitesSection::kStacks, contents);

  contents.clear();
  writer.varint(count_);
  contents.append(sites_);
  put_section(out, SitesSection::kSites, contents);
}

void ProfileSitesBuilder::clear() {
  strings_.clear();
  frame_ids_.clear();
  frames_.clear();
  stack_ids_.clear();
  stacks_.clear();
  sites_.clear();
  count_ = 0;
  expanded_ = 0;
}

std::uint64_t ProfileSitesBuilder::parts_cut(const model::Site& site) {
  std::uint64_t cut = 0;
  const auto look_at = [&](bool is_cut) { cut += is_cut ? 1U : 0U; };
  const auto look_at_text = [&](std::string_view text) { look_at(text.size() > kMaxStringSize); };
  for (const std::string_view text :
       {std::string_view(site.cache), std::string_view(site.type), std::string_view(site.note)})
    look_at_text(text);
  for (const model::Frame& frame : site.stack) {
    look_at_text(frame.symbol);
    look_at_text(frame.module);
    look_at_text(frame.file);
  }
  for (const model::ProcessShare& process : site.processes) look_at_text(process.comm);
  look_at(site.stack.size() > kMaxStackFrames);
  look_at(site.processes.size() > kMaxProcesses);
  look_at(site.history.size() > kMaxSitePoints);
  look_at(site.ages && !is_finite(*site.ages));
  look_at(site.blindness && !is_finite(*site.blindness));
  look_at(site.rate && !is_finite(*site.rate));
  look_at(site.p_value && !std::isfinite(*site.p_value));
  look_at(site.q_value && !std::isfinite(*site.q_value));
  for (const model::SitePoint& point : site.history) look_at(!std::isfinite(point.seconds));
  return cut;
}

}  // namespace leakscope::sources::recording
