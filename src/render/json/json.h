#pragma once

#include <string>

#include "report/document.h"

namespace leakscope::render::json {

/// The document as one JSON object of the schema "leakscope/1", with a newline at its end. docs/json.md lists every
/// key; each key of the schema is there in every document, null where the answer is not known. Amounts are exact
/// integers, rates and shares finite numbers, times RFC 3339, durations seconds; foreign strings are escaped by
/// printable(), so that the text is UTF-8 without control characters whatever the names were.
[[nodiscard]] std::string to_json(const report::Document& document);

}  // namespace leakscope::render::json
