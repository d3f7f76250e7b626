#pragma once

#include <string_view>

#include "base/error.h"
#include "sources/procfs/machine_values.h"

namespace leakscope::sources::procfs {

/// Parses /proc/diskstats (block/genhd.c, diskstats_show(); 14 columns on 3.10, 18 since 4.18, 20 since 5.5 by the
/// source; captured on 6.18):
///
///    254       0 vda 32017 9313 3257346 16994 6177 6988 1143040 3392 0 9764 20704 5337 87 258408 290 597 27
///
/// disk.bytes is (sectors read + sectors written) x 512, each byte counted once, where it meets a device: whole disks
/// only. Left out are partitions (a name made of the disk that stands before it, and a number: sda1, nvme0n1p2), what
/// is built of other disks (dm-, md, bcache, drbd), the paths behind an NVMe multipath device (nvme0c1n1), and what
/// lives in RAM or in a file (ram, zram, loop). A device that cannot be read is a fault, and the sum has no value then.
/// An empty file is a machine without disks.
[[nodiscard]] Result<> parse_diskstats(std::string_view text, MachineValues& into);

/// True for devices whose bytes another device counts, too, or that are no disks (see above); partitions excepted,
/// which the name alone does not tell.
[[nodiscard]] bool is_virtual_disk(std::string_view name);
/// True for a partition of `disk`.
[[nodiscard]] bool is_partition_of(std::string_view name, std::string_view disk);

}  // namespace leakscope::sources::procfs
