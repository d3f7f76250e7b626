#pragma once

#include "model/profile.h"
#include "render/json/value.h"

namespace leakscope::render::json {

/// What the sites are about: population, unit, window, sampling.
[[nodiscard]] Json profile(const model::Profile& profile);
/// The sites, as scripts know them: every key is always there.
[[nodiscard]] Json sites(const model::Profile& profile);

}  // namespace leakscope::render::json
