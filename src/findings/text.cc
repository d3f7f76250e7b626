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

std::string rate_text(model::Unit unit, const Interval& per_second, std::string_view of) {
  static constexpr std::array<std::pair<double, std::string_view>, 3> kTimes{
      {{60, "min"}, {3600, "h"}, {86400, "day"}}};
  static constexpr std::array<std::string_view, 5> kUnits{" B", " KiB", " MiB", " GiB", " TiB"};
  const bool bytes = unit == model::Unit::kBytes;
  const double readable = bytes ? 1024 * 1024 : 3;
  const auto* time = kTimes.begin();
  while (std::next(time) != kTimes.end() && std::abs(per_second.point) * time->first < readable) ++time;
  // All three figures in the unit of the middle one.
  double scale = time->first;
  std::size_t step = 0;
  for (; bytes && std::abs(per_second.point) * scale >= 999.5 && step + 1 < kUnits.size(); ++step) scale /= 1024;
  const double magnitude = std::abs(per_second.point) * scale;
  const int decimals = magnitude < 9.995 ? 2 : magnitude < 99.95 ? 1 : 0;
  const auto figure = [&](double rate) {
    const double amount = rate * scale;
    return decimals == 0 ? with_commas(rounded(amount)) : fmt::format("{:.{}f}", amount, decimals);
  };
  const std::string unit_text = bytes ? std::string(kUnits[step]) : of.empty() ? std::string() : " " + std::string(of);
  return fmt::format("{}{}/{} ({} to {})", figure(per_second.point), unit_text, time->second, figure(per_second.lower),
                     figure(per_second.upper));
}

std::string per_round_text(model::Unit unit, const Interval& per_round, std::string_view of) {
  static constexpr std::array<std::string_view, 5> kUnits{" B", " KiB", " MiB", " GiB", " TiB"};
  const bool bytes = unit == model::Unit::kBytes;
  double scale = 1;
  std::size_t step = 0;
  for (; bytes && std::abs(per_round.point) * scale >= 999.5 && step + 1 < kUnits.size(); ++step) scale /= 1024;
  const double magnitude = std::abs(per_round.point) * scale;
  const bool whole_bytes = bytes && step == 0 && magnitude >= 9.995;
  const int decimals = whole_bytes ? 0 : magnitude < 9.995 ? 2 : magnitude < 99.95 ? 1 : 0;
  const auto figure = [&](double amount) {
    return decimals == 0 ? with_commas(rounded(amount * scale)) : fmt::format("{:.{}f}", amount * scale, decimals);
  };
  return fmt::format("{}{}{}{} per round ({} to {})", figure(per_round.point),
                     bytes ? kUnits[step] : std::string_view{}, of.empty() ? "" : " ", of, figure(per_round.lower),
                     figure(per_round.upper));
}

std::string eta_text(const Finding::Eta& eta) {
  if (!eta.upper) return "not before " + to_human(eta.lower);
  const std::string lower = to_human(eta.lower);
  const std::string upper = to_human(*eta.upper);
  return lower == upper ? lower : lower + " to " + upper;
}

}  // namespace leakscope::findings
