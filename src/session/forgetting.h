#pragma once

#include <algorithm>
#include <deque>
#include <span>

#include "model/sample.h"

namespace leakscope::session {

/// Lets the registry forget subjects that ended: the writer has asked for what is known of them by its second flush
/// after their end, and sources that run beside have given up their readings by then.
class Forgetting {
 public:
  explicit Forgetting(Nanoseconds interval) : delay_(std::max<Nanoseconds>(std::chrono::minutes(2), 4 * interval)) {}

  /// `ended` ended by `now`.
  void take(BootTime now, std::span<const model::SubjectId> ended, model::Registry& registry) {
    for (const model::SubjectId subject : ended) ended_.push_back({now, subject});
    while (!ended_.empty() && now - ended_.front().time > delay_) {
      registry.forget(ended_.front().subject);
      ended_.pop_front();
    }
  }

 private:
  struct Ended {
    BootTime time;
    model::SubjectId subject;
  };
  Nanoseconds delay_;
  std::deque<Ended> ended_;
};

}  // namespace leakscope::session
