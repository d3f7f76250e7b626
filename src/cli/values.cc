#include "cli/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace leakscope::cli {
namespace {

struct Amount {
  double number = 0;
  std::string_view unit;
};

/// Takes one "1.5h" off the front.
std::optional<Amount> take_amount(std::string_view& text) {
  Amount amount;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), amount.number, std::chars_format::fixed);
  if (error != std::errc{} || !std::isfinite(amount.number) || amount.number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  const std::size_t length = std::min(text.find_first_of("0123456789."), text.size());
  amount.unit = text.substr(0, length);
  text.remove_prefix(length);
  return amount;
}

std::unexpected<Error> not_a_duration(std::string_view text) {
  return fail(Error::Kind::kUsage, {},
              fmt::format("'{}' is no duration; want something like 60s, 10m, 1h30m or 2d", text));
}

}  // namespace

Result<Nanoseconds> parse_duration(std::string_view text) {
  static constexpr auto kUnits = std::to_array<std::pair<std::string_view, double>>(
      {{"ms", 1e-3}, {"s", 1}, {"", 1}, {"m", 60}, {"min", 60}, {"h", 3600}, {"d", 86400}});
  constexpr double kLongest = 10 * 366 * 86400.0;
  double seconds = 0;
  std::string_view rest = text;
  do {
    const auto amount = take_amount(rest);
    if (!amount) return not_a_duration(text);
    const auto* unit = std::ranges::find(kUnits, amount->unit, &std::pair<std::string_view, double>::first);
    if (unit == kUnits.end()) return not_a_duration(text);
    seconds += amount->number * unit->second;
  } while (!rest.empty());
  if (seconds <= 0 || seconds > kLongest) return not_a_duration(text);
  return Nanoseconds(std::llround(seconds * 1e9));
}

Result<Bytes> parse_size(std::string_view text) {
  static constexpr auto kUnits = std::to_array<std::pair<std::string_view, int>>({{"", 0},
                                                                                  {"B", 0},
                                                                                  {"K", 10},
                                                                                  {"KiB", 10},
                                                                                  {"M", 20},
                                                                                  {"MiB", 20},
                                                                                  {"G", 30},
                                                                                  {"GiB", 30},
                                                                                  {"T", 40},
                                                                                  {"TiB", 40}});
  std::string_view rest = text;
  const auto amount = take_amount(rest);
  const auto* unit =
      amount ? std::ranges::find(kUnits, amount->unit, &std::pair<std::string_view, int>::first) : kUnits.end();
  const double bytes = unit != kUnits.end() ? std::ldexp(amount->number, unit->second) : 0;
  if (!rest.empty() || bytes < 1 || bytes > 0x1p62) {
    return fail(Error::Kind::kUsage, {}, fmt::format("'{}' is no size; want something like 64MiB or 2G", text));
  }
  return Bytes(std::llround(bytes));
}

}  // namespace leakscope::cli
