#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/process_id.h"
#include "model/coverage.h"

namespace leakscope::sources {

/// The name of a task as the kernel keeps it (task_struct.comm, TASK_COMM_LEN): at most 15 bytes, any but NUL.
struct Comm {
  std::array<char, 16> bytes{};

  [[nodiscard]] std::string_view view() const {
    return {bytes.data(), static_cast<std::size_t>(std::find(bytes.begin(), bytes.end() - 1, '\0') - bytes.begin())};
  }
  [[nodiscard]] static Comm from(std::string_view name) {
    Comm comm;
    std::copy_n(name.begin(), std::min(name.size(), comm.bytes.size() - 1), comm.bytes.begin());
    return comm;
  }
  friend bool operator==(const Comm&, const Comm&) = default;
};

/// One process at one time, as the fast tier sees it. A field without a value was not read this time (or does not
/// exist for this process: kernel threads and zombies have no memory); it is neither zero nor unchanged.
struct ProcessRecord {
  ProcessId id;
  Comm comm;
  bool kernel_thread = false;
  bool zombie = false;
  /// It runs in its parent's memory (vfork, posix_spawn before exec): its sizes are the parent's and no second time.
  bool shares_parent_memory = false;
  std::optional<std::int64_t> rss_anon;     ///< bytes
  std::optional<std::int64_t> rss_file;     ///< bytes
  std::optional<std::int64_t> rss_shmem;    ///< bytes
  std::optional<std::int64_t> swap;         ///< bytes
  std::optional<std::int64_t> hwm;          ///< bytes; highest RSS so far
  std::optional<std::int64_t> page_tables;  ///< bytes
  std::optional<std::int64_t> vm_size;      ///< bytes
  std::optional<std::int64_t> threads;
};

/// All processes of the machine, read at once: the fast tier's port. Implemented by sources/ebpf (BPF task iterator)
/// and by sources/process (held descriptors of /proc files).
class ProcessTable {
 public:
  ProcessTable() = default;
  ProcessTable(const ProcessTable&) = delete;
  ProcessTable& operator=(const ProcessTable&) = delete;
  virtual ~ProcessTable() = default;

  /// "BPF task iterator", "held /proc descriptors": for coverage and doctor.
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// Replaces the records by those of now, one per process, in no order. Allocates nothing while the number of
  /// processes stays within what the vector has held before. An error leaves no records.
  [[nodiscard]] virtual Result<> read(std::vector<ProcessRecord>& records) = 0;
  [[nodiscard]] virtual std::vector<model::Coverage> coverage() const = 0;
  [[nodiscard]] virtual std::vector<model::Loss> losses() const { return {}; }
};

}  // namespace leakscope::sources
