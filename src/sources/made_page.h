#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "sources/ring_buffer_page.h"

namespace leakscope::sources {

/// Builds pages of a ring buffer for tests, as kernel/trace/ring_buffer.c lays them out.
class MadePage {
 public:
  explicit MadePage(std::uint64_t time, RingPageLayout layout = {}) : layout_(layout), time_(time) {}

  MadePage& event(std::uint32_t delta, std::initializer_list<std::uint32_t> words) {
    return event(delta, std::vector<std::uint32_t>(words));
  }
  MadePage& event(std::uint32_t delta, const std::vector<std::uint32_t>& words) {
    const auto count = static_cast<std::uint32_t>(words.size());
    header(count <= 28 ? count : 0, delta);
    if (count == 0 || count > 28) word(4 * count + 4);
    for (const std::uint32_t value : words) word(value);
    return *this;
  }
  MadePage& header(std::uint32_t type, std::uint32_t delta) {
    return word(layout_.order == ByteOrder::kLittle ? type | (delta << 5U) : (type << 27U) | delta);
  }
  MadePage& word(std::uint32_t value) {
    put(data_, value, 4);
    return *this;
  }

  [[nodiscard]] std::vector<std::byte> bytes(std::uint64_t flags = 0) const {
    std::vector<std::byte> page;
    put(page, time_, 8);
    put(page, data_.size() | flags, layout_.commit_size);
    page.insert(page.end(), data_.begin(), data_.end());
    if ((flags & (1U << 30U)) != 0) put(page, 77, layout_.commit_size);
    page.resize(layout_.page_size);
    return page;
  }

 private:
  void put(std::vector<std::byte>& to, std::uint64_t value, std::size_t size) const {
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t shift = layout_.order == ByteOrder::kLittle ? i : size - 1 - i;
      to.push_back(static_cast<std::byte>(value >> (8 * shift)));
    }
  }

  RingPageLayout layout_;
  std::uint64_t time_;
  std::vector<std::byte> data_;
};

}  // namespace leakscope::sources
