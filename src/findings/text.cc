#include "findings/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/time.h"

namespace leakscope::findings {
namespace {

std::int64_t rounded(double amount) {
  constexpr double kLimit = 9.0e18;
  return static_cast<std::int64_t>(std::llround(std::clamp(amount, -kLimit, kLimit)));
}

}  // namespace

std::string with_commas(std::int64_t number) {
  std::string digits = fmt::format("{}", number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3;) {
    i -= 3;
    digits.insert(i, 1, ',');
  }
  return digits;
}

std::string amount_text(model::Unit unit, double amount) {
  return unit == model::Unit::kBytes ? to_human(Bytes(rounded(amount))) : with_commas(rounded(amount));
}

std::string rise_text(model::Unit unit, double rise) {
  return (rounded(rise) >= 0 ? "+" : "") + amount_text(unit, rise);
}

std::string change_text(model::Unit unit, double from, double to) {
  return fmt::format("{} -> {}", amount_text(unit, from), amount_text(unit, to));
}

std::string rate_text(model::Unit unit, const Interval& per_second) {
  static constexpr std::array<std::pair<double, std::string_view>, 3> kTimes{
      {{60, "min"}, {3600, "h"}, {86400, "day"}}};
  const double readable = unit == model::Unit::kBytes ? 1024 * 1024 : 3;
  auto time = kTimes.begin();
  while (std::next(time) != kTimes.end() && std::abs(per_second.point) * time->first < readable) ++time;
  const auto show = [&](double rate) {
    const double amount = rate * time->first;
    if (unit != model::Unit::kBytes && std::abs(amount) < 100) return fmt::format("{:.1f}", amount);
    return amount_text(unit, amount);
  };
  return fmt::format("{}/{} ({} to {})", show(per_second.point), time->second, show(per_second.lower),
                     show(per_second.upper));
}

std::string eta_text(const Finding::Eta& eta) {
  if (!eta.upper) return "not before " + to_human(eta.lower);
  const std::string lower = to_human(eta.lower);
  const std::string upper = to_human(*eta.upper);
  return lower == upper ? lower : lower + " to " + upper;
}

}  // namespace leakscope::findings
