#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "sources/heap/heap_range.h"
#include "sources/heap/main_heap.h"

namespace {

class Bytes final : public leakscope::sources::heap::MemoryReader {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool read(std::uint64_t address, std::span<std::byte> out) override {
    if (address > size_ || out.size() > size_ - address) return false;
    std::memcpy(out.data(), data_ + address, out.size());
    return true;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace heap = leakscope::sources::heap;
  (void)heap::find_heaps(std::string_view(reinterpret_cast<const char*>(data), size));
  Bytes memory(data, size);
  const auto walked = heap::walk_main_heap({0, size / 16 * 16}, memory);
  if (walked && walked->bytes + walked->cached_bytes + walked->free_bytes != size / 16 * 16) __builtin_trap();
  return 0;
}
