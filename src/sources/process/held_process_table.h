#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "base/rooted_dir.h"
#include "sources/process_table.h"

namespace leakscope::sources::process {

struct HeldOptions {
  /// Each process is read in full (status: kinds of RSS, swap, page tables, threads) at least every so many reads, and
  /// whenever its size changed, as far as the share below allows; else anonymous memory and address space alone.
  std::uint32_t full_every = 15;
  /// At most one of so many processes is read in full out of turn because it changed.
  std::uint32_t changed_share = 8;
  /// Descriptors of statm and status to hold. Each costs the kernel a page for its buffer, so that 4096 hold 16 MiB.
  std::size_t max_buffered = 4096;
  /// Descriptors to hold in all, those of directories (a quarter of a KiB each) included; the limit of descriptors
  /// counts too.
  std::size_t max_descriptors = 65536;
  PageSize page_size = page_size_of_this_machine();
};

/// The process table from /proc by descriptors that stay open: pread of a held statm takes 0.6 us where opening it
/// anew takes 2 to 4 us, and it answers ESRCH for an ended process even when its pid is used again. The soft limit of
/// descriptors is raised to the hard one. With many processes the files of the largest and the fastest changing ones
/// are held, of the others the directory (2 us), and where even that does not suffice they are found by pid (6 us).
/// Works on recorded trees too: without statm by status alone; without stat the start time is 0, which is unique within
/// one recorded moment. A process whose first thread has ended while others run shows no memory in these files and is
/// taken for a zombie.
[[nodiscard]] Result<std::unique_ptr<ProcessTable>> open_held_processes(const RootedDir& root,
                                                                        HeldOptions options = {});

}  // namespace leakscope::sources::process
