#include "sources/ring_buffer_page.h"

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "sources/wire_number.h"

namespace leakscope::sources {
namespace {

// Flags in the commit field of a page that was read out: events were lost before it; their number stands behind its
// data. Source: RB_MISSED_EVENTS, RB_MISSED_STORED in kernel/trace/ring_buffer.c, ring_buffer_read_page().
constexpr std::uint32_t kLostEvents = 1U << 31U;
constexpr std::uint32_t kLostCounted = 1U << 30U;
// The commit field counts bytes of a page in its lower bits.
constexpr std::uint32_t kCommitMask = (1U << 27U) - 1;

constexpr std::uint32_t kPadding = 29;
constexpr std::uint32_t kTimeExtend = 30;
constexpr std::uint32_t kTimeStamp = 31;
constexpr unsigned kDeltaBits = 27;
// An absolute stamp has 59 bits, the top five are those of the time before. Source: rb_fix_abs_ts().
constexpr std::uint64_t kStampTop = std::uint64_t{0xF8} << 56U;

constexpr std::size_t kWord = 4;

struct HeaderField {
  std::size_t offset;
  std::size_t size;
};

std::optional<std::size_t> labelled(std::string_view line, std::string_view label) {
  const std::size_t at = line.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(at + label.size());
  return parse_number<std::size_t>(trim(rest.substr(0, rest.find(';'))));
}

/// "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;"
std::optional<HeaderField> header_field(std::string_view text, std::string_view name) {
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    const std::string_view words = trim(*line);
    if (!words.starts_with("field:")) continue;
    const std::string_view declaration = trim(words.substr(0, words.find(';')));
    if (!declaration.ends_with(name) || !declaration.substr(0, declaration.size() - name.size()).ends_with(' '))
      continue;
    const auto offset = labelled(words, "offset:");
    const auto size = labelled(words, "size:");
    if (offset && size) return HeaderField{*offset, *size};
  }
  return std::nullopt;
}

std::uint64_t load_long(const std::byte* from, std::size_t size, ByteOrder order) {
  if (size == 4) return load_number<std::uint32_t>(from, order);
  return load_number<std::uint64_t>(from, order);
}

}  // namespace

Result<RingPageLayout> parse_header_page(std::string_view text, std::size_t page_size, ByteOrder order) {
  const auto bad = [](std::string_view what) { return malformed("header_page", 0, std::string(what)); };
  const auto timestamp = header_field(text, "timestamp");
  const auto commit = header_field(text, "commit");
  const auto data = header_field(text, "data");
  if (!timestamp || !commit || !data) return bad("has no timestamp, commit or data");
  if (timestamp->size != 8) return bad("its time stamp has not 8 bytes");
  if (commit->size != 4 && commit->size != 8) return bad("its commit field has neither 4 nor 8 bytes");
  const std::size_t header = data->offset;
  if (header > page_size || header < 8 || timestamp->offset > header - 8 || commit->offset > header - commit->size) {
    return bad("its fields lie behind its data");
  }
  return RingPageLayout{.timestamp_offset = timestamp->offset,
                        .commit_offset = commit->offset,
                        .commit_size = commit->size,
                        .data_offset = header,
                        .page_size = page_size,
                        .order = order};
}

Result<RingPage> RingPage::open(std::span<const std::byte> page, const RingPageLayout& layout) {
  if (page.size() < layout.data_offset) return malformed("ring buffer page", 0, "is shorter than its header");
  const auto commit =
      static_cast<std::uint32_t>(load_long(page.data() + layout.commit_offset, layout.commit_size, layout.order));
  const std::size_t length = commit & kCommitMask;
  const std::span<const std::byte> data = page.subspan(layout.data_offset);
  if (length > data.size()) {
    return malformed("ring buffer page", 0, fmt::format("says {} bytes of data in {}", length, data.size()));
  }
  RingPage opened;
  opened.data_ = data.first(length);
  opened.time_ = load_number<std::uint64_t>(page.data() + layout.timestamp_offset, layout.order);
  opened.order_ = layout.order;
  if ((commit & kLostEvents) != 0) {
    opened.lost_.reset();
    if ((commit & kLostCounted) != 0 && data.size() - length >= layout.commit_size) {
      opened.lost_ = load_long(data.data() + length, layout.commit_size, layout.order);
    }
  }
  return opened;
}

std::optional<std::span<const std::byte>> RingPage::take(std::size_t length) {
  if (length > data_.size() - at_) {
    broken_ = true;
    at_ = data_.size();
    return std::nullopt;
  }
  const auto taken = data_.subspan(at_, length);
  at_ += length;
  return taken;
}

std::optional<std::uint32_t> RingPage::take_word() {
  const auto bytes = take(kWord);
  if (!bytes) return std::nullopt;
  return load_number<std::uint32_t>(bytes->data(), order_);
}

void RingPage::stamp(std::uint64_t absolute) {
  const std::uint64_t before = time_;
  time_ = absolute;
  if ((before & kStampTop) == 0) return;
  time_ |= before & kStampTop;
  if (time_ < before) time_ += std::uint64_t{1} << 59U;
}

/// A discarded event, or with no delta the rest of the page. False at the end.
bool RingPage::skip_padding(std::uint32_t delta) {
  if (delta == 0) {
    at_ = data_.size();
    return false;
  }
  const auto length = take_word();
  if (!length || *length < kWord || !take(*length - kWord)) {
    broken_ = true;
    at_ = data_.size();
    return false;
  }
  // The stamps of the events behind it count from it: rb_event_discard() keeps its delta.
  time_ += delta;
  return true;
}

std::optional<RingRecord> RingPage::next() {
  while (at_ < data_.size()) {
    const auto header = take_word();
    if (!header) return std::nullopt;
    // Bit fields are filled from the low end on little-endian machines, from the high end on others.
    const bool little = order_ == ByteOrder::kLittle;
    const std::uint32_t type = little ? *header & 31U : *header >> kDeltaBits;
    const std::uint32_t delta = little ? *header >> 5U : *header & kCommitMask;
    std::size_t length = std::size_t{type} * kWord;
    if (type == kPadding) {
      if (!skip_padding(delta)) return std::nullopt;
      continue;
    }
    if (type == kTimeExtend || type == kTimeStamp) {
      const auto high = take_word();
      if (!high) return std::nullopt;
      const std::uint64_t time = (std::uint64_t{*high} << kDeltaBits) + delta;
      type == kTimeExtend ? void(time_ += time) : stamp(time);
      continue;
    }
    if (type == 0) {
      const auto stored = take_word();
      if (!stored) return std::nullopt;
      // It counts itself; what follows is aligned to words.
      length = *stored < kWord ? data_.size() : ((std::size_t{*stored} + kWord - 1) & ~(kWord - 1)) - kWord;
    }
    const auto payload = take(length);
    if (!payload) return std::nullopt;
    time_ += delta;
    return RingRecord{.time = time_, .payload = *payload};
  }
  return std::nullopt;
}

}  // namespace leakscope::sources
