#include "sources/heap/process_memory.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace leakscope::sources::heap {
namespace {

constexpr std::uint64_t kPresent = std::uint64_t{1} << 63U;

}  // namespace

ProcessMemory::ProcessMemory(UniqueFd memory, UniqueFd page_map, PageSize page_size)
    : memory_(std::move(memory)),
      page_map_(std::move(page_map)),
      page_size_(static_cast<std::uint64_t>(page_size.bytes)),
      buffer_(kPages * static_cast<std::size_t>(page_size.bytes)) {}

bool ProcessMemory::read(std::uint64_t address, std::span<std::byte> out) {
  while (!out.empty()) {
    if (address < first_ || address >= first_ + length_) {
      if (!load(address)) return false;
    }
    const std::size_t offset = address - first_;
    const std::size_t some = std::min<std::size_t>(out.size(), length_ - offset);
    std::memcpy(out.data(), buffer_.data() + offset, some);
    out = out.subspan(some);
    address += some;
  }
  return true;
}

// The page of the address and those behind it, as far as they are in RAM.
bool ProcessMemory::load(std::uint64_t address) {
  length_ = 0;
  first_ = address / page_size_ * page_size_;
  std::array<std::uint64_t, kPages> entries{};
  const auto at = static_cast<off_t>(first_ / page_size_ * sizeof(std::uint64_t));
  const ssize_t got = ::pread(page_map_.get(), entries.data(), sizeof(entries), at);
  if (got < 0) denied_ = denied_ || errno == EPERM || errno == EACCES;
  if (got < static_cast<ssize_t>(sizeof(std::uint64_t))) return false;
  std::size_t pages = 0;
  const std::size_t known = static_cast<std::size_t>(got) / sizeof(std::uint64_t);
  while (pages < known && (entries[pages] & kPresent) != 0) ++pages;
  if (pages == 0) return false;
  const ssize_t bytes = ::pread(memory_.get(), buffer_.data(), pages * page_size_, static_cast<off_t>(first_));
  if (bytes < 0) denied_ = denied_ || errno == EPERM || errno == EACCES;
  if (bytes <= 0) return false;
  length_ = static_cast<std::uint64_t>(bytes);
  return address < first_ + length_;
}

}  // namespace leakscope::sources::heap
