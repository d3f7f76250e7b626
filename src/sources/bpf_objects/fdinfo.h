#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"

namespace leakscope::sources::bpf_objects {

/// What /proc/PID/fdinfo/N tells of a BPF map or program (kernel/bpf/syscall.c: bpf_map_show_fdinfo,
/// bpf_prog_show_fdinfo; 5.10 to 6.18):
///   memlock:	4096312
///   map_id:	25
/// memlock of a map is computed from its size limits before 6.4 and is what it really holds from then on; that of a
/// program leaves its JIT image out.
struct BpfFdinfo {
  std::optional<Bytes> memlock;
  std::optional<std::uint32_t> map_id;
  std::optional<std::uint32_t> program_id;
  friend bool operator==(const BpfFdinfo&, const BpfFdinfo&) = default;
};

/// Unknown keys are skipped. A known one without a number, and a text cut within a line, are errors.
[[nodiscard]] Result<BpfFdinfo> parse_bpf_fdinfo(std::string_view text);

}  // namespace leakscope::sources::bpf_objects
