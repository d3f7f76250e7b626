#include "sources/recording/block_reader.h"

#include <string>
#include <utility>

namespace leakscope::sources::recording {

void BlockReader::retire(model::Registry& registry, model::Sample* sample) {
  for (; next_retired_ < retired_.size() && retired_[next_retired_].row <= row_; ++next_retired_) {
    const std::uint32_t number = retired_[next_retired_].subject;
    if (!subjects_.is_known(number)) continue;
    // One that was never needed in this block may live in the registry since an earlier one. What this row says of it
    // belongs to that one; rows that are skipped say nothing.
    const std::optional<model::SubjectId> id =
        sample != nullptr ? subjects_.id(number, registry) : subjects_.find(number, registry);
    if (!id || id->index == model::Registry::machine_id().index || registry.info(*id).retired) continue;
    registry.retire(*id);
    if (sample != nullptr) sample->retired.push_back(*id);
  }
}

void BlockReader::next(model::Sample& sample, model::Registry& registry) {
  sample.clear();
  sample.time = times_[row_];
  subjects_.reach(row_, registry);
  // They end before others are made known, which may have the same name.
  retire(registry, &sample);
  for (Column& column : columns_) {
    if (column.cursor.row() != row_) continue;
    sample.readings.push_back({subjects_.id(column.subject, registry), column.metric, column.cursor.value()});
    column.cursor.advance(payload_);
    if (column.cursor.damaged()) ++damaged_;
  }
  for (; next_event_ < events_.size() && events_[next_event_].row <= row_; ++next_event_) {
    const EventAt& event = events_[next_event_];
    std::optional<model::SubjectId> subject;
    if (event.subject && subjects_.is_known(*event.subject)) subject = subjects_.id(*event.subject, registry);
    sample.events.push_back({event.time, event.kind, subject, std::string(event.text)});
  }
  ++row_;
}

void BlockReader::skip(model::Registry& registry) {
  subjects_.reach(row_, registry);
  for (Column& column : columns_) {
    if (column.cursor.row() != row_) continue;
    column.cursor.advance(payload_);
    if (column.cursor.damaged()) ++damaged_;
  }
  while (next_event_ < events_.size() && events_[next_event_].row <= row_) ++next_event_;
  retire(registry, nullptr);
  ++row_;
}

}  // namespace leakscope::sources::recording
