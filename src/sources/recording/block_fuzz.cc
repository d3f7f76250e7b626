#include <cstddef>
#include <cstdint>

#include "sources/recording/block_reader.h"

// Any bytes as the unpacked payload of a chunk: what a checksum would keep a fuzzer from reaching.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  const std::string payload(reinterpret_cast<const char*>(data), size);
  auto block = sources::recording::BlockReader::parse(payload);
  if (!block) return 0;
  model::Registry registry;
  model::Sample sample;
  for (int i = 0; i < 500 && block->row_at() < block->rows(); ++i) {
    if (i % 5 == 4) {
      block->skip(registry);
    } else {
      block->next(sample, registry);
    }
  }
  return 0;
}
