#pragma once

#include <cstddef>
#include <cstdint>

/// The numbers of perf.data and of the perf event ABI that are read here.
/// Sources: include/uapi/linux/perf_event.h, tools/perf/util/header.h, tools/lib/perf/include/perf/event.h,
/// tools/perf/Documentation/perf.data-file-format.txt; 5.10 to 7.2.
namespace leakscope::sources::perf_data {

enum class RecordType : std::uint32_t {
  kLost = 2,
  kComm = 3,
  kThrottle = 5,
  kFork = 7,
  kSample = 9,
  kLostSamples = 13,
  // From here on written by perf itself, not by the kernel.
  kAttribute = 64,
  kTracingData = 66,  ///< so many bytes follow behind the record
  kFinishedRound = 68,
  kAuxTrace = 71,  ///< so many bytes follow behind the record
  kFeature = 80,
  kCompressed = 81,
  kCompressed2 = 83,
};

/// struct perf_event_header: type, misc and size of the whole record.
inline constexpr std::size_t kRecordHeaderSize = 8;
/// `size` has 16 bits.
inline constexpr std::size_t kLongestRecord = 0xFFFF;

inline constexpr std::uint16_t kMiscCpuMode = 7;
inline constexpr std::uint16_t kMiscKernel = 1;
/// PERF_RECORD_MISC_LOST_SAMPLES_BPF: a filter dropped them on purpose.
inline constexpr std::uint16_t kMiscFilteredByBpf = 1U << 15U;

namespace sample_bit {
inline constexpr std::uint64_t kIp = 1U << 0U;
inline constexpr std::uint64_t kTid = 1U << 1U;
inline constexpr std::uint64_t kTime = 1U << 2U;
inline constexpr std::uint64_t kAddress = 1U << 3U;
inline constexpr std::uint64_t kRead = 1U << 4U;
inline constexpr std::uint64_t kCallchain = 1U << 5U;
inline constexpr std::uint64_t kId = 1U << 6U;
inline constexpr std::uint64_t kCpu = 1U << 7U;
inline constexpr std::uint64_t kPeriod = 1U << 8U;
inline constexpr std::uint64_t kStreamId = 1U << 9U;
inline constexpr std::uint64_t kRaw = 1U << 10U;
inline constexpr std::uint64_t kIdentifier = 1U << 16U;
}  // namespace sample_bit

namespace read_bit {
inline constexpr std::uint64_t kTimeEnabled = 1U << 0U;
inline constexpr std::uint64_t kTimeRunning = 1U << 1U;
inline constexpr std::uint64_t kId = 1U << 2U;
inline constexpr std::uint64_t kGroup = 1U << 3U;
inline constexpr std::uint64_t kLost = 1U << 4U;
}  // namespace read_bit

/// PERF_TYPE_TRACEPOINT: `config` is the id of the event's format.
inline constexpr std::uint32_t kTypeTracepoint = 2;

/// Values from here on in a call chain are no addresses but say of what the next ones are (PERF_CONTEXT_MAX).
inline constexpr std::uint64_t kFirstContext = static_cast<std::uint64_t>(-4095);
inline constexpr std::uint64_t kContextKernel = static_cast<std::uint64_t>(-128);

enum class Feature : std::uint8_t {
  kTracingData = 1,
  kHostname = 3,
  kOsRelease = 4,
  kArchitecture = 6,
  kCpuCount = 7,
  kClockData = 29,
};
inline constexpr std::size_t kMostFeatures = 256;

}  // namespace leakscope::sources::perf_data
