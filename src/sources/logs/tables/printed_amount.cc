#include "sources/logs/tables/printed_amount.h"

#include "base/bytes.h"
#include "base/text_cursor.h"

namespace leakscope::sources::logs {
namespace {

constexpr std::int64_t kKiB = 1024;

/// Bytes of "Ki", "k", "G", "B"; nothing for what is no unit.
std::optional<std::int64_t> unit_of(std::string_view suffix) {
  if (suffix.size() == 2 && (suffix[1] == 'i' || suffix[1] == 'B')) suffix.remove_suffix(1);
  if (suffix.size() != 1) return std::nullopt;
  switch (suffix.front()) {
    case 'B':
      return 1;
    case 'K':
    case 'k':
      return kKiB;
    case 'M':
    case 'm':
      return kKiB * kKiB;
    case 'G':
    case 'g':
      return kKiB * kKiB * kKiB;
    case 'T':
    case 't':
      return kKiB * kKiB * kKiB * kKiB;
    case 'P':
    case 'p':
      return kKiB * kKiB * kKiB * kKiB * kKiB;
    default:
      return std::nullopt;
  }
}

/// whole.fraction units; two decimals are the most that any tool prints.
std::optional<PrintedAmount> with_decimals(std::int64_t whole, std::string_view decimals, std::int64_t unit) {
  constexpr std::size_t kMostDecimals = 3;
  if (decimals.empty() || decimals.size() > kMostDecimals) return std::nullopt;
  const auto fraction = parse_number<std::uint32_t>(decimals);
  if (!fraction) return std::nullopt;
  std::int64_t scale = 1;
  for (std::size_t i = 0; i < decimals.size(); ++i) scale *= 10;
  const auto bytes = checked_mul(whole, unit);
  if (!bytes) return std::nullopt;
  const auto sum = checked_add(*bytes, static_cast<std::int64_t>(*fraction) * (unit / scale) +
                                           static_cast<std::int64_t>(*fraction) * (unit % scale) / scale);
  if (!sum) return std::nullopt;
  return PrintedAmount{*sum, unit / (2 * scale)};
}

}  // namespace

std::optional<PrintedAmount> parse_printed_amount(std::string_view text, std::int64_t plain_unit) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  const auto whole = parse_number<std::int64_t>(text.substr(0, digits));
  if (!whole) return std::nullopt;
  std::string_view rest = digits == std::string_view::npos ? std::string_view{} : text.substr(digits);
  std::string_view decimals;
  if (!rest.empty() && (rest.front() == '.' || rest.front() == ',')) {
    rest.remove_prefix(1);
    const std::size_t end = rest.find_first_not_of("0123456789");
    decimals = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
    if (decimals.empty()) return std::nullopt;
  }
  const auto unit = rest.empty() ? plain_unit : unit_of(rest);
  if (!unit) return std::nullopt;
  if (!decimals.empty()) return with_decimals(*whole, decimals, *unit);
  const auto bytes = checked_mul(*whole, *unit);
  if (!bytes) return std::nullopt;
  const bool exact = *unit <= 1 || (rest.empty() && *unit <= kKiB) || *whole == 0;
  if (exact) return PrintedAmount{*bytes, 0};
  if (!rest.empty()) return PrintedAmount{*bytes, *unit / 2};
  const auto middle = checked_add(*bytes, *unit / 2);
  if (!middle) return std::nullopt;
  return PrintedAmount{*middle, *unit / 2};
}

}  // namespace leakscope::sources::logs
