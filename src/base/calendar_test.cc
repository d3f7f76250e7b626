#include "base/calendar.h"

#include <gtest/gtest.h>

namespace leakscope {
namespace {

TEST(Calendar, KnowsMonthsInSeveralLanguages) {
  for (const auto& [word, month] : {std::pair{"Nov", 11},
                                    {"november", 11},
                                    {"Mär", 3},
                                    {"Mrz", 3},
                                    {"Mai", 5},
                                    {"Dez", 12},
                                    {"févr.", 2},
                                    {"août", 8},
                                    {"juin", 6},
                                    {"juil.", 7},
                                    {"ene", 1},
                                    {"ago", 8},
                                    {"SEP", 9}}) {
    EXPECT_EQ(month_from_name(word), month) << word;
  }
  for (const char* word : {"", "No", "Fri", "novembers-and-more", "x", "12"})
    EXPECT_FALSE(month_from_name(word)) << word;
}

TEST(Calendar, KnowsWeekdays) {
  for (const char* word : {"Fri", "Freitag", "ven.", "mié", "Di"}) EXPECT_TRUE(is_weekday_name(word)) << word;
  for (const char* word : {"", "F", "12", "November"}) EXPECT_FALSE(is_weekday_name(word)) << word;
}

TEST(Calendar, MidnightIsOfDaysThatAre) {
  using std::chrono::hours;
  EXPECT_EQ(midnight_of(1970, 1, 2), Nanoseconds(hours(24)));
  EXPECT_EQ(midnight_of(2024, 2, 29), Nanoseconds(hours(24 * 19782)));
  for (const auto& [year, month, day] : {std::tuple{2023, 2, 29},
                                         {2024, 13, 1},
                                         {2024, 0, 1},
                                         {2024, 4, 31},
                                         {1969, 12, 31},
                                         {2201, 1, 1},
                                         {2024, 1, -1}}) {
    EXPECT_FALSE(midnight_of(year, month, day)) << year << '-' << month << '-' << day;
  }
}

}  // namespace
}  // namespace leakscope
