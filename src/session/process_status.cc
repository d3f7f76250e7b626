#include "session/status.h"
namespace leakscope::session {
Result<report::Document> process_status(const StatusOptions&, Pid) {
  return fail(Error::Kind::kUnsupported, "", "not yet");
}
}  // namespace leakscope::session
