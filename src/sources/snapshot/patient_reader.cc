#include "sources/snapshot/patient_reader.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace leakscope::sources::snapshot {

struct PatientReader::Worker {
  std::shared_ptr<const RootedDir> root;
  std::mutex mutex;
  std::condition_variable changed;
  std::string path;
  std::size_t limit = 0;
  bool asked = false;
  bool over = false;
  std::optional<Result<std::string>> answer;
};

PatientReader::PatientReader(std::shared_ptr<const RootedDir> root, Nanoseconds patience, std::size_t most_stuck)
    : root_(std::move(root)), patience_(patience), stuck_left_(most_stuck) {}

PatientReader::~PatientReader() {
  if (!worker_) return;
  const std::scoped_lock lock(worker_->mutex);
  worker_->over = true;
  worker_->changed.notify_all();
}

void PatientReader::work(const std::shared_ptr<Worker>& worker) {
  FileBuffer buffer;
  std::unique_lock lock(worker->mutex);
  for (;;) {
    worker->changed.wait(lock, [&] { return worker->asked || worker->over; });
    if (worker->over) return;
    worker->asked = false;
    lock.unlock();
    const auto text = worker->root->read(worker->path, buffer, worker->limit);
    Result<std::string> answer =
        text ? Result<std::string>(std::string(*text)) : Result<std::string>(std::unexpected(text.error()));
    lock.lock();
    worker->answer = std::move(answer);
    worker->changed.notify_all();
  }
}

Result<std::string> PatientReader::read(const std::string& relative, std::size_t limit) {
  if (stuck_left_ == 0) {
    return fail(Error::Kind::kTimeout, root_->display(relative),
                "was not tried: too many files before it did not answer");
  }
  if (!worker_) {
    worker_ = std::make_shared<Worker>();
    worker_->root = root_;
    std::thread([worker = worker_] { work(worker); }).detach();
  }
  std::unique_lock lock(worker_->mutex);
  worker_->path = relative;
  worker_->limit = limit;
  worker_->asked = true;
  worker_->answer.reset();
  worker_->changed.notify_all();
  if (worker_->changed.wait_for(lock, patience_, [&] { return worker_->answer.has_value(); })) {
    return *std::move(worker_->answer);
  }
  worker_->over = true;
  lock.unlock();
  worker_.reset();
  --stuck_left_;
  return fail(Error::Kind::kTimeout, root_->display(relative),
              fmt::format("did not answer within {}", to_human(patience_)));
}

}  // namespace leakscope::sources::snapshot
