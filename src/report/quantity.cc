#include "report/quantity.h"

#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/time.h"

namespace leakscope::report {
namespace {

struct Period {
  double seconds;
  std::string_view name;
};
constexpr std::array<Period, 3> kPeriods{{{60, "min"}, {3600, "h"}, {86400, "day"}}};
constexpr double kReadableCount = 3;
constexpr double kMebibyte = 1024.0 * 1024.0;

/// The period in which a rate comes to something that a person can picture.
Period period_for(double per_second, model::Unit unit) {
  const double wanted = unit == model::Unit::kBytes ? kMebibyte : kReadableCount;
  for (const Period& period : kPeriods) {
    if (std::abs(per_second) * period.seconds >= wanted) return period;
  }
  return kPeriods.back();
}

/// How a value is divided, with how many decimals, and the unit behind it; chosen once so that both ends of an interval
/// read like its middle.
struct Scale {
  double divisor = 1;
  int decimals = 0;
  std::string_view unit;  ///< with a leading blank; empty for counts
};

Scale scale_for(double value, model::Unit unit) {
  static constexpr std::array<std::string_view, 7> kByteUnits{" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
  Scale scale;
  double magnitude = std::abs(value);
  if (unit == model::Unit::kBytes) {
    std::size_t index = 0;
    for (; magnitude >= 999.5 && index + 1 < kByteUnits.size(); ++index) {
      magnitude /= 1024;
      scale.divisor *= 1024;
    }
    scale.unit = kByteUnits[index];
  } else if (unit == model::Unit::kNanoseconds) {
    scale.unit = " ns";
  } else if (unit == model::Unit::kPercentMilli) {
    scale = {1000, 0, " %"};
    magnitude /= 1000;
  }
  scale.decimals = magnitude < 9.995 ? 2 : magnitude < 99.95 ? 1 : 0;
  return scale;
}

std::string scaled(double value, const Scale& scale) {
  const double shown = value / scale.divisor;
  // 2^62 is far beyond any rate, and safely inside an integer.
  if (scale.decimals == 0 && std::abs(shown) >= 999.5 && std::abs(shown) < 0x1p62) {
    return to_human_count(std::llround(shown));
  }
  return fmt::format("{:.{}f}", shown, scale.decimals);
}

std::string interval_text(const findings::Interval& interval, model::Unit unit, std::string_view per) {
  const Scale scale = scale_for(interval.point, unit);
  return fmt::format("{}{}{}/{} ({} to {})", interval.point >= 0 ? "+" : "", scaled(interval.point, scale), scale.unit,
                     per, scaled(interval.lower, scale), scaled(interval.upper, scale));
}

}  // namespace

std::string to_human_count(std::int64_t count) {
  std::string digits = fmt::format("{}", count);
  const std::size_t first = count < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string to_human(std::int64_t amount, model::Unit unit) {
  switch (unit) {
    case model::Unit::kBytes:
      return leakscope::to_human(Bytes(amount));
    case model::Unit::kNanoseconds:
      return amount == std::numeric_limits<std::int64_t>::min() ? to_human_count(amount) + " ns"
                                                                : leakscope::to_human(Nanoseconds(amount));
    case model::Unit::kPercentMilli:
      return fmt::format("{:.1f} %", static_cast<double>(amount) / 1000);
    case model::Unit::kCount:
      break;
  }
  return to_human_count(amount);
}

std::string to_human_change(std::int64_t amount, model::Unit unit) {
  return (amount >= 0 ? "+" : "") + to_human(amount, unit);
}

std::string to_human_share(double share) {
  const double percent = share * 100;
  if (!std::isfinite(percent)) return "?";
  if (percent > 0 && percent < 0.1) return "<0.1 %";
  return fmt::format("{:.{}f} %", percent, percent != 0 && std::abs(percent) < 9.95 ? 1 : 0);
}

std::string to_human_rate(double per_second, model::Unit unit) {
  const Period period = period_for(per_second, unit);
  const double value = per_second * period.seconds;
  const Scale scale = scale_for(value, unit);
  return fmt::format("{}{}/{}", scaled(value, scale), scale.unit, period.name);
}

std::string to_human_rate(const findings::Interval& per_second, model::Unit unit) {
  const Period period = period_for(per_second.point, unit);
  return interval_text(
      {per_second.lower * period.seconds, per_second.point * period.seconds, per_second.upper * period.seconds}, unit,
      period.name);
}

std::string to_human_per_round(const findings::Interval& per_round, model::Unit unit) {
  return interval_text(per_round, unit, "round");
}

}  // namespace leakscope::report
