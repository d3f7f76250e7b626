#include "sources/log_block_text.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/text_cursor.h"

namespace leakscope::sources {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_number(std::string_view field) { return std::ranges::all_of(field, is_digit); }

/// A sign that parts digits, at the beginning of the text; empty: none. The blanks are U+00A0, U+2009 and U+202F.
std::string_view digit_separator(std::string_view text) {
  constexpr auto kSigns =
      std::to_array<std::string_view>({".", ",", " ", "'", "\xc2\xa0", "\xe2\x80\x89", "\xe2\x80\xaf"});
  for (const std::string_view sign : kSigns) {
    if (text.starts_with(sign) && text.size() > sign.size() && is_digit(text[sign.size()])) return sign;
  }
  return {};
}

std::string_view digits_of(std::string_view text) {
  return text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
}

/// Nearly every line of nearly every log, told by what stands before the last three digits.
bool is_plain_amount(std::string_view line) {
  constexpr std::string_view kUnit = " kB";
  constexpr std::size_t kBack = kUnit.size() + 4;
  if (line.size() <= kBack || !line.ends_with(kUnit)) return false;
  const char before = line[line.size() - kBack];
  return is_digit(before) || (before == ' ' && line[line.size() - kBack - 1] == ' ');
}

}  // namespace

std::size_t key_size(std::string_view line) {
  std::size_t word = 0;
  while (word < line.size()) {
    const std::size_t end = std::min(line.find_first_of(" \t", word), line.size());
    const std::string_view field = line.substr(word, end - word);
    if (field.ends_with(':')) return end;
    if (is_number(field)) return word;
    word = std::min(line.find_first_not_of(" \t", end), line.size());
  }
  return line.size();
}

std::string ungrouped(std::string_view line) {
  constexpr std::size_t kGroup = 3;
  if (is_plain_amount(line)) return {};
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  std::size_t start = colon + 1;
  while (start < line.size() && (line[start] == ' ' || line[start] == '\t')) ++start;
  const auto is_digit_at = [&](std::size_t at) { return at < line.size() && is_digit(line[at]); };
  if (!is_digit_at(start) || (is_digit_at(start + 1) && is_digit_at(start + 2) && is_digit_at(start + 3))) return {};
  std::string_view rest = line.substr(start);
  std::string_view group = digits_of(rest);
  if (group.size() > kGroup || group.front() == '0') return {};
  const std::string_view sign = digit_separator(rest.substr(group.size()));
  if (sign.empty()) return {};
  std::string plain(line.substr(0, start));
  plain += group;
  rest.remove_prefix(group.size());
  while (rest.starts_with(sign) && is_number(rest.substr(sign.size(), 1)) && rest.size() > sign.size()) {
    group = digits_of(rest.substr(sign.size()));
    if (group.size() != kGroup) return {};
    plain += group;
    rest.remove_prefix(sign.size() + group.size());
  }
  if (!rest.empty() && rest.front() != ' ') return {};
  plain += rest;
  return plain;
}

PartedBlock parted_block(std::string_view before, std::string_view block) {
  const auto key_of = [](std::string_view line) { return line.substr(0, key_size(line)); };
  std::unordered_set<std::string_view> twice;
  PartedBlock parted;
  LineCursor lines(block);
  while (const auto line = lines.next()) {
    if (!twice.insert(key_of(*line)).second) ++parted.others;
  }
  if (parted.others == 0) return parted;
  parted.others = 0;
  parted.text = before;
  std::unordered_set<std::string_view> seen;
  LineCursor ahead(before);
  while (const auto line = ahead.next()) seen.insert(key_of(*line));
  LineCursor all(block);
  while (const auto line = all.next()) {
    if (!seen.insert(key_of(*line)).second) {
      if (parted.others++ == 0) parted.first_other = all.number();
      continue;
    }
    parted.text += *line;
    if (!all.unterminated()) parted.text += '\n';
  }
  return parted;
}

}  // namespace leakscope::sources
