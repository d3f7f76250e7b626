#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "model/coverage.h"
#include "model/host.h"
#include "model/ledger.h"

namespace leakscope::sources::document {

/// A cell of a table: not known, text with its escapes undone, an integer, another number.
using Cell = std::variant<std::monostate, std::string, std::int64_t, double>;

struct Table {
  std::string id;
  std::vector<std::vector<std::pair<std::string, Cell>>> rows;  ///< column and cell
  std::size_t rows_not_shown = 0;                               ///< cut by a limit when it was written
};

/// What `leakscope COMMAND --json` wrote, read back: the parts of it that can be compared.
struct Document {
  std::string command;
  model::Host host;
  std::optional<WallTime> end;  ///< of its window
  std::optional<model::Ledger> ledger;
  std::vector<Table> tables;
  std::vector<model::Coverage> coverage;
};

/// Whether a file that begins with these bytes is meant to be such a document: an object that names its schema first,
/// as ours do. `{"schema": "leakscope/1", ...`
[[nodiscard]] bool looks_like_document(std::string_view head);

/// Reads a document of the schema leakscope/1 (docs/json.md). Keys that are not known are skipped, those that are
/// missing or null are not known. kMalformed, with the line: text that is no JSON, a known key of another type.
/// kUnsupported: another major schema. `name` is for error messages.
[[nodiscard]] Result<Document> parse_document(std::string_view text, std::string_view name);

/// The same from a file, of at most 16 MiB.
[[nodiscard]] Result<Document> read_document(const std::string& path);

/// Undoes base/printable.h: "\x1b" and "\\" in a name are the bytes they stand for.
[[nodiscard]] std::string unescaped(std::string_view text);

}  // namespace leakscope::sources::document
