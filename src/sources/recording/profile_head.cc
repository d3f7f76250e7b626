#include "sources/recording/profile_head.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/printable.h"
#include "sources/recording/block_format.h"
#include "sources/recording/field_list.h"

namespace leakscope::sources::recording {
namespace {

enum class Field : std::uint8_t {
  kPopulation = 1,
  kUnit = 2,
  kTitle = 3,
  kStart = 4,
  kLength = 5,
  kSampledOneIn = 6,
  kSitesNotKept = 7,
  kSites = 8,
  kCoverage = 9,  // once for each
  kLoss = 10,     // once for each
};

constexpr std::int64_t kMaxTime = std::int64_t{1} << 61U;

void encode_coverage(const model::Coverage& entry, std::string& out) {
  ByteWriter writer(out);
  writer.bytes(entry.source);
  writer.u8(std::to_underlying(entry.state));
  writer.bytes(entry.why);
  writer.bytes(entry.remedy);
}

void encode_loss(const model::Loss& loss, std::string& out) {
  ByteWriter writer(out);
  writer.bytes(loss.source);
  writer.bytes(loss.what);
  writer.varint(loss.count);
  writer.varint(loss.of);
}

bool take_coverage(std::string_view value, std::vector<model::Coverage>& coverage) {
  ByteCursor cursor(value);
  const auto source = cursor.bytes();
  const auto state = cursor.u8();
  const auto why = cursor.bytes();
  const auto remedy = cursor.bytes();
  if (!source || !state || !why || !remedy || coverage.size() == kMaxStates) return false;
  if (*state > std::to_underlying(model::Coverage::State::kPartial)) return false;
  coverage.push_back(
      {std::string(*source), static_cast<model::Coverage::State>(*state), std::string(*why), std::string(*remedy)});
  return true;
}

bool take_loss(std::string_view value, std::vector<model::Loss>& losses) {
  ByteCursor cursor(value);
  const auto source = cursor.bytes();
  const auto what = cursor.bytes();
  const auto count = cursor.varint();
  const auto of = cursor.varint();
  if (!source || !what || !count || !of || losses.size() == kMaxStates) return false;
  losses.push_back({std::string(*source), std::string(*what), *count, *of});
  return true;
}

// False when the value makes no sense for the field.
bool take_time(const RawField& field, model::Profile& profile) {
  const auto time = field.number();
  if (!time || *time <= -kMaxTime || *time >= kMaxTime) return false;
  if (field.id == std::to_underlying(Field::kStart)) {
    profile.start = WallTime{Nanoseconds(*time)};
    return true;
  }
  profile.length = Nanoseconds(*time);
  return *time >= 0;
}

bool take_count(const RawField& field, ProfileHead& head) {
  const auto count = field.count();
  if (!count) return false;
  switch (static_cast<Field>(field.id)) {
    case Field::kSampledOneIn:
      if (*count == 0 || *count > std::numeric_limits<std::uint32_t>::max()) return false;
      head.profile.sampled_one_in = static_cast<std::uint32_t>(*count);
      return true;
    case Field::kSitesNotKept:
      head.profile.sites_not_kept = *count;
      return true;
    default:
      head.sites = *count;
      return true;
  }
}

bool take(const RawField& field, ProfileHead& head) {
  switch (static_cast<Field>(field.id)) {
    case Field::kTitle:
      head.profile.title = field.value;
      return true;
    case Field::kStart:
    case Field::kLength:
      return take_time(field, head.profile);
    case Field::kSampledOneIn:
    case Field::kSitesNotKept:
    case Field::kSites:
      return take_count(field, head);
    case Field::kCoverage:
      return take_coverage(field.value, head.coverage);
    case Field::kLoss:
      return take_loss(field.value, head.losses);
    default:
      return true;
  }
}

std::unexpected<Error> broken() { return fail(Error::Kind::kMalformed, "profile", "want the head of a profile"); }

std::unexpected<Error> unknown(std::string_view what, std::string_view word) {
  return fail(Error::Kind::kUnsupported, "profile",
              fmt::format("this leakscope does not know the {} '{}'", what, printable(word.substr(0, 40))),
              "Use the leakscope that wrote it, or a newer one");
}

}  // namespace

void encode_profile_head(const ProfileHead& head, std::string& out) {
  const model::Profile& profile = head.profile;
  FieldWriter fields(out);
  fields.text(Field::kPopulation, model::to_string(profile.population));
  fields.text(Field::kUnit, model::to_string(profile.unit));
  fields.text(Field::kTitle, profile.title);
  if (profile.start) fields.number(Field::kStart, profile.start->since_epoch.count());
  fields.number(Field::kLength, profile.length.count());
  fields.count(Field::kSampledOneIn, profile.sampled_one_in);
  fields.count(Field::kSitesNotKept, profile.sites_not_kept);
  fields.count(Field::kSites, head.sites);
  std::string entry;
  for (std::size_t i = 0; i < std::min<std::size_t>(head.coverage.size(), kMaxStates); ++i) {
    entry.clear();
    encode_coverage(head.coverage[i], entry);
    fields.text(Field::kCoverage, entry);
  }
  for (std::size_t i = 0; i < std::min<std::size_t>(head.losses.size(), kMaxStates); ++i) {
    entry.clear();
    encode_loss(head.losses[i], entry);
    fields.text(Field::kLoss, entry);
  }
}

Result<ProfileHead> parse_profile_head(std::string_view payload) {
  ProfileHead head;
  std::optional<std::string_view> population;
  std::optional<std::string_view> unit;
  for (ByteCursor cursor(payload); !cursor.at_end();) {
    const auto field = take_field(cursor);
    if (!field) return broken();
    if (field->id > std::to_underlying(Field::kLoss)) continue;
    if (field->id == std::to_underlying(Field::kPopulation)) {
      population = field->value;
    } else if (field->id == std::to_underlying(Field::kUnit)) {
      unit = field->value;
    } else if (!take(*field, head)) {
      return broken();
    }
  }
  if (!population || !unit) return broken();
  const auto known_population = model::population_from_string(*population);
  if (!known_population) return unknown("population", *population);
  const auto known_unit = model::profile_unit_from_string(*unit);
  if (!known_unit) return unknown("unit", *unit);
  head.profile.population = *known_population;
  head.profile.unit = *known_unit;
  return head;
}

}  // namespace leakscope::sources::recording
