#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/kernel_symbols.h"
#include "sources/event_format.h"
#include "sources/ring_buffer_page.h"
#include "sources/trace_dat/dat_file.h"
#include "sources/trace_dat/unpack.h"

namespace leakscope::sources::trace_dat {

/// Where the pages of one CPU lie in the file.
struct CpuData {
  std::uint32_t cpu = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;  ///< in the file, so packed; then without the heads of its chunks
  bool packed = false;     ///< a count of chunks, then chunks
};

/// The ring buffers of one instance; the top one has no name.
struct Buffer {
  std::string name;
  std::string clock;
  std::uint32_t page_size = 0;
  std::vector<CpuData> cpus;
};

/// TSC2NSEC: nanoseconds = (cycles * mult >> shift) + offset.
struct TscScale {
  std::uint32_t mult = 0;
  std::uint32_t shift = 0;
  std::uint64_t offset = 0;
};

struct Command {
  std::int32_t tid = 0;
  std::string comm;
};

/// All that a trace.dat tells before its events.
/// Sources: Documentation/trace-cmd/trace-cmd.dat.v6.5.txt, .v7.5.txt and lib/trace-cmd/trace-input.c of trace-cmd 3.
struct DatHeader {
  int version = 0;
  ByteOrder order = ByteOrder::kLittle;
  std::size_t long_size = 8;  ///< of the kernel, from header_page; the file's own is that of the recorder
  std::uint32_t page_size = 0;
  Packing packing = Packing::kNone;
  std::optional<RingPageLayout> layout;
  std::vector<EventFormat> formats;  ///< of kmem, percpu and kernel_stack
  model::KernelSymbols symbols;
  std::optional<Error> symbols_error;  ///< they are there, but of no use
  std::vector<Command> commands;
  std::vector<Buffer> buffers;
  std::optional<std::uint32_t> cpus;
  std::string clock;                        ///< "local", "x86-tsc"; empty: not told
  std::string uname;                        ///< "Linux host 6.1.0 x86_64"
  std::int64_t time_offset = 0;             ///< nanoseconds to add (option OFFSET)
  std::optional<std::int64_t> wall_offset;  ///< what makes the time of day of it (option DATE)
  std::optional<TscScale> tsc;
  std::uint64_t overrun = 0;    ///< events that were overwritten or dropped, as the kernel counted
  std::vector<Error> problems;  ///< what could not be read, while the rest could
};

/// 17 08 44 "tracing".
[[nodiscard]] bool has_magic(std::span<const std::byte> beginning);

[[nodiscard]] Result<DatHeader> read_header(const DatFile& file);

}  // namespace leakscope::sources::trace_dat
