#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "session/site_document.h"

namespace leakscope::session {

/// What is traced, and how its profile is looked at: live and from recorded traces.
struct TraceOptions {
  Nanoseconds older = std::chrono::seconds(5);  ///< younger objects may well be freed yet
  bool pages = false;
  bool percpu = false;
  bool vmalloc = false;
  ProfileView view;
};

}  // namespace leakscope::session
