#pragma once

#include "model/coverage.h"
#include "model/event.h"
#include "model/host.h"
#include "model/subject.h"
#include "sources/redaction/pseudonyms.h"

namespace leakscope::sources::redaction {

// What a recording keeps beside figures, under pseudonyms. Names of slab caches, vmalloc callers, modules and other
// things of the kernel stay: without them nothing could be said.

void redact(model::SubjectInfo& subject, const Pseudonyms& names);
void redact(model::Event& event, const Pseudonyms& names);
void redact(model::Coverage& entry, const Pseudonyms& names);
void redact(model::Loss& loss, const Pseudonyms& names);
void redact(model::Host& host, const Pseudonyms& names);

}  // namespace leakscope::sources::redaction
