#include "model/coverage.h"

#include <utility>

namespace leakscope::model {

std::string_view to_string(Coverage::State state) {
  switch (state) {
    case Coverage::State::kOk:
      return "ok";
    case Coverage::State::kAbsent:
      return "absent";
    case Coverage::State::kDenied:
      return "denied";
    case Coverage::State::kPartial:
      return "partial";
  }
  return "partial";
}

Coverage coverage_from_error(std::string source, const Error& error, std::string remedy) {
  Coverage::State state = Coverage::State::kPartial;
  if (error.kind == Error::Kind::kDenied) state = Coverage::State::kDenied;
  if (error.kind == Error::Kind::kNotFound || error.kind == Error::Kind::kUnsupported) state = Coverage::State::kAbsent;
  if (remedy.empty()) remedy = error.hint;
  Error reason = error;
  if (reason.hint == remedy) reason.hint.clear();  // what helps is told once, as the remedy
  return Coverage{std::move(source), state, to_string(reason), std::move(remedy)};
}

}  // namespace leakscope::model
