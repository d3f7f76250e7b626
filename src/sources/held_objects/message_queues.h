#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/process_id.h"

namespace leakscope::sources::held_objects {

/// A SysV message queue that holds messages.
struct MessageQueue {
  std::int64_t id = 0;
  std::int64_t payload = 0;   ///< cbytes
  std::int64_t messages = 0;  ///< qnum
  Pid last_sender{};          ///< 0: nobody yet, or a process of another pid namespace
  std::uint32_t creator_uid = 0;
  std::int64_t last_send_seconds = 0;  ///< wall clock, seconds since the epoch
};

/// The queues of /proc/sysvipc/msg that are not empty. Columns are found by the names in the first line. Lines that do
/// not parse are an error that names the line; a last line cut in half is kTruncated.
///   "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime ..."
/// Kernel: ipc/msg.c sysvipc_msg_proc_show(). Captured on 6.18; the same since 3.10 by the source. Queues of our own
/// IPC namespace only.
[[nodiscard]] Result<std::vector<MessageQueue>> parse_message_queues(std::string_view text);

/// An estimate of the kernel memory that the messages of a queue take: a message is kmalloc'ed as its 48-byte header
/// and up to a page of text, and each further piece of text as an 8-byte header and up to a page (ipc/msgutil.c
/// alloc_msg); kmalloc rounds up to its size classes. All messages are taken to be of the queue's average size: exact
/// where they are equal, else off by a size class at most for messages of up to half a page.
[[nodiscard]] std::int64_t kernel_bytes(const MessageQueue& queue, PageSize page);

}  // namespace leakscope::sources::held_objects
