#include "sources/sysfs/entry_source.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::sysfs {
namespace {

using model::Coverage;

constexpr Nanoseconds kListPeriod = std::chrono::seconds(30);

bool means_gone(const Error& error) { return error.kind == Error::Kind::kGone || error.kind == Error::Kind::kNotFound; }

}  // namespace

EntrySource::EntrySource(RootedDir root, const Spec& spec) : root_(std::move(root)), spec_(spec) {
  texts_.reserve(spec_.files.size());
}

Result<std::unique_ptr<Source>> EntrySource::open(const RootedDir& root, const Spec& spec) {
  auto own_root = root.open_dir("");
  if (!own_root) return std::unexpected(std::move(own_root.error()));
  std::unique_ptr<EntrySource> source(new EntrySource(std::move(*own_root), spec));
  if (auto listed = source->list_entries(nullptr); !listed) return std::unexpected(std::move(listed.error()));
  return source;
}

std::optional<std::int64_t> EntrySource::number_of(std::string_view name) const {
  if (!name.starts_with(spec_.prefix)) return std::nullopt;
  name.remove_prefix(spec_.prefix.size());
  if (!name.ends_with(spec_.suffix)) return std::nullopt;
  name.remove_suffix(spec_.suffix.size());
  const auto number = parse_number<std::int64_t>(name);
  if (!number || *number < 0 || (name.size() > 1 && name.starts_with('0'))) return std::nullopt;
  return number;
}

void EntrySource::retire(Entry& entry, model::SampleSink* sink) const {
  if (entry.subject && sink != nullptr) sink->retire(*entry.subject);
  entry.subject.reset();
}

Result<> EntrySource::list_entries(model::SampleSink* sink) {
  const auto names = root_.list(spec_.folder);
  if (!names) return std::unexpected(names.error());
  std::erase_if(entries_, [&](Entry& entry) {
    const bool gone = std::ranges::find(*names, entry.name) == names->end();
    if (gone) retire(entry, sink);
    return gone;
  });
  for (const std::string& name : *names) {
    const auto number = number_of(name);
    if (!number || std::ranges::find(entries_, name, &Entry::name) != entries_.end()) continue;
    Entry& entry = entries_.emplace_back();
    entry.name = name;
    entry.number = *number;
    for (const std::string_view file : spec_.files) {
      entry.files.emplace_back(root_, fmt::format("{}/{}/{}", spec_.folder, name, file));
    }
  }
  std::ranges::sort(entries_, {}, &Entry::number);
  return {};
}

model::SubjectId EntrySource::subject_of(Entry& entry, model::SampleSink& sink) const {
  if (!entry.subject) {
    std::string name = spec_.named_by_number ? fmt::format("{}", entry.number) : entry.name;
    entry.subject = sink.registry().intern(model::SubjectKey{spec_.kind, std::move(name), {}});
  }
  return *entry.subject;
}

bool EntrySource::sample_entry(Entry& entry, model::SampleSink& sink) {
  entry.failure.reset();
  texts_.clear();
  std::size_t gone = 0;
  for (HeldFile& file : entry.files) {
    const auto text = file.read(root_);
    texts_.push_back(text ? std::optional(*text) : std::nullopt);
    if (text) continue;
    if (means_gone(text.error())) ++gone;
    if (!entry.failure) entry.failure = text.error();
  }
  if (gone == entry.files.size()) return false;
  spec_.read(texts_, entry.number, subject_of(entry, sink), sink, faults_);
  return true;
}

Result<> EntrySource::sample(model::SampleSink& sink) {
  faults_.clear();
  const BootTime now = sink.time().boot;
  if (!listed_ || now - *listed_ >= kListPeriod) {
    list_failure_.reset();
    if (auto listed = list_entries(&sink); !listed) list_failure_ = std::move(listed.error());
    listed_ = now;
  }
  std::erase_if(entries_, [&](Entry& entry) {
    if (sample_entry(entry, sink)) return false;
    retire(entry, &sink);
    return true;
  });
  unread_fields_ += faults_.count();
  return {};
}

std::vector<Coverage> EntrySource::coverage() const {
  const std::string name(spec_.info.name);
  std::vector<Coverage> answer;
  if (list_failure_) answer.push_back(model::coverage_from_error(name, *list_failure_));
  for (const Entry& entry : entries_) {
    if (!entry.failure) continue;
    answer.push_back(model::coverage_from_error(name, *entry.failure));
    // A part of the entry is missing, the rest is there.
    if (answer.back().state == Coverage::State::kAbsent) answer.back().state = Coverage::State::kPartial;
  }
  if (const auto& first = faults_.first()) {
    std::string why = to_string(*first);
    if (faults_.count() > 1) why += fmt::format(" (and {} more)", faults_.count() - 1);
    answer.push_back({name, Coverage::State::kPartial, std::move(why), {}});
  }
  if (!answer.empty()) return answer;
  if (entries_.empty()) return {{name, Coverage::State::kAbsent, std::string(spec_.none), {}}};
  return {{name, Coverage::State::kOk, {}, {}}};
}

std::vector<model::Loss> EntrySource::losses() const {
  if (unread_fields_ == 0) return {};
  return {{std::string(spec_.info.name), "fields that could not be read", unread_fields_, 0}};
}

}  // namespace leakscope::sources::sysfs
