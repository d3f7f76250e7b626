#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace leakscope {

/// 1 to 12 for "Nov", "november", "Dez", "März", "févr.": English, German, French, Spanish, Italian; not
/// case-sensitive.
[[nodiscard]] std::optional<int> month_from_name(std::string_view word);
/// "Fri", "Freitag", "ven.", ... in the same languages.
[[nodiscard]] bool is_weekday_name(std::string_view word);
/// Midnight of that day since the epoch, in the zone of whoever asks; nothing when there is no such day, and outside
/// 1970 to 2200 (nanoseconds of 64 bits end in 2262).
[[nodiscard]] std::optional<Nanoseconds> midnight_of(int year, int month, int day);

}  // namespace leakscope
