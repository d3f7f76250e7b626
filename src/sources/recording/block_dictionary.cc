#include "sources/recording/block_dictionary.h"

#include <algorithm>
#include <limits>

namespace leakscope::sources::recording {
namespace {

// Processes have groups and cgroups cgroups above them; deeper chains are made by an enemy.
constexpr int kMaxDepth = 64;
// Of every count the first allocation is bounded by what the bytes could hold at all.
std::size_t plausible(std::uint64_t count, const ByteCursor& cursor) {
  return static_cast<std::size_t>(std::min<std::uint64_t>(count, cursor.rest().size()));
}

}  // namespace

std::optional<BlockStrings> BlockStrings::parse(std::string_view section) {
  ByteCursor cursor(section);
  const auto count = cursor.varint_up_to(kMaxStrings);
  if (!count) return std::nullopt;
  BlockStrings strings;
  strings.texts_.reserve(plausible(*count, cursor));
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto text = cursor.bytes();
    if (!text || text->size() > kMaxStringSize) return std::nullopt;
    strings.texts_.push_back(*text);
  }
  return strings;
}

std::optional<std::string_view> BlockStrings::take(ByteCursor& cursor) const {
  const auto index = cursor.varint();
  if (!index || *index >= texts_.size()) return std::nullopt;
  return texts_[*index];
}

std::optional<BlockSubjects::Record> BlockSubjects::take_record(ByteCursor& cursor, const BlockStrings& strings,
                                                                std::uint64_t subjects) {
  const auto kind = strings.take(cursor);
  const auto name = strings.take(cursor);
  const auto flags = cursor.u8();
  if (!kind || !name || !flags) return std::nullopt;
  Record record;
  record.kind = model::subject_kind_from_string(*kind);
  record.name = *name;
  if ((*flags & kSubjectIsProcess) != 0) {
    const auto pid = cursor.signed_varint();
    const auto start = cursor.varint();
    if (!pid || !start || *pid < std::numeric_limits<std::int32_t>::min() ||
        *pid > std::numeric_limits<std::int32_t>::max()) {
      return std::nullopt;
    }
    record.process = ProcessId{Pid{static_cast<std::int32_t>(*pid)}, StartTime{*start}};
  }
  for (std::string_view* text : {&record.cgroup, &record.container, &record.executable, &record.detail}) {
    const auto taken = strings.take(cursor);
    if (!taken) return std::nullopt;
    *text = *taken;
  }
  if ((*flags & kSubjectHasParent) != 0) {
    const auto parent = cursor.varint();
    if (!parent || *parent >= subjects) return std::nullopt;
    record.parent = static_cast<std::uint32_t>(*parent);
  }
  return record;
}

std::optional<BlockSubjects> BlockSubjects::parse(std::string_view section, const BlockStrings& strings) {
  ByteCursor cursor(section);
  const auto count = cursor.varint_up_to(kMaxSubjects);
  if (!count) return std::nullopt;
  BlockSubjects subjects;
  subjects.subjects_.reserve(plausible(*count, cursor));
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto record = take_record(cursor, strings, *count);
    if (!record) return std::nullopt;
    subjects.text_size_ += record->text_size();
    if (subjects.text_size_ > kMaxExpandedText) return std::nullopt;
    subjects.subjects_.push_back({*record, std::nullopt});
  }
  const auto changes = cursor.varint();
  if (!changes) return std::nullopt;
  for (std::uint64_t i = 0; i < *changes; ++i) {
    const auto number = cursor.varint();
    const auto row = cursor.varint_up_to(kMaxRows);
    if (!number || *number >= *count || !row) return std::nullopt;
    const auto record = take_record(cursor, strings, *count);
    if (!record) return std::nullopt;
    subjects.text_size_ += record->text_size();
    if (subjects.text_size_ > kMaxExpandedText) return std::nullopt;
    subjects.changes_.push_back({static_cast<std::uint32_t>(*number), static_cast<std::uint32_t>(*row), *record});
  }
  return subjects;
}

model::SubjectInfo BlockSubjects::info_of(const Record& record, model::Registry& registry, int depth) {
  model::SubjectInfo info;
  info.key.kind = record.kind.value_or(model::SubjectKind::kMachine);
  info.key.name = record.name;
  info.key.process = record.process;
  info.cgroup = record.cgroup;
  info.container = record.container;
  info.executable = record.executable;
  info.detail = record.detail;
  if (record.parent && depth < kMaxDepth && is_known(*record.parent) && !subjects_[*record.parent].interning) {
    info.parent = id_of(*record.parent, registry, depth + 1);
  }
  return info;
}

model::SubjectId BlockSubjects::id_of(std::uint32_t number, model::Registry& registry, int depth) {
  Subject& subject = subjects_[number];
  if (subject.id) return *subject.id;
  subject.interning = true;
  subject.id = registry.intern(info_of(subject.newest, registry, depth));
  subject.interning = false;
  return *subject.id;
}

model::SubjectId BlockSubjects::id(std::uint32_t number, model::Registry& registry) {
  return id_of(number, registry, 0);
}

std::optional<model::SubjectId> BlockSubjects::find(std::uint32_t number, const model::Registry& registry) const {
  const Subject& subject = subjects_[number];
  if (subject.id) return subject.id;
  if (!subject.newest.kind) return std::nullopt;
  return registry.find({*subject.newest.kind, std::string(subject.newest.name), subject.newest.process});
}

void BlockSubjects::reach(std::uint32_t row, model::Registry& registry) {
  for (; reached_ < changes_.size() && changes_[reached_].row <= row; ++reached_) {
    const Change& change = changes_[reached_];
    Subject& subject = subjects_[change.number];
    if (!subject.newest.kind || !change.record.kind) continue;
    subject.newest = change.record;
    if (subject.id) registry.update(*subject.id, info_of(subject.newest, registry, 0));
  }
}

}  // namespace leakscope::sources::recording
