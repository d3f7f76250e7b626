#pragma once

#include <string>

#include "report/document.h"

namespace leakscope::render::text {

struct Options {
  bool color = false;          ///< ANSI colors and weights; off for pipes, NO_COLOR and --no-color: the caller knows
  int width = 100;             ///< columns of the terminal; held between 40 and 132
  bool fit_tables = false;     ///< columns of tables that do not fit are left out, where longer lines would be broken
  bool verbose = false;        ///< -v: nothing is left out, every ledger row with its source
  bool unicode = true;         ///< false where the locale is not UTF-8: ASCII only, other bytes as \xNN
  bool full_coverage = false;  ///< doctor: every source, those that are ok too
};

/// The document for a person at a terminal: host, headline, ledger, findings with their evidence, allocation sites with
/// their stacks, what looked like a leak and is none, events, tables, and what could not be seen. Foreign bytes are
/// escaped: control characters reach the output only as the colors asked for and as newlines.
[[nodiscard]] std::string to_text(const report::Document& document, const Options& options);

}  // namespace leakscope::render::text
