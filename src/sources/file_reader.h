#pragma once

#include <functional>
#include <string_view>

#include "base/error.h"
#include "model/sample.h"
#include "sources/parse_faults.h"

namespace leakscope::sources {

/// Parses one file of /proc, puts what it gave into the sink and names in `faults` what it could not read. An error
/// means that it put nothing. It may keep state (reused buffers, interned subjects): live sources and logs read by the
/// same one.
using FileReader = std::function<Result<>(std::string_view text, model::SampleSink& sink, ParseFaults& faults)>;

}  // namespace leakscope::sources
