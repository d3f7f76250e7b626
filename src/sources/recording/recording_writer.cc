#include "sources/recording/recording_writer.h"

#include <utility>

#include "sources/recording/writer_session.h"

namespace leakscope::sources::recording {

RecordingWriter::RecordingWriter(std::unique_ptr<Session> session) : session_(std::move(session)) {}
RecordingWriter::RecordingWriter(RecordingWriter&&) noexcept = default;
RecordingWriter& RecordingWriter::operator=(RecordingWriter&&) noexcept = default;
RecordingWriter::~RecordingWriter() = default;

Result<RecordingWriter> RecordingWriter::create(const std::string& path, WriterOptions options) {
  if (options.max_size && *options.max_size < kMinMaxSize) {
    return fail(Error::Kind::kUsage, path, "a recording needs a size limit of at least " + to_human(kMinMaxSize));
  }
  auto file = RecordingFile::open(path, options.existing);
  if (!file) return std::unexpected(file.error());
  file->set_sync(options.sync);
  auto session = std::make_unique<Session>(std::move(options), std::move(*file), UniqueFd());
  if (const auto begun = session->begin(); !begun) return std::unexpected(begun.error());
  return RecordingWriter(std::move(session));
}

Result<RecordingWriter> RecordingWriter::create(UniqueFd stream, WriterOptions options) {
  if (options.max_size) return fail(Error::Kind::kUsage, "-", "a stream cannot be limited in size");
  auto session = std::make_unique<Session>(std::move(options), std::nullopt, std::move(stream));
  if (const auto begun = session->begin(); !begun) return std::unexpected(begun.error());
  return RecordingWriter(std::move(session));
}

Result<> RecordingWriter::add(const model::Sample& sample, const model::Registry& registry) {
  return session_->add(sample, registry);
}
void RecordingWriter::set_state(std::vector<model::Coverage> coverage, std::vector<model::Loss> losses) {
  session_->set_state(std::move(coverage), std::move(losses));
}
Result<> RecordingWriter::flush(const model::Registry& registry) { return session_->flush(registry); }
Result<> RecordingWriter::finish(const model::Registry& registry) { return session_->finish(registry); }
WriterStats RecordingWriter::stats() const { return session_->stats(); }
bool RecordingWriter::is_stream() const { return session_->is_stream(); }
std::vector<std::string> RecordingWriter::notes() const { return session_->notes(); }

}  // namespace leakscope::sources::recording
