#include "sources/kernel_counters/held_file.h"

#include <utility>

namespace leakscope::sources::kernel_counters {
namespace {

constexpr unsigned kReadsBetweenLooks = 30;

}  // namespace

HeldFile::HeldFile(const RootedDir& root, std::string_view source, std::string_view path)
    : root_(root), source_(source), path_(path), name_(root.display(path)) {
  try_open();
}

void HeldFile::try_open() {
  auto fd = root_.open_file(path_);
  if (fd) {
    fd_ = std::move(*fd);
    error_.reset();
  } else {
    error_ = std::move(fd.error());
  }
}

std::optional<std::string_view> HeldFile::read() {
  if (!fd_.is_open() && ++reads_ % kReadsBetweenLooks == 0) try_open();
  if (!fd_.is_open()) return std::nullopt;
  const auto text = read_whole(fd_.get(), buffer_, name_);
  if (!text) {
    // The file's module may have been unloaded: what it is now is seen at the next look.
    error_ = text.error();
    fd_.reset();
    return std::nullopt;
  }
  error_.reset();
  return *text;
}

void HeldFile::refuse(const Error& error) {
  error_ = error;
  if (error_->where.empty()) error_->where = name_;
}

model::Coverage HeldFile::coverage() const {
  if (error_) {
    return model::coverage_from_error(source_, *error_, error_->kind == Error::Kind::kDenied ? "Run as root" : "");
  }
  return {.source = source_, .state = model::Coverage::State::kOk, .why = {}, .remedy = {}};
}

}  // namespace leakscope::sources::kernel_counters
