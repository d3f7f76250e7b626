#pragma once

#include <chrono>
#include <cmath>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/printable.h"
#include "base/process_id.h"
#include "base/time.h"
#include "report/document.h"

namespace leakscope::render::json {

using Json = nlohmann::ordered_json;

// The overloads of value() are the one place where our types become JSON.

inline Json value(std::int64_t number) { return number; }
inline Json value(Bytes bytes) { return bytes.count(); }
inline Json value(double number) { return std::isfinite(number) ? Json(number) : Json(nullptr); }
inline Json value(Nanoseconds duration) { return value(std::chrono::duration<double>(duration).count()); }
inline Json value(const Moment& moment) { return to_rfc3339(moment.wall); }
/// Ticks of 1/100 s become seconds since boot, which a double holds exactly enough to tell two processes apart.
inline Json value(StartTime start) {
  if (!start.known()) return nullptr;
  return static_cast<double>(start.ticks) / 100;
}
inline Json value(const findings::Interval& interval) {
  return {{"lower", value(interval.lower)}, {"point", value(interval.point)}, {"upper", value(interval.upper)}};
}
inline Json value(const findings::Finding::Eta& eta);

/// An enumerator by its word.
template <class Enum>
  requires std::is_enum_v<Enum>
inline Json value(Enum enumerator) {
  return std::string(to_string(enumerator));
}

template <class T>
inline Json value(const std::optional<T>& maybe) {
  return maybe ? value(*maybe) : Json(nullptr);
}

inline Json value(const findings::Finding::Eta& eta) {
  return {{"lower", value(eta.lower)}, {"upper", value(eta.upper)}};
}

/// A string that may come from anywhere.
inline Json foreign(std::string_view text) { return printable(text); }
/// The same where an empty string stands for "not known".
inline Json foreign_or_null(std::string_view text) { return text.empty() ? Json(nullptr) : foreign(text); }

template <class Range, class Function>
Json array_of(const Range& range, Function function) {
  Json array = Json::array();
  for (const auto& element : range) array.push_back(function(element));
  return array;
}

}  // namespace leakscope::render::json
