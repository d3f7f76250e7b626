#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <span>
#include <utility>

#include "base/error.h"

namespace leakscope::sources::kmem_bpf {

/// A BPF array (BPF_F_MMAPABLE) in our own memory: programs write it while it is read.
template <class T>
class MappedArray {
  static_assert(sizeof(T) % 8 == 0, "the kernel rounds each element up to 8 bytes");

 public:
  MappedArray() = default;
  MappedArray(MappedArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  MappedArray& operator=(MappedArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }
  MappedArray(const MappedArray&) = delete;
  MappedArray& operator=(const MappedArray&) = delete;
  ~MappedArray() {
    if (data_ != nullptr) ::munmap(data_, length(count_));
  }

  [[nodiscard]] static Result<MappedArray> map(int map_fd, std::size_t count) {
    void* memory = ::mmap(nullptr, length(count), PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
    if (memory == MAP_FAILED) return std::unexpected(error_from_errno(errno, "BPF array", "map"));
    MappedArray array;
    array.data_ = static_cast<T*>(memory);
    array.count_ = count;
    return array;
  }

  [[nodiscard]] std::span<T> elements() const { return {data_, count_}; }

 private:
  static std::size_t length(std::size_t count) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return (count * sizeof(T) + page - 1) / page * page;
  }

  T* data_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace leakscope::sources::kmem_bpf
