#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "sources/trace_dat/trace_dat.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  UniqueFd file(::memfd_create("trace.dat", MFD_CLOEXEC));
  if (!file.is_open() || ::write(file.get(), data, size) != static_cast<ssize_t>(size)) return 0;
  auto stream = sources::trace_dat::open_trace_dat(std::move(file), "input");
  if (!stream) return 0;
  std::uint64_t last = 0;
  for (;;) {
    const auto events = (*stream)->next();
    if (!events || events->empty()) break;
    for (const model::KmemEvent& event : *events) {
      if (event.time < last || event.address == 0) __builtin_trap();
      last = event.time;
      (void)(*stream)->stacks().frames(event.stack);
      (void)(*stream)->names().name(event.comm);
    }
  }
  (void)(*stream)->losses();
  (void)(*stream)->coverage();
  return 0;
}
