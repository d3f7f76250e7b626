#include "sources/procfs/file_source.h"

#include <sys/vfs.h>

#include <utility>

#include <fmt/format.h>

namespace leakscope::sources::procfs {

using model::Coverage;

FileSource::FileSource(RootedDir root, Spec spec, Reader reader)
    : root_(std::move(root)),
      spec_(std::move(spec)),
      reader_(std::move(reader)),
      file_(root_, std::string(spec_.path)) {}

Result<std::unique_ptr<Source>> FileSource::open(const RootedDir& root, Spec spec, Reader reader) {
  auto own_root = root.open_dir("");
  if (!own_root) return std::unexpected(std::move(own_root.error()));
  std::unique_ptr<FileSource> source(new FileSource(std::move(*own_root), std::move(spec), std::move(reader)));
  const auto text = source->file_.read(source->root_);
  if (!text) {
    Error error = text.error();
    if (error.hint.empty()) error.hint = source->remedy_of(error);
    return std::unexpected(std::move(error));
  }
  struct statfs file_system{};
  if (::fstatfs(source->file_.fd(), &file_system) == 0) {
    if (auto note = faked_file_note(static_cast<std::uint64_t>(file_system.f_type))) {
      source->spec_.notes.push_back(std::move(*note));
    }
  }
  return source;
}

std::string_view FileSource::remedy_of(const Error& error) const {
  using Kind = Error::Kind;
  const bool opens = error.kind == Kind::kNotFound || error.kind == Kind::kUnsupported || error.kind == Kind::kDenied;
  return opens ? spec_.remedy : "";
}

std::unexpected<Error> FileSource::note_failure(Error error) {
  ++failed_samples_;
  failure_ = error;
  return std::unexpected(std::move(error));
}

Result<> FileSource::sample(model::SampleSink& sink) {
  ++samples_;
  failure_.reset();
  faults_.clear();
  const auto text = file_.read(root_);
  if (!text) return note_failure(text.error());
  auto done = reader_(*text, sink, faults_);
  unread_fields_ += faults_.count();
  if (!done) {
    done.error().where = file_.display();
    return note_failure(std::move(done.error()));
  }
  return {};
}

std::vector<Coverage> FileSource::coverage() const {
  const std::string name(spec_.info.name);
  std::vector<Coverage> entries;
  if (failure_) {
    entries.push_back(model::coverage_from_error(name, *failure_, std::string(remedy_of(*failure_))));
  } else if (const auto& first = faults_.first()) {
    Error error = *first;
    error.where = file_.display();
    std::string why = to_string(error);
    if (faults_.count() > 1) why += fmt::format(" (and {} more)", faults_.count() - 1);
    entries.push_back({name, Coverage::State::kPartial, std::move(why), {}});
  }
  for (const std::string& note : spec_.notes) entries.push_back({name, Coverage::State::kPartial, note, {}});
  if (entries.empty()) entries.push_back({name, Coverage::State::kOk, {}, {}});
  return entries;
}

std::vector<model::Loss> FileSource::losses() const {
  const std::string name(spec_.info.name);
  std::vector<model::Loss> losses;
  if (failed_samples_ > 0) losses.push_back({name, "samples that could not be read", failed_samples_, samples_});
  if (unread_fields_ > 0) losses.push_back({name, "fields that could not be read", unread_fields_, 0});
  return losses;
}

std::optional<std::string> faked_file_note(std::uint64_t file_system_type) {
  constexpr std::uint64_t kFuse = 0x65735546;  // FUSE_SUPER_MAGIC
  if (file_system_type != kFuse) return std::nullopt;
  return "comes from a FUSE file system (lxcfs), so it shows the limits of a container and not the machine";
}

}  // namespace leakscope::sources::procfs
