#include "sources/kernel_counters/counter_file.h"

namespace leakscope::sources::kernel_counters {
namespace {

constexpr unsigned kReadsBetweenLooks = 30;

}  // namespace

CounterFile::CounterFile(const RootedDir& root, std::string_view source, std::string_view path)
    : root_(root), source_(source), file_(root, std::string(path)) {
  (void)look();
}

std::optional<std::string_view> CounterFile::look() {
  const auto text = file_.read(root_);
  if (!text) {
    error_ = text.error();
    return std::nullopt;
  }
  error_.reset();
  return *text;
}

std::optional<std::string_view> CounterFile::read() {
  // The file's module may have been unloaded, or not yet loaded.
  if (!is_open() && ++reads_ % kReadsBetweenLooks != 0) return std::nullopt;
  return look();
}

void CounterFile::refuse(const Error& error) {
  error_ = error;
  if (error_->where.empty()) error_->where = file_.display();
}

model::Coverage CounterFile::coverage() const {
  if (error_) {
    return model::coverage_from_error(source_, *error_, error_->kind == Error::Kind::kDenied ? "run as root" : "");
  }
  return {.source = source_, .state = model::Coverage::State::kOk, .why = {}, .remedy = {}};
}

}  // namespace leakscope::sources::kernel_counters
