#include "base/calendar.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

namespace leakscope {
namespace {

struct Name {
  std::string_view word;  ///< how it begins, in lower case
  int number = 0;
};

// The first that fits counts. A word fits when it begins so and is no longer than a month's name.
constexpr auto kMonths = std::to_array<Name>({
    {"jan", 1},  {"gen", 1},  {"ene", 1},  {"feb", 2},  {"fév", 2},  {"fev", 2},  {"märz", 3}, {"mär", 3},
    {"mrz", 3},  {"mars", 3}, {"mar", 3},  {"apr", 4},  {"avr", 4},  {"abr", 4},  {"may", 5},  {"mai", 5},
    {"mag", 5},  {"jun", 6},  {"juin", 6}, {"giu", 6},  {"jul", 7},  {"juil", 7}, {"lug", 7},  {"aug", 8},
    {"aoû", 8},  {"aou", 8},  {"ago", 8},  {"sep", 9},  {"set", 9},  {"oct", 10}, {"okt", 10}, {"ott", 10},
    {"nov", 11}, {"dec", 12}, {"dez", 12}, {"déc", 12}, {"dic", 12}, {"апр", 4},
});

constexpr auto kWeekdays = std::to_array<std::string_view>({"mon", "tue", "wed", "thu", "fri", "sat", "sun",  // English
                                                            "mo",  "di",  "mi",  "do",  "fr",  "sa",  "so",   // German
                                                            "lun", "mar", "mer", "jeu", "ven", "sam", "dim",  // French
                                                            "mié", "mie", "jue", "vie", "sáb", "sab", "dom", "gio"});

std::string lower(std::string_view word) {
  std::string text(word);
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

}  // namespace

std::optional<int> month_from_name(std::string_view word) {
  constexpr std::size_t kLongest = 12;
  if (word.size() < 3 || word.size() > kLongest) return std::nullopt;
  const std::string text = lower(word);
  for (const Name& name : kMonths) {
    if (text.starts_with(name.word)) return name.number;
  }
  return std::nullopt;
}

bool is_weekday_name(std::string_view word) {
  while (word.ends_with(',') || word.ends_with('.')) word.remove_suffix(1);
  constexpr std::size_t kLongest = 11;
  if (word.size() < 2 || word.size() > kLongest) return false;
  const std::string text = lower(word);
  return std::ranges::any_of(kWeekdays, [&](std::string_view name) { return text.starts_with(name); });
}

std::optional<Nanoseconds> midnight_of(int year, int month, int day) {
  if (year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch();
}

}  // namespace leakscope
