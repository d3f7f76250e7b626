#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sources/event_format.h"

namespace leakscope::sources::trace_dat {

/// Writes a trace.dat of version 6 for tests, of any byte order and width.
class MadeDat {
 public:
  MadeDat(ByteOrder order, std::size_t long_size) : order_(order), long_size_(long_size) {
    put_text(std::string_view("\x17\x08\x44tracing6\0", 12));
    put(order == ByteOrder::kBig ? 1 : 0, 1).put(long_size, 1).put(4096, 4);
    const std::string page = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\n\tfield: local_t commit;\toffset:8;\tsize:" +
                             std::to_string(long_size) +
                             ";\n\tfield: char data;\toffset:" + std::to_string(8 + long_size) + ";\tsize:4000;\n";
    put_text(std::string_view("header_page\0", 12)).put(page.size(), 8).put_text(page);
    put_text(std::string_view("header_event\0", 13)).put(0, 8);
  }

  MadeDat& put(std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t shift = order_ == ByteOrder::kLittle ? i : size - 1 - i;
      data_.push_back(static_cast<char>(value >> (8 * shift)));
    }
    return *this;
  }
  MadeDat& put_text(std::string_view text) {
    data_ += text;
    return *this;
  }

  /// All between the head and the pages, with one event of kmem, and one page of one CPU.
  [[nodiscard]] std::string finish(std::string_view format, std::string_view commands,
                                   const std::vector<std::byte>& page) {
    put(0, 4);  // ftrace formats
    put(1, 4).put_text(std::string_view("kmem\0", 5)).put(1, 4).put(format.size(), 8).put_text(format);
    put(0, 4).put(0, 4);  // kallsyms, printk
    put(commands.size(), 8).put_text(commands);
    put(1, 4).put_text(std::string_view("flyrecord\0", 10)).put(4096, 8).put(page.size(), 8);
    data_.resize(4096);
    for (const std::byte byte : page) data_.push_back(static_cast<char>(byte));
    return data_;
  }

 private:
  ByteOrder order_;
  std::size_t long_size_;
  std::string data_;
};

}  // namespace leakscope::sources::trace_dat
