#include "findings/judge.h"

#include "analysis/trend/trend.h"
#include "findings/judging.h"

namespace leakscope::findings {

Judged judge(const model::Observation& observation, const JudgeOptions& options) {
  return judge_with(observation, options,
                    [](std::span<const model::Point> series, const analysis::trend::Options& with) {
                      return analysis::trend::judge(series, with);
                    });
}

}  // namespace leakscope::findings
