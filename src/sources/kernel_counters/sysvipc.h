#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "base/parsed_rows.h"
#include "base/process_id.h"

namespace leakscope::sources::kernel_counters {

/// One System V shared memory segment.
struct ShmSegment {
  std::int32_t id = 0;    ///< shmid; holds a sequence number, so that it is not soon used again
  std::uint32_t key = 0;  ///< 0: IPC_PRIVATE
  Bytes size;             ///< as asked for, resident or not
  std::int64_t attached = 0;
  std::optional<Bytes> rss;  ///< absent on kernels without the column (before 2.6.34 and some vendors')
  std::optional<Bytes> swap;
  std::optional<Pid> creator;
  std::optional<std::uint32_t> uid;
  friend bool operator==(const ShmSegment&, const ShmSegment&) = default;
};

struct MessageQueue {
  std::int32_t id = 0;
  Bytes bytes;  ///< in messages that wait
  std::int64_t messages = 0;
  std::optional<Pid> last_sender;
  friend bool operator==(const MessageQueue&, const MessageQueue&) = default;
};

struct SemaphoreSet {
  std::int32_t id = 0;
  std::int64_t semaphores = 0;
  friend bool operator==(const SemaphoreSet&, const SemaphoreSet&) = default;
};

/// A table of /proc/sysvipc, of the IPC namespace of whoever opened it.
template <class Row>
using IpcTable = ParsedRows<Row>;

/// Parse /proc/sysvipc/{shm,msg,sem} (ipc/shm.c: sysvipc_shm_proc_show, ipc/msg.c, ipc/sem.c; 5.10 to 6.18). Columns
/// are found by the words of the first line:
///          key      shmid perms                  size  cpid  lpid nattch   uid ...  ctime        rss       swap
///            0      32769   600              67108864  4711  4711      1     0 ...       67108864          0
/// A line that does not parse is counted, the others are there. No header, or one without the id, is an error.
/// `out` is refilled, so that parsing in a loop allocates nothing once it has grown.
[[nodiscard]] Result<> parse_sysv_shm(std::string_view text, IpcTable<ShmSegment>& out);
[[nodiscard]] Result<> parse_sysv_msg(std::string_view text, IpcTable<MessageQueue>& out);
[[nodiscard]] Result<> parse_sysv_sem(std::string_view text, IpcTable<SemaphoreSet>& out);

}  // namespace leakscope::sources::kernel_counters
