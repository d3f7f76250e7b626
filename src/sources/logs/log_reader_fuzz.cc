#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sources/logs/log_reader.h"

// Any bytes as a log, without formats: lines, prefixes, times, separators, compression.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  UniqueFd scratch(::memfd_create("log", MFD_CLOEXEC));
  if (::write(scratch.get(), data, size) != static_cast<ssize_t>(size) || ::lseek(scratch.get(), 0, SEEK_SET) != 0)
    return 0;
  auto bytes = sources::logs::open_bytes(std::move(scratch), "fuzz");
  if (!bytes) return 0;
  std::vector<sources::logs::LogInput> inputs;
  inputs.push_back({"fuzz", std::move(*bytes)});
  sources::logs::LogReader reader(std::move(inputs), {}, std::make_shared<model::Registry>(),
                                  {.interval = {}, .guessed_year = 2026});
  model::Sample sample;
  while (reader.next(sample).value_or(false)) {
  }
  (void)reader.losses();
  (void)reader.coverage();
  return 0;
}
