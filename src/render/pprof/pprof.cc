#include "render/pprof/pprof.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "render/pprof/code_table.h"
#include "render/pprof/gzip.h"
#include "render/pprof/protobuf.h"
#include "render/pprof/string_table.h"
#include "report/frame_text.h"
#include "report/profile_text.h"

namespace leakscope::render::pprof {
namespace {

// Numbers of fields: proto/profile.proto of github.com/google/pprof.
namespace profile_field {
constexpr std::uint32_t kSampleType = 1;
constexpr std::uint32_t kSample = 2;
constexpr std::uint32_t kStringTable = 6;
constexpr std::uint32_t kTimeNanos = 9;
constexpr std::uint32_t kDurationNanos = 10;
constexpr std::uint32_t kPeriodType = 11;
constexpr std::uint32_t kPeriod = 12;
constexpr std::uint32_t kComment = 13;
constexpr std::uint32_t kDefaultSampleType = 14;
}  // namespace profile_field
namespace value_type_field {
constexpr std::uint32_t kType = 1;
constexpr std::uint32_t kUnit = 2;
}  // namespace value_type_field
namespace sample_field {
constexpr std::uint32_t kLocationId = 1;
constexpr std::uint32_t kValue = 2;
constexpr std::uint32_t kLabel = 3;
}  // namespace sample_field
namespace label_field {
constexpr std::uint32_t kKey = 1;
constexpr std::uint32_t kText = 2;
constexpr std::uint32_t kNumber = 3;
constexpr std::uint32_t kNumberUnit = 4;
}  // namespace label_field

std::int64_t in_range(std::uint64_t count) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(count, kMost));
}

class Writer {
 public:
  explicit Writer(const report::Document& document) : document_(document), profile_(*document.profile) {}

  std::string write() {
    write_value_type(profile_field::kSampleType, "alloc_objects", "count");
    write_value_type(profile_field::kSampleType, "alloc_space", "bytes");
    write_value_type(profile_field::kSampleType, "inuse_objects", "count");
    write_value_type(profile_field::kSampleType, "inuse_space", "bytes");
    out_.integer(profile_field::kDefaultSampleType, strings_.index_of("inuse_space"));
    for (const model::Site& site : profile_.sites) write_sample(site);
    code_.write(out_);
    if (profile_.start) out_.integer(profile_field::kTimeNanos, profile_.start->since_epoch.count());
    out_.integer(profile_field::kDurationNanos, profile_.length.count());
    write_value_type(profile_field::kPeriodType, "addresses", "count");
    out_.integer(profile_field::kPeriod, std::uint64_t{profile_.sampled_one_in});
    write_comments();
    for (const std::string& text : strings_.strings()) out_.bytes(profile_field::kStringTable, text);
    return out_.written();
  }

 private:
  void write_value_type(std::uint32_t field, std::string_view type, std::string_view unit) {
    Message value_type;
    value_type.integer(value_type_field::kType, strings_.index_of(type));
    value_type.integer(value_type_field::kUnit, strings_.index_of(unit));
    out_.message(field, value_type);
  }

  void write_label(Message& sample, std::string_view key, std::string_view text) {
    if (text.empty()) return;
    Message label;
    label.integer(label_field::kKey, strings_.index_of(key));
    label.integer(label_field::kText, strings_.index_of(text));
    sample.message(sample_field::kLabel, label);
  }

  void write_size(Message& sample, std::int64_t bytes) {
    Message label;
    label.integer(label_field::kKey, strings_.index_of("bytes"));
    label.integer(label_field::kNumber, bytes);
    label.integer(label_field::kNumberUnit, strings_.index_of("bytes"));
    sample.message(sample_field::kLabel, label);
  }

  void write_sample(const model::Site& site) {
    std::vector<std::int64_t> stack;
    stack.reserve(site.stack.size());
    for (const model::Frame& frame : site.stack) stack.push_back(code_.location_of(frame));
    if (stack.empty()) stack.push_back(code_.location_of(model::Frame{}));
    Message sample;
    sample.packed(sample_field::kLocationId, stack);
    sample.packed(sample_field::kValue,
                  std::to_array({in_range(site.allocs), site.bytes_allocated, site.count, site.bytes}));
    write_label(sample, "site", site_id(site));
    write_label(sample, "state", to_string(site.state));
    write_label(sample, "allocator", to_string(site.allocator));
    write_label(sample, "cache", site.cache);
    if (site.processes.size() == 1) write_label(sample, "process", site.processes.front().comm);
    if (site.count > 0 && site.bytes > 0) write_size(sample, site.bytes / site.count);
    out_.message(profile_field::kSample, sample);
  }

  void write_comments() {
    std::vector<std::string> comments{report::title_of(profile_)};
    for (std::string& term : report::terms_of(profile_)) comments.push_back(std::move(term));
    for (const model::Coverage& coverage : document_.coverage) {
      if (coverage.state == model::Coverage::State::kOk) continue;
      comments.push_back(
          fmt::format("not seen: {} ({}): {}", coverage.source, to_string(coverage.state), coverage.why));
    }
    for (const model::Loss& loss : document_.losses) {
      const std::string of = loss.of == 0 ? "" : fmt::format(" of {}", loss.of);
      comments.push_back(fmt::format("lost: {}: {}{} {}", loss.source, loss.count, of, loss.what));
    }
    std::vector<std::int64_t> indices;
    indices.reserve(comments.size());
    for (const std::string& comment : comments) indices.push_back(strings_.index_of(comment));
    out_.packed(profile_field::kComment, indices);
  }

  const report::Document& document_;
  const model::Profile& profile_;
  Message out_;
  StringTable strings_;
  CodeTable code_{strings_};
};

}  // namespace

Result<std::string> to_profile_proto(const report::Document& document) {
  if (!document.profile) return fail(Error::Kind::kUsage, "pprof", "this answer has no allocation sites");
  return Writer(document).write();
}

Result<std::string> to_pprof(const report::Document& document) {
  const auto proto = to_profile_proto(document);
  if (!proto) return std::unexpected(proto.error());
  return gzip(*proto);
}

}  // namespace leakscope::render::pprof
