#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/rooted_dir.h"

namespace leakscope::sources::slab {

inline constexpr std::string_view kSysfsSlab = "sys/kernel/slab";

/// Which names stand for one and the same cache. SLUB merges caches of like layout (mm/slub.c: sysfs_slab_alias,
/// create_unique_id): the directory is ":0000192", and every name that was asked for is a symbolic link to it.
/// /proc/slabinfo shows the first name only. A link stays after its cache was destroyed, as long as the merged one
/// lives.
class AliasMap {
 public:
  void add(std::string name, std::string unique_id);
  void sort();

  /// Names that share the cache of `name`, without `name`; empty when it was not merged.
  [[nodiscard]] std::vector<std::string_view> others(std::string_view name) const;
  /// The directory of the cache: its unique id, or the name itself when that is no link.
  [[nodiscard]] std::string_view directory_of(std::string_view name) const;
  [[nodiscard]] bool empty() const { return id_by_name_.empty(); }

 private:
  std::unordered_map<std::string, std::string> id_by_name_;
  std::unordered_map<std::string, std::vector<std::string>> names_by_id_;
};

/// Reads the links of sys/kernel/slab: some 200 readlinks, about a millisecond. Works without root.
[[nodiscard]] Result<AliasMap> read_aliases(const RootedDir& root);

/// "also: aio_kiocb, file_lock_cache" for SubjectInfo.detail; empty when there are no others.
[[nodiscard]] std::string describe_aliases(const AliasMap& aliases, std::string_view name);

/// What /sys/kernel/slab/NAME tells of one cache (mm/slub.c: slab_attrs; files are 0400). An attribute that this
/// kernel does not have, or that we may not read, is absent.
struct CacheDetails {
  std::string directory;                ///< ":0000192" for a merged cache, else its name
  std::vector<std::string> also;        ///< other names of it
  std::optional<std::int64_t> objects;  ///< counted exactly, walking every partial slab
  std::optional<std::int64_t> total_objects;
  std::optional<std::int64_t> slabs;
  std::optional<std::int64_t> partial;    ///< slabs on the nodes' partial lists
  std::optional<std::int64_t> cpu_slabs;  ///< slabs that CPUs hold for themselves
  std::optional<Bytes> object_size;       ///< as asked for
  std::optional<Bytes> slab_size;         ///< with padding and debug data
  std::optional<std::int64_t> objects_per_slab;
  std::optional<std::int64_t> order;    ///< a slab has 2^order pages
  std::optional<std::int64_t> aliases;  ///< merged caches beside the first, as the kernel counts them
  std::optional<bool> reclaim_account;  ///< its pages count as SReclaimable
  std::string constructor;              ///< "init_once+0x0/0x10"; empty: none

  /// slabs << order pages; nothing when unknown.
  [[nodiscard]] std::optional<Bytes> bytes(PageSize page_size) const;
};

/// Reads one cache by any of its names. `objects`, `partial` and `cpu_slabs` walk the cache's lists under its node
/// lock: for suspects and for `status`, not for every sample. kNotFound when there is no such cache, kDenied when none
/// of its files may be read.
[[nodiscard]] Result<CacheDetails> read_cache_details(const RootedDir& root, std::string_view name);

/// The kernel's word for sysfs: '/' becomes '!' (kobject_set_name_vargs). Nothing for names that can be none.
[[nodiscard]] std::optional<std::string> sysfs_name(std::string_view cache_name);

}  // namespace leakscope::sources::slab
