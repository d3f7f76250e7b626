#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "sources/perf_data/byte_cursor.h"
#include "sources/perf_data/format.h"

/// For tests: makes perf.data as perf would, of either byte order, with what no capture has.
namespace leakscope::sources::perf_data::made {

inline constexpr std::uint64_t kKmallocId = 100;
inline constexpr std::uint64_t kKfreeId = 101;
inline constexpr std::uint64_t kSampleType = sample_bit::kIdentifier | sample_bit::kIp | sample_bit::kTid |
                                             sample_bit::kTime | sample_bit::kCpu | sample_bit::kPeriod |
                                             sample_bit::kCallchain | sample_bit::kRaw;

/// Numbers one behind the other, in one byte order.
class Bytes {
 public:
  explicit Bytes(ByteOrder order) : order_(order) {}

  template <class T>
  Bytes& put(T value) {
    const auto raw = static_cast<std::make_unsigned_t<T>>(value);
    const auto turned = load<std::make_unsigned_t<T>>(reinterpret_cast<const std::byte*>(&raw), order_);
    text.append(reinterpret_cast<const char*>(&turned), sizeof turned);
    return *this;
  }
  Bytes& u16(std::uint16_t value) { return put(value); }
  Bytes& u32(std::uint32_t value) { return put(value); }
  Bytes& u64(std::uint64_t value) { return put(value); }
  Bytes& bytes(std::string_view more) {
    text.append(more);
    return *this;
  }
  [[nodiscard]] ByteOrder order() const { return order_; }

  std::string text;

 private:
  ByteOrder order_;
};

inline std::string record(ByteOrder order, RecordType type, std::string_view body, std::uint16_t misc = 0) {
  Bytes bytes(order);
  bytes.u32(static_cast<std::uint32_t>(type)).u16(misc).u16(static_cast<std::uint16_t>(8 + body.size())).bytes(body);
  return bytes.text;
}

/// perf_event_attr of 128 bytes. sample_id_all is set.
inline std::string attribute(ByteOrder order, std::uint64_t config, std::uint64_t sample_type = kSampleType,
                             std::uint64_t read_format = 0) {
  constexpr unsigned kSampleIdAll = 18;
  Bytes bytes(order);
  bytes.u32(kTypeTracepoint).u32(128).u64(config).u64(1).u64(sample_type).u64(read_format);
  bytes.u64(std::uint64_t{1} << (order == ByteOrder::kLittle ? kSampleIdAll : 63 - kSampleIdAll));
  bytes.text.resize(128);
  return bytes.text;
}

inline std::string format_text(std::string_view name, std::uint64_t id, std::string_view fields) {
  return "name: " + std::string(name) + "\nID: " + std::to_string(id) +
         "\nformat:\n"
         "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
         "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
         "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
         "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n" +
         std::string(fields) + "\nprint fmt: \"\"\n";
}

inline std::string tracing_data(ByteOrder order) {
  const std::string both =
      "\tfield:unsigned long call_site;\toffset:8;\tsize:8;\tsigned:0;\n"
      "\tfield:const void * ptr;\toffset:16;\tsize:8;\tsigned:0;\n";
  const std::string kmalloc = format_text("kmalloc", kKmallocId,
                                          both +
                                              "\tfield:size_t bytes_req;\toffset:24;\tsize:8;\tsigned:0;\n"
                                              "\tfield:size_t bytes_alloc;\toffset:32;\tsize:8;\tsigned:0;\n"
                                              "\tfield:unsigned long gfp_flags;\toffset:40;\tsize:8;\tsigned:0;\n");
  const std::string kfree = format_text("kfree", kKfreeId, both);
  Bytes bytes(order);
  bytes.bytes("\x17\x08\x44tracing").bytes({"0.6\0", 4}).put<std::uint8_t>(order == ByteOrder::kBig ? 1 : 0);
  bytes.put<std::uint8_t>(8).u32(4096);
  bytes.bytes({"header_page\0", 12}).u64(2).bytes("pp").bytes({"header_event\0", 13}).u64(2).bytes("ee");
  bytes.u32(1).u64(3).bytes("ftr").u32(1).bytes({"kmem\0", 5}).u32(2);
  bytes.u64(kmalloc.size()).bytes(kmalloc).u64(kfree.size()).bytes(kfree);
  return bytes.u32(0).u32(0).u64(0).text;
}

struct MadeEvent {
  std::uint64_t time = 0;
  std::uint64_t pointer = 0;
  std::int32_t tid = 1;
  std::uint64_t size = 0;  ///< 0: a kfree
  std::vector<std::uint64_t> chain = {};
  std::uint32_t cpu = 0;
};

inline std::string raw_of(ByteOrder order, const MadeEvent& event) {
  Bytes raw(order);
  raw.u16(static_cast<std::uint16_t>(event.size > 0 ? kKmallocId : kKfreeId)).u16(0).put(event.tid);
  raw.u64(0xffffffff81000000).u64(event.pointer);
  if (event.size > 0) raw.u64(event.size).u64(std::bit_ceil(event.size)).u64(0);
  return raw.text;
}

/// The id of an event is 10 times its format's.
inline std::string sample(ByteOrder order, const MadeEvent& event) {
  const std::string raw = raw_of(order, event);
  Bytes bytes(order);
  bytes.u64(10 * (event.size > 0 ? kKmallocId : kKfreeId)).u64(0).put(event.tid).put(event.tid).u64(event.time);
  bytes.u32(event.cpu).u32(0).u64(1).u64(event.chain.size());
  for (const std::uint64_t frame : event.chain) bytes.u64(frame);
  bytes.u32(static_cast<std::uint32_t>(raw.size())).bytes(raw);
  return record(order, RecordType::kSample, bytes.text, kMiscKernel);
}

/// What stands behind a record that is no sample, of kSampleType.
inline std::string trailer(ByteOrder order, std::uint64_t time, std::uint64_t id = 10 * kKmallocId) {
  return Bytes(order).u64(0).u64(time).u64(0).u64(id).text;
}

inline std::string comm(ByteOrder order, std::uint64_t time, std::uint32_t tid, std::string_view name) {
  Bytes bytes(order);
  bytes.u32(tid).u32(tid).bytes(name);
  bytes.text.resize((bytes.text.size() + 8) & ~std::size_t{7});
  return record(order, RecordType::kComm, bytes.bytes(trailer(order, time)).text);
}

inline std::string fork(ByteOrder order, std::uint64_t time, std::uint32_t parent, std::uint32_t child) {
  Bytes bytes(order);
  bytes.u32(child).u32(parent).u32(child).u32(parent).u64(time);
  return record(order, RecordType::kFork, bytes.bytes(trailer(order, time)).text);
}

inline std::string round(ByteOrder order) { return record(order, RecordType::kFinishedRound, ""); }

/// The pipe form up to its first sample.
inline std::string pipe_beginning(ByteOrder order, std::uint64_t sample_type = kSampleType,
                                  std::uint64_t read_format = 0) {
  Bytes bytes(order);
  bytes.u64(0x32454c4946524550).u64(16);
  for (const std::uint64_t config : {kKmallocId, kKfreeId}) {
    bytes.bytes(record(order, RecordType::kAttribute,
                       attribute(order, config, sample_type, read_format) + Bytes(order).u64(10 * config).text));
  }
  std::string tracing = tracing_data(order);
  tracing.resize((tracing.size() + 7) & ~std::size_t{7});
  bytes.bytes(
      record(order, RecordType::kTracingData, Bytes(order).u32(static_cast<std::uint32_t>(tracing.size())).text));
  return bytes.bytes(tracing).text;
}

/// The file form around records.
inline std::string file(ByteOrder order, std::string_view records) {
  constexpr std::uint64_t kHeader = 104;
  constexpr std::uint64_t kEntry = 128 + 16;
  const std::uint64_t ids = kHeader;
  const std::uint64_t attributes = ids + 16;
  const std::uint64_t data = attributes + 2 * kEntry;
  const std::uint64_t features = data + records.size();
  const std::string tracing = tracing_data(order);
  Bytes bytes(order);
  bytes.u64(0x32454c4946524550).u64(kHeader).u64(kEntry).u64(attributes).u64(2 * kEntry).u64(data).u64(records.size());
  bytes.u64(0).u64(0).u64(1U << 1U | 1U << 3U).u64(0).u64(0).u64(0);
  bytes.u64(10 * kKmallocId).u64(10 * kKfreeId);
  bytes.bytes(attribute(order, kKmallocId)).u64(ids).u64(8).bytes(attribute(order, kKfreeId)).u64(ids + 8).u64(8);
  bytes.bytes(records);
  bytes.u64(features + 32).u64(tracing.size()).u64(features + 32 + tracing.size()).u64(12);
  return bytes.bytes(tracing).u32(8).bytes({"guest\0\0\0", 8}).text;
}

}  // namespace leakscope::sources::perf_data::made
