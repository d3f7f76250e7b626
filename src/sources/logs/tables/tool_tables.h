#pragma once

#include <memory>
#include <vector>

#include "sources/log_format.h"

namespace leakscope::sources::logs {

/// `vmstat [-t] [-w] [-a] N` (procps 3.2 to 4.0): a row per moment.
///
///   procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu----- -----timestamp-----
///    r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st                 UTC
///   12  0      0 9247512 245452 13211344    0    0   679  2570  304  569 61  8 31  0  0 2026-11-20 12:42:37
///
/// Amounts are KiB: a unit chosen by -S is not printed, so it cannot be known. Rows whose memory is the same as in all
/// rows before are not counted: procps 4.0.2 (Debian 12) prints the memory of its first row for ever.
[[nodiscard]] std::unique_ptr<LogFormat> vmstat_table();

/// `free [-k|-m|-g|-b|-h] [-w] -s N` (procps 3.2 to 4.0).
///
///                  total        used        free      shared  buff/cache   available
///   Mem:            23Gi       2.6Gi       8.5Gi       8.6Mi        12Gi        20Gi
///   Swap:             0B          0B          0B
///
/// Without -h the unit is not printed; it is taken from what the total can be.
[[nodiscard]] std::unique_ptr<LogFormat> free_table();

/// `slabtop -o` and `watch`-like loops of it.
///
///     OBJS ACTIVE  USE OBJ SIZE  SLABS OBJ/SLAB CACHE SIZE NAME
///   567903 567543  99%    0.19K  27043       21    108172K dentry
///
/// Only as many caches as fit on a screen are printed: a cache that is not there was not measured.
[[nodiscard]] std::unique_ptr<LogFormat> slabtop_screen();

/// `top -b`: the machine's lines and a row per process. RES less SHR is anonymous memory.
///
///   top - 12:42:41 up  3:21,  0 user,  load average: 12.97, 11.26, 7.15
///   MiB Mem :  24105.6 total,   9060.7 free,   2314.3 used,  13131.0 buff/cache
///   MiB Swap:      0.0 total,      0.0 free,      0.0 used.  21791.2 avail Mem
[[nodiscard]] std::unique_ptr<LogFormat> top_screen();

/// `ps aux`, `ps -eo pid,rss,...,comm` and other forms of ps whose header has PID, RSS and, last, COMMAND or CMD.
[[nodiscard]] std::unique_ptr<LogFormat> ps_table();

/// `pidstat -r [-h] [-H] [--human] N` (sysstat 10 to 12).
///
///   12:44:41      UID       PID  minflt/s  majflt/s     VSZ     RSS   %MEM  Command
///   12:44:42        0      9678     47.06      0.00  374396  195824   0.79  clang-tidy-19
[[nodiscard]] std::unique_ptr<LogFormat> pidstat_table();

/// `pmap -x PID`: one process at one moment.
///
///   17363:   bash /dev/fd/3
///   Address           Kbytes     RSS   Dirty Mode  Mapping
///   0000565337faa000      36      36      36 rw--- bash
///   0000565337fb3000      44      44      44 rw---   [ anon ]
///   ---------------- ------- ------- -------
///   total kB            5148    4284    1112
[[nodiscard]] std::unique_ptr<LogFormat> pmap_table();

/// All of them.
[[nodiscard]] std::vector<std::unique_ptr<LogFormat>> tool_tables();

}  // namespace leakscope::sources::logs
