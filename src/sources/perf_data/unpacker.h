#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "sources/perf_data/record_buffer.h"

namespace leakscope::sources::perf_data {

/// The records inside of PERF_RECORD_COMPRESSED (perf record -z). They are pieces of one zstd stream over the whole
/// file, cut wherever a piece was full: in the middle of records as well. Memory is bounded, whatever a piece unpacks
/// to.
class Unpacker {
 public:
  Unpacker();

  /// The next piece, after the one before was used up; it must live until then.
  void feed(std::span<const std::byte> piece) { input_ = piece; }
  /// The next whole record of what is unpacked by now.
  [[nodiscard]] std::optional<Record> take(ByteOrder order) { return records_.take(order); }
  /// Unpacks more of the piece. False when it is used up.
  [[nodiscard]] Result<bool> unpack(std::string_view where);

  [[nodiscard]] bool is_broken() const { return records_.is_broken(); }
  /// Bytes of a record whose end did not come.
  [[nodiscard]] std::size_t left_over() const { return records_.rest().size(); }

 private:
  struct Context;
  struct Deleter {
    void operator()(Context* context) const;
  };
  std::unique_ptr<Context, Deleter> context_;
  std::span<const std::byte> input_;
  bool may_hold_more_ = false;  // the last call filled all the room it had
  RecordBuffer records_;
};

}  // namespace leakscope::sources::perf_data
