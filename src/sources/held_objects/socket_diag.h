#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"

namespace leakscope::sources::held_objects {

/// The figures of SK_MEMINFO (sk_get_meminfo() in net/core/sock.c), in bytes of kernel memory: "truesize", the buffers
/// and their headers, not the payload. A kernel may give fewer or more than we know.
inline constexpr std::size_t kSkMeminfoWords = 9;
using SkMeminfo = std::array<std::uint32_t, kSkMeminfoWords>;

/// What a socket's queues take: what it received and nobody read (rmem_alloc), what it sent and nobody took, its
/// options (BPF filters) and its backlog. What was sent is wmem_queued for TCP, wmem_alloc for the others; for TCP
/// wmem_alloc are clones of the same data on their way through the device, so the larger of both counts.
/// fwd_alloc is quota that holds no memory yet.
///
/// Unix sockets: a message waits in the receiver's queue but is charged to the sender (skb_set_owner_w), so the bytes
/// are the sender's, and the process that holds the sending end is named, also where the reader is the one that sleeps.
[[nodiscard]] std::int64_t queue_bytes(const SkMeminfo& meminfo);

/// One socket that a dump names.
struct SocketMemory {
  std::uint32_t inode = 0;  ///< 0: no descriptor holds it any more
  std::int64_t bytes = 0;  ///< queue_bytes; for a Unix socket whose peer is closed also what waits in it (payload only)
  friend bool operator==(const SocketMemory&, const SocketMemory&) = default;
};

/// The kinds of sockets that the kernel can list with their memory.
enum class SocketFamily : std::uint8_t { kTcp4, kTcp6, kUdp4, kUdp6, kUnix, kNetlink, kPacket };
inline constexpr std::array kSocketFamilies = {SocketFamily::kTcp4,  SocketFamily::kTcp6, SocketFamily::kUdp4,
                                               SocketFamily::kUdp6,  SocketFamily::kUnix, SocketFamily::kNetlink,
                                               SocketFamily::kPacket};

/// The bytes of the question (a whole netlink message, NLM_F_DUMP).
[[nodiscard]] std::vector<std::byte> socket_dump_request(SocketFamily family);

struct DumpProgress {
  bool done = false;         ///< NLMSG_DONE was there
  bool interrupted = false;  ///< NLM_F_DUMP_INTR: sockets came and went meanwhile, some may be missing
};

/// Takes what one recv() gave of the answer and appends its sockets. Messages of other types and unknown attributes
/// are skipped; a socket without SK_MEMINFO counts with 0. A message that claims to be longer than what is there, or
/// too short for its kind, is malformed; NLMSG_ERROR is the kernel's error (kNotFound: this kernel cannot list that
/// family). Kernel: net/core/sock_diag.c, net/ipv4/inet_diag.c, net/unix/diag.c, net/netlink/diag.c,
/// net/packet/diag.c; layouts are user ABI, checked on 6.18.
[[nodiscard]] Result<DumpProgress> parse_socket_dump(std::span<const std::byte> answer, SocketFamily family,
                                                     std::vector<SocketMemory>& out);

}  // namespace leakscope::sources::held_objects
