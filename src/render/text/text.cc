#include "render/text/text.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "render/text/findings.h"
#include "render/text/layout.h"
#include "render/text/ledger.h"
#include "render/text/limits.h"
#include "render/text/pen.h"
#include "render/text/sites.h"
#include "render/text/table.h"
#include "report/quantity.h"

namespace leakscope::render::text {
namespace {

using findings::Verdict;
using report::Document;

constexpr std::size_t kDeclinePartsShown = 4;

void write_host(Pen& pen, const Document& document) {
  std::vector<std::string> items;
  if (!document.host.hostname.empty()) items.push_back(pen.safe(document.host.hostname));
  if (!document.host.kernel_release.empty()) items.push_back("Linux " + pen.safe(document.host.kernel_release));
  if (document.ledger && document.ledger->total) items.push_back(to_human(*document.ledger->total));
  if (const auto& window = document.window) {
    if (window->start && window->end) items.push_back("watched " + to_human(window->end->boot - window->start->boot));
    items.push_back(fmt::format("{} {}, {}", report::to_human_count(static_cast<std::int64_t>(window->samples)),
                                window->samples == 1 ? "sample" : "samples",
                                document.losses.empty() ? "0 lost" : "losses below"));
  }
  if (!items.empty()) pen.hanging("", pen.joined(items));
}

std::string side_text(const Pen& pen, const report::Comparison::Side& side) {
  std::vector<std::string> items{pen.safe(side.source)};
  if (side.time) items.push_back(to_rfc3339(*side.time).substr(0, 19) + "Z");
  if (!side.hostname.empty()) items.push_back(pen.safe(side.hostname));
  if (!side.kernel_release.empty()) items.push_back("Linux " + pen.safe(side.kernel_release));
  return pen.joined(items);
}

void write_comparison(Pen& pen, const Document& document) {
  if (!document.comparison) return;
  pen.hanging("before  ", side_text(pen, document.comparison->before), Style::kFaint);
  pen.hanging("after   ", side_text(pen, document.comparison->after), Style::kFaint);
}

struct Word {
  std::string_view text;
  Style style;
};

Word word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kLeak:
      return {"LEAK", Style::kBad};
    case Verdict::kSuspect:
      return {"SUSPECT", Style::kWarning};
    case Verdict::kClean:
      return {"CLEAN", Style::kGood};
    case Verdict::kInsufficient:
      break;
  }
  return {"CANNOT TELL", Style::kWarning};
}

void write_headline(Pen& pen, const Document& document) {
  std::string label;
  Style style = Style::kPlain;
  if (document.verdict) {
    const Word word = word_of(*document.verdict);
    label = std::string(word.text) + "  ";
    style = word.style;
  }
  if (label.empty() && document.headline.empty() && document.details.empty()) return;
  pen.blank();
  pen.hanging(label, pen.safe(document.headline), style, Style::kStrong);
  const std::string indent(columns(label), ' ');
  for (const std::string& detail : document.details) pen.hanging(indent, pen.safe(detail));
}

std::string row_label(const Pen& pen, const Document& document, const std::string& id) {
  if (document.ledger) {
    const auto row = std::ranges::find(document.ledger->rows, id, &model::LedgerRow::id);
    if (row != document.ledger->rows.end()) return pen.safe(row->label);
  }
  return pen.safe(id);
}

/// Which rows of the ledger took what became unavailable.
void write_decline(Pen& pen, const Document& document) {
  if (!document.decline || document.decline->available_lost <= 0 || document.decline->parts.empty()) return;
  std::vector<std::string> items;
  for (const auto& part : document.decline->parts) {
    const double share = static_cast<double>(part.bytes) / static_cast<double>(document.decline->available_lost);
    if (!pen.options().verbose && std::abs(share) < 0.01) continue;
    items.push_back(row_label(pen, document, part.row) + " " +
                    report::to_human_change(part.bytes, model::Unit::kBytes));
  }
  if (items.empty()) return;
  pen.blank();
  pen.hanging("",
              fmt::format("Available memory{} fell by {}: {}", document.decline->swap_free_now ? " and free swap" : "",
                          to_human(Bytes(document.decline->available_lost)),
                          pen.joined_up_to(std::move(items), kDeclinePartsShown)));
}

}  // namespace

std::string to_text(const Document& document, const Options& options) {
  Pen pen(options);
  write_host(pen, document);
  write_comparison(pen, document);
  // An answer to "does it leak?" begins with the verdict; one to "where is it?" with the ledger.
  if (document.verdict) {
    write_headline(pen, document);
    write_decline(pen, document);
    write_growing(pen, document);
    write_sites(pen, document);
    write_harmless(pen, document);
    if (document.ledger && options.verbose) write_ledger(pen, *document.ledger);
  } else {
    if (document.ledger) write_ledger(pen, *document.ledger);
    write_headline(pen, document);
    write_growing(pen, document);
    write_sites(pen, document);
    write_harmless(pen, document);
  }
  write_events(pen, document);
  for (const report::Table& table : document.tables) write_table(pen, table);
  write_limits(pen, document);
  return pen.take();
}

}  // namespace leakscope::render::text
