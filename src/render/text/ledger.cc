#include "render/text/ledger.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "render/text/layout.h"
#include "report/quantity.h"

namespace leakscope::render::text {
namespace {

using model::Ledger;
using model::LedgerClass;
using model::LedgerRow;

/// How a class appears in the bar and before its row.
struct Band {
  LedgerClass klass;
  std::string_view block;
  std::string_view letter;
  Style style;
};
constexpr std::array<Band, 5> kBands{{{LedgerClass::kUser, "\u2588", "#", Style::kUser},
                                      {LedgerClass::kKernel, "\u2593", "=", Style::kKernel},
                                      {LedgerClass::kCache, "\u2592", "+", Style::kCache},
                                      {LedgerClass::kHardware, "\u25a0", "x", Style::kBad},
                                      {LedgerClass::kFree, "\u2591", ".", Style::kFree}}};
constexpr std::string_view kRestBlock = "?";
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kWidestBar = 40;
constexpr std::size_t kNarrowestBar = 10;

std::string_view mark(const Pen& pen, const Band& band) { return pen.options().unicode ? band.block : band.letter; }

std::int64_t sum_of(const Ledger& ledger, LedgerClass klass) {
  std::int64_t sum = 0;
  for (const LedgerRow& row : ledger.rows) {
    if (row.klass == klass) sum = checked_add(sum, row.bytes.count()).value_or(sum);
  }
  return sum;
}

/// Shares `width` cells among parts by their size so that the cells add up (largest remainders first).
std::vector<std::size_t> cells_of(const std::vector<double>& parts, std::size_t width) {
  std::vector<std::size_t> cells(parts.size(), 0);
  const double total = std::accumulate(parts.begin(), parts.end(), 0.0);
  if (total <= 0) return cells;
  std::vector<std::pair<double, std::size_t>> remainders;
  std::size_t given = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const double exact = parts[i] / total * static_cast<double>(width);
    cells[i] = static_cast<std::size_t>(exact);
    given += cells[i];
    remainders.emplace_back(exact - std::floor(exact), i);
  }
  std::ranges::stable_sort(remainders, std::greater{}, &std::pair<double, std::size_t>::first);
  for (std::size_t i = 0; given < width && i < remainders.size(); ++i, ++given) ++cells[remainders[i].second];
  return cells;
}

std::string bar(const Pen& pen, const Ledger& ledger, std::size_t width) {
  std::vector<double> parts;
  parts.reserve(kBands.size() + 1);
  for (const Band& band : kBands) parts.push_back(std::max(0.0, static_cast<double>(sum_of(ledger, band.klass))));
  const auto rest = ledger.unattributed();
  parts.push_back(rest ? std::max(0.0, static_cast<double>(rest->count())) : 0.0);
  const std::vector<std::size_t> cells = cells_of(parts, width);
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool is_rest = i == kBands.size();
    std::string piece;
    for (std::size_t n = 0; n < cells[i]; ++n) piece += is_rest ? kRestBlock : mark(pen, kBands[i]);
    out += pen.styled(is_rest ? Style::kWarning : kBands[i].style, piece);
  }
  return out;
}

void write_bar(Pen& pen, const Ledger& ledger) {
  if (!ledger.total) {
    pen.line("The total of managed memory is not known; the rows below are what could be read.");
    return;
  }
  const std::int64_t rest = ledger.unattributed()->count();
  const double share =
      ledger.total->count() > 0 ? std::abs(static_cast<double>(rest)) / static_cast<double>(ledger.total->count()) : 0;
  const std::string left = to_human(*ledger.total) + " managed  ";
  const std::string right = fmt::format("  closes within {} ({:.2f} %)",
                                        to_human(Bytes(rest < 0 ? -std::max(rest, -kMost) : rest)), share * 100);
  const std::size_t taken = columns(left) + columns(right);
  const std::size_t room = pen.width() > taken ? pen.width() - taken : 0;
  if (room >= kNarrowestBar) {
    pen.line(pen.styled(Style::kStrong, left) + bar(pen, ledger, std::min(room, kWidestBar)) + right);
  } else {
    pen.line(pen.styled(Style::kStrong, left) + right.substr(2));
    pen.line(bar(pen, ledger, pen.width()));
  }
}

/// The unit in which `whole` prints, so that its parts can be read beside it without units of their own.
double unit_of(std::int64_t whole) {
  double unit = 1;
  while (std::abs(static_cast<double>(whole)) / unit >= 999.5) unit *= 1024;
  return unit;
}

std::vector<const LedgerRow*> largest_first(const Ledger& ledger, LedgerClass klass) {
  std::vector<const LedgerRow*> rows;
  for (const LedgerRow& row : ledger.rows) {
    if (row.klass == klass) rows.push_back(&row);
  }
  std::ranges::stable_sort(rows, [](const auto* a, const auto* b) { return a->bytes > b->bytes; });
  return rows;
}

/// As many parts as fit into one line; "..." stands for those that do not, and for those that would print as zero.
std::string parts_in_one_line(const Pen& pen, const std::vector<const LedgerRow*>& rows, double unit,
                              std::size_t room) {
  const std::string_view separator = pen.marks().separator;
  const std::string more = std::string(separator) + "...";
  std::vector<std::string> parts;
  bool all = true;
  for (const LedgerRow* row : rows) {
    const double value = static_cast<double>(row->bytes.count()) / unit;
    if (std::abs(value) >= 0.005) {
      parts.push_back(fmt::format("{} {:.{}f}", pen.safe(row->label), value, unit < 2 ? 0 : 2));
    } else {
      all = all && row->bytes.count() == 0;
    }
  }
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string next = out.empty() ? parts[i] : out + std::string(separator) + parts[i];
    const bool last = all && i + 1 == parts.size();
    if (columns(next) + (last ? 0 : columns(more)) > room) return out.empty() ? "" : out + more;
    out = next;
  }
  return all || out.empty() ? out : out + more;
}

void write_class(Pen& pen, const Ledger& ledger, const Band& band) {
  const auto rows = largest_first(ledger, band.klass);
  if (rows.empty()) return;
  const std::int64_t sum = sum_of(ledger, band.klass);
  const std::string head = fmt::format(" {:<9}{:>10}   ", to_string(band.klass), to_human(Bytes(sum)));
  const std::string mark_and_head = pen.styled(band.style, mark(pen, band)) + pen.styled(Style::kStrong, head);
  if (!pen.options().verbose) {
    pen.line(mark_and_head + parts_in_one_line(pen, rows, unit_of(sum), pen.width() - columns(head) - 1));
    return;
  }
  pen.line(mark_and_head);
  for (const LedgerRow* row : rows) {
    const std::string label = cut_middle(pen.safe(row->label), 32, pen.marks().ellipsis);
    pen.line(fmt::format("   {}{:>10}   ", pad_right(label, 32), to_human(row->bytes)) +
             pen.styled(Style::kFaint, pen.safe(row->source)));
  }
}

}  // namespace

void write_ledger(Pen& pen, const Ledger& ledger) {
  pen.blank();
  write_bar(pen, ledger);
  pen.blank();
  for (const Band& band : kBands) write_class(pen, ledger, band);
  if (const auto rest = ledger.unattributed()) {
    const bool overlap = rest->count() < 0;
    pen.line(pen.styled(Style::kWarning, kRestBlock) +
             pen.styled(Style::kStrong, fmt::format(" {:<9}{:>10}   ", "rest", to_human(*rest))) +
             (overlap ? "rows that overlap: counted twice" : "pages that no counter shows"));
  }
  for (const LedgerRow& row : ledger.outside) {
    pen.line(pen.styled(Style::kFaint, fmt::format("  {:<9}{:>10}   {}, outside the sum", "", to_human(row.bytes),
                                                   pen.safe(row.label))));
  }
  for (const std::string& note : ledger.notes) pen.hanging("note: ", pen.safe(note), Style::kWarning);
}

}  // namespace leakscope::render::text
