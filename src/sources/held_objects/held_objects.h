#pragma once

#include <memory>

#include "base/error.h"
#include "base/rooted_dir.h"
#include "base/time.h"
#include "sources/source.h"

namespace leakscope::sources::held_objects {

/// How much one sample may do. The defaults suit a live machine; tests take others.
struct HeldObjectsBudget {
  std::size_t links = 20'000;                      ///< descriptors whose kind is read, over all processes
  Nanoseconds cpu{std::chrono::milliseconds(25)};  ///< CPU time for looking at processes: half a percent of 5 s
  std::size_t counts = 2'000;                      ///< processes whose number of descriptors is asked for
  std::size_t suspects_of_each_kind = 30;          ///< see ProcessTable::suspects
};

/// Which process keeps kernel memory alive. In each sample the suspects are looked at first (most descriptors, most
/// growth, most memory held), with at most two thirds of the budget; the other processes follow in turn.
///
/// kProcess subjects (the same as procfs's: pid and start time, checked before and after each look):
///   process.fd_*             descriptors by kind, of suspects
///   process.socket_bytes     kernel memory in the queues of its sockets (socket_diag.h says what counts; Unix messages
///                            count for the sender). A lower bound where some sockets refuse to be asked.
///   process.pipe_bytes       pages that hold what waits in its pipes (borrowed_fd.h)
///   process.msg_bytes        messages in SysV queues that it sent to last (message_queues.h). A last sender that is
///                            gone, or whose pid is another process now, leaves the bytes to the user who made the
///                            queue: user.msg_bytes. A wall clock set forward after the send has the same effect.
///   process.inotify_watches  a descriptor inherited by a child counts for both
///   process.bpf_bytes        BPF maps that it holds by a descriptor
/// An object that several processes hold counts for one of them (ownership.h). Other processes than suspects are
/// reported only for figures that are, or were, more than zero: for them a missing reading means it never was.
/// kUser: inotify.watches with its limit, once every process was looked at; sums over those that may be looked at.
/// The machine: sockets.queued_bytes and sockets.orphan_bytes, of our network namespace. Sockets of other namespaces
/// are asked through copies of their descriptors, and are in the figures of their processes only.
///
/// Sockets, pipes: live only. A recorded tree gives descriptors by kind, messages, watches and maps.
///
/// What it costs the machine: readlink and fstat on /proc/PID/fd, a sock_diag dump per sample, copies of descriptors
/// for microseconds. It may block: asking a pipe waits for its lock, which a writer holds while its pages are faulted
/// in, and closing the last copy of a socket that its owner closed meanwhile does the owner's lingering.
///
/// Measured on 6.18 (2 CPUs, optimised build): 4.5 ms CPU per sample with 100 processes of 5 descriptors; 31 ms, that
/// is the whole budget and 6 ms for sizes and socket lists, with 1000 processes of 20, of which 200 are then looked at.
[[nodiscard]] Result<std::unique_ptr<Source>> open_held_objects(const RootedDir& root,
                                                                const HeldObjectsBudget& budget = {});

}  // namespace leakscope::sources::held_objects
