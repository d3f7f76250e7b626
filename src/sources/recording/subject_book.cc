#include "sources/recording/subject_book.h"

#include <algorithm>

#include "sources/recording/byte_stream.h"

namespace leakscope::sources::recording {

std::size_t SubjectBook::bucket(model::SubjectId subject) const {
  const std::size_t mask = buckets_.size() - 1;
  std::size_t at = subject.index * std::size_t{0x9E3779B97F4A7C15U} >> 20U & mask;
  while (buckets_[at] != kNone && entries_[buckets_[at]].subject != subject) at = (at + 1) & mask;
  return at;
}

void SubjectBook::grow(std::size_t buckets) {
  buckets_.assign(buckets, kNone);
  for (std::uint32_t number = 0; number < entries_.size(); ++number) {
    buckets_[bucket(entries_[number].subject)] = number;
  }
}

std::optional<std::uint32_t> SubjectBook::touch(model::SubjectId subject) {
  const std::size_t at = bucket(subject);
  if (buckets_[at] != kNone) return buckets_[at];
  if (entries_.size() == kMaxSubjects) return std::nullopt;
  const auto number = static_cast<std::uint32_t>(entries_.size());
  entries_.emplace_back().subject = subject;
  buckets_[at] = number;
  if (entries_.size() * 2 > buckets_.size()) grow(buckets_.size() * 2);
  return number;
}

void SubjectBook::retire(model::SubjectId subject) {
  if (const auto number = touch(subject)) entries_[*number].retired = true;
}

// Record: kind, name, flags, [pid, start], cgroup, container, executable, detail, [parent]; strings by index.
void SubjectBook::describe(const model::SubjectInfo& info, StringTable& strings) {
  scratch_.clear();
  ByteWriter writer(scratch_);
  const auto parent = info.parent ? touch(*info.parent) : std::nullopt;
  writer.varint(strings.index(model::to_string(info.key.kind)));
  writer.varint(strings.index(info.key.name));
  writer.u8(static_cast<std::uint8_t>((info.key.process ? kSubjectIsProcess : 0U) | (parent ? kSubjectHasParent : 0U)));
  if (info.key.process) {
    writer.signed_varint(info.key.process->pid.value);
    writer.varint(info.key.process->start.ticks);
  }
  for (const std::string* text : {&info.cgroup, &info.container, &info.executable, &info.detail}) {
    writer.varint(strings.index(*text));
  }
  if (parent) writer.varint(*parent);
}

void SubjectBook::note(const model::Registry& registry, std::uint32_t row, StringTable& strings,
                       const std::function<void(model::SubjectInfo&)>& veil) {
  // Parents join the list while it is walked, so entries are addressed by number.
  for (std::uint32_t number = 0; number < entries_.size(); ++number) {
    if (entries_[number].settled) continue;
    model::SubjectInfo info = registry.info(entries_[number].subject);
    if (veil) veil(info);
    describe(info, strings);
    Entry& entry = entries_[number];
    entry.settled = entry.retired;
    if (entry.noted && text(entry.newest) == scratch_) continue;
    const Record record{records_.size(), scratch_.size()};
    records_ += scratch_;
    if (entry.noted) {
      changes_.push_back({number, row, record});
    } else {
      entry.first = record;
    }
    entry.newest = record;
    entry.noted = true;
  }
}

void SubjectBook::encode(std::string& out) const {
  ByteWriter writer(out);
  writer.varint(entries_.size());
  for (const Entry& entry : entries_) out += text(entry.first);
  writer.varint(changes_.size());
  for (const Change& change : changes_) {
    writer.varint(change.number);
    writer.varint(change.row);
    out += text(change.record);
  }
}

void SubjectBook::clear() {
  entries_.clear();
  std::ranges::fill(buckets_, kNone);
  changes_.clear();
  records_.clear();
}

}  // namespace leakscope::sources::recording
