#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "sources/perf_data/input.h"
#include "sources/perf_data/record_buffer.h"
#include "sources/perf_data/unpacker.h"

namespace leakscope::sources::perf_data {

/// The records of perf.data one after the other, whether they are compressed or not.
class RecordReader {
 public:
  /// Reads from the input's position on.
  RecordReader(Input input, ByteOrder order);

  /// The next record; nothing when more must be read first. Its body lives until then.
  [[nodiscard]] std::optional<Record> take() {
    if (auto record = unpacked_.take(order_)) return record;
    if (unpacking_) return std::nullopt;
    auto record = raw_.take(order_);
    if (!record || !is_compressed(record->type)) return record;
    unpack(*record);
    return std::nullopt;
  }
  /// Reads or unpacks more. False at the end. kMalformed where no records follow any more.
  [[nodiscard]] Result<bool> more();

  /// The bytes that follow the record which take() gave last: those that are there, `most` at most. None follow a
  /// record that was compressed.
  [[nodiscard]] Result<std::string> take_bytes(std::uint64_t count, std::size_t most);
  [[nodiscard]] Result<> skip_bytes(std::uint64_t count);

  /// At the end: bytes of records that are not there as a whole.
  [[nodiscard]] std::uint64_t left_over() const { return raw_.rest().size() + unpacked_.left_over(); }
  [[nodiscard]] const Input& input() const { return input_; }

 private:
  [[nodiscard]] static bool is_compressed(RecordType type) {
    return type == RecordType::kCompressed || type == RecordType::kCompressed2;
  }
  void unpack(const Record& record);
  [[nodiscard]] Result<bool> broken();

  Input input_;
  ByteOrder order_;
  RecordBuffer raw_;
  Unpacker unpacked_;
  bool unpacking_ = false;
};

}  // namespace leakscope::sources::perf_data
