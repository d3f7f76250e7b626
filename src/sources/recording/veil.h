#pragma once

#include <functional>

#include "model/coverage.h"
#include "model/event.h"
#include "model/subject.h"

namespace leakscope::sources::recording {

/// What is done to everything with names in it before it is written (`record --redact`). Empty functions change
/// nothing. The same subject is always changed in the same way.
struct Veil {
  std::function<void(model::SubjectInfo&)> subject;
  std::function<void(model::Event&)> event;
  std::function<void(model::Coverage&)> coverage;
  std::function<void(model::Loss&)> loss;
};

}  // namespace leakscope::sources::recording
