#include "session/redaction.h"

#include "sources/redaction/model_redaction.h"

namespace leakscope::session {

using sources::redaction::Pseudonyms;

Result<std::shared_ptr<const Pseudonyms>> pseudonyms(const std::optional<std::string>& key_file) {
  const auto key = key_file ? sources::redaction::key_from_file(*key_file) : sources::redaction::random_key();
  if (!key) return std::unexpected(key.error());
  return std::make_shared<const Pseudonyms>(*key);
}

void redact_recording(sources::recording::WriterOptions& options, const std::shared_ptr<const Pseudonyms>& names) {
  sources::redaction::redact(options.host, *names);
  options.veil.subject = [names](model::SubjectInfo& subject) { sources::redaction::redact(subject, *names); };
  options.veil.event = [names](model::Event& event) { sources::redaction::redact(event, *names); };
  options.veil.coverage = [names](model::Coverage& entry) { sources::redaction::redact(entry, *names); };
  options.veil.loss = [names](model::Loss& loss) { sources::redaction::redact(loss, *names); };
}

}  // namespace leakscope::session
