#include "sources/recording/block_reader.h"

#include <string>
#include <utility>

namespace leakscope::sources::recording {

void BlockReader::retire(std::uint32_t row, bool interned, model::Registry& registry, model::Sample* sample) {
  for (std::size_t i = next_retired_; i < retired_.size() && retired_[i].row <= row; ++i) {
    const std::uint32_t number = retired_[i].subject;
    if (!subjects_.is_known(number) || subjects_.is_interned(number) != interned) continue;
    // One that was never needed in this block may live in the registry since an earlier one.
    std::optional<model::SubjectId> id = subjects_.find(number, registry);
    if (!id && sample != nullptr) id = subjects_.id(number, registry);
    if (!id || id->index == model::Registry::machine_id().index || registry.info(*id).retired) continue;
    registry.retire(*id);
    if (sample != nullptr) sample->retired.push_back(*id);
  }
}

void BlockReader::next(model::Sample& sample, model::Registry& registry) {
  sample.clear();
  sample.time = times_[row_];
  subjects_.reach(row_, registry);
  // Those known by now end before others are made known, which may have the same name.
  retire(row_, true, registry, &sample);
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
  retire(row_, false, registry, &sample);
  while (next_retired_ < retired_.size() && retired_[next_retired_].row <= row_) ++next_retired_;
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
  retire(row_, true, registry, nullptr);
  retire(row_, false, registry, nullptr);
  while (next_retired_ < retired_.size() && retired_[next_retired_].row <= row_) ++next_retired_;
  ++row_;
}

}  // namespace leakscope::sources::recording
