#pragma once

#include "findings/facts.h"
#include "findings/judge.h"

namespace leakscope::findings {

/// judge() with the judgement of a single series as a parameter.
[[nodiscard]] Judged judge_with(const model::Observation& observation, const JudgeOptions& options,
                                const SeriesJudge& judge_series);

}  // namespace leakscope::findings
