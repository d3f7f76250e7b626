#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include "sources/recording/made_samples.h"

namespace {
// Counts what this thread allocates; there is no other way to see an allocation from outside.
thread_local std::size_t allocations = 0;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace leakscope::sources::recording {
namespace {

TEST(Allocation, AddingASampleAllocatesNothingOnceWarm) {
  ScratchDir scratch;
  MadeMachine machine(1);
  WriterOptions options = machine.options();
  options.block_length = std::chrono::minutes(10);
  auto writer = RecordingWriter::create(scratch.file("r"), options);
  ASSERT_TRUE(writer);
  std::size_t quiet = 0;
  for (int i = 0; i < 1000; ++i) {
    machine.next_calm(100);
    const std::uint64_t written = writer->stats().bytes_written;
    const std::size_t before = allocations;
    const auto added = writer->add(machine.sample, machine.registry);
    const std::size_t during = allocations - before;
    ASSERT_TRUE(added);
    if (writer->stats().bytes_written != written || i < 400) continue;  // flushed, or still warming up
    ++quiet;
    ASSERT_EQ(during, 0U) << "sample " << i;
  }
  EXPECT_GT(quiet, 450U);
}

}  // namespace
}  // namespace leakscope::sources::recording
