#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/process_id.h"
#include "model/metric.h"

namespace leakscope::sources::cgroupfs {

struct CgroupValue {
  model::Metric metric{};
  std::int64_t value = 0;
  friend bool operator==(const CgroupValue&, const CgroupValue&) = default;
};

/// What the files of one cgroup say. A metric that no file had is not in it.
class CgroupValues {
 public:
  void clear() { values_.clear(); }
  /// The last one counts where a file names a thing twice.
  void put(model::Metric metric, std::int64_t value);
  [[nodiscard]] std::optional<std::int64_t> find(model::Metric metric) const;
  [[nodiscard]] auto begin() const { return values_.begin(); }
  [[nodiscard]] auto end() const { return values_.end(); }
  [[nodiscard]] std::size_t size() const { return values_.size(); }

 private:
  std::vector<CgroupValue> values_;
};

// The parsers of "key number" files put what they know and skip other keys. When a known key has no number behind it
// the answer is the first such error; what the other lines say is put all the same. A last line without its newline is
// kTruncated and not put. `where` is the file's name for messages.

/// v2 memory.stat: "anon 31154200576"; bytes. Includes the cgroups below. Kernel: mm/memcontrol.c memory_stats[],
/// by the source of 5.10 to 6.18 and a text of 6.12 made by hand after it (`kernel` since 5.18, `vmalloc` 6.0,
/// `sec_pagetables` 6.1, `zswap` 5.19).
[[nodiscard]] Result<> parse_memory_stat_v2(std::string_view text, std::string_view where, CgroupValues& out);

/// v1 memory.stat: "total_rss 24555520"; bytes. Only the total_ values, which include the cgroups below, so that a
/// parent compares with its children as in v2 (usage_in_bytes includes them as well). rss is anonymous memory, cache
/// is page cache with shmem. Kernel: mm/memcontrol-v1.c memcg1_stat_format(); captured on 6.18, since 3.10 by the
/// source.
[[nodiscard]] Result<> parse_memory_stat_v1(std::string_view text, std::string_view where, CgroupValues& out);

/// v2 memory.events: "oom_kill 3"; counts since the cgroup was made, the cgroups below included.
[[nodiscard]] Result<> parse_memory_events(std::string_view text, std::string_view where, CgroupValues& out);

/// v2 cgroup.stat: "nr_dying_descendants 196".
[[nodiscard]] Result<> parse_cgroup_stat(std::string_view text, std::string_view where, CgroupValues& out);

/// v1 memory.oom_control: "oom_kill 1" (4.14 and newer), of this cgroup alone.
[[nodiscard]] Result<> parse_oom_control(std::string_view text, std::string_view where, CgroupValues& out);

/// A file with one number, or with "max", or, in v1, with a number that stands for no limit (PAGE_COUNTER_MAX pages:
/// 9223372036854771712 with pages of 4 KiB; older kernels 2^63-1 and 2^64-1): those two are nothing.
[[nodiscard]] Result<std::optional<std::int64_t>> parse_amount(std::string_view text, std::string_view where);

/// The row of one controller in /proc/cgroups: "memory\t4\t16\t1".
struct ControllerRow {
  std::int64_t hierarchy = 0;    ///< 0: the unified one
  std::int64_t num_cgroups = 0;  ///< of the whole hierarchy, its root and dying ones included (root->nr_cgrps)
};
/// Nothing when the kernel does not list the controller. Kernel: kernel/cgroup/cgroup-v1.c proc_cgroupstats_show().
[[nodiscard]] Result<std::optional<ControllerRow>> parse_proc_cgroups(std::string_view text,
                                                                      std::string_view controller);

/// cgroup.procs: a pid per line; 0 stands for a process of another pid namespace and is left out.
[[nodiscard]] Result<std::vector<Pid>> parse_cgroup_procs(std::string_view text, std::string_view where);

}  // namespace leakscope::sources::cgroupfs
