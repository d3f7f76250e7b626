#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "sources/recording/recording_reader.h"

namespace {

using namespace leakscope;
constexpr std::size_t kLargestInPipe = 60'000;  // what a pipe takes without a reader

void read_some(Result<std::unique_ptr<sources::SampleStream>> stream) {
  if (!stream) return;
  model::Sample sample;
  for (int i = 0; i < 500; ++i) {
    if (!(*stream)->next(sample).value_or(false)) break;
  }
  (void)(*stream)->losses();
}

}  // namespace

// Any bytes as a recording, once as a file and once through a pipe.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sources::recording;
  UniqueFd file(::memfd_create("input", MFD_CLOEXEC));
  if (::write(file.get(), data, size) != static_cast<ssize_t>(size)) return 0;
  ReaderOptions options;
  options.last_boot_only = size % 2 == 0;
  read_some(open_recording(std::move(file), "input", std::make_shared<model::Registry>(), options));
  int ends[2];
  if (size > kLargestInPipe || ::pipe2(ends, O_CLOEXEC) != 0) return 0;
  const ssize_t put = ::write(ends[1], data, size);
  ::close(ends[1]);
  UniqueFd pipe(ends[0]);
  if (put == static_cast<ssize_t>(size)) {
    read_some(open_recording(std::move(pipe), "-", std::make_shared<model::Registry>()));
  }
  return 0;
}
