#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/rooted_dir.h"
#include "model/sample.h"
#include "sources/slab/sysfs_slab.h"

namespace leakscope::sources::slab {

/// What one sample saw of one cache.
struct CacheLevel {
  std::int64_t active_objects = 0;
  std::int64_t total_objects = 0;
  Bytes object_size;
  std::optional<Bytes> bytes;  ///< nothing: does not fit into 64 bits
};

/// The caches that a source knows, from sample to sample: their subjects, names of merged ones, whether their pages
/// are reclaimable. A round is begin(), one add() per row, finish(). Warm rounds allocate nothing; what a new cache
/// costs in files of /sys/kernel/slab is spread over rounds.
class CacheTable {
 public:
  /// Without a root nothing is asked beside what rows tell: logs.
  explicit CacheTable(std::optional<RootedDir> root) : root_(std::move(root)), aliases_stale_(root_.has_value()) {}

  void begin() { ++round_; }
  void add(std::string_view name, const CacheLevel& level);
  /// Writes the round into the sink. `complete`: no row was left out, so a cache without a row is gone.
  void finish(model::SampleSink& sink, bool complete);

  /// Whether /sys/kernel/slab/*/reclaim_account could not be read, as known by now.
  [[nodiscard]] const std::optional<Error>& attribute_error() const { return attribute_error_; }
  [[nodiscard]] const std::optional<Error>& alias_error() const { return alias_error_; }

 private:
  struct Cache {
    std::string name;
    std::optional<model::SubjectId> subject;
    CacheLevel level;
    std::optional<bool> reclaimable;
    bool reclaim_asked = false;
    std::uint64_t round = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  void introduce(model::SampleSink& sink);
  void ask_reclaimable();
  void put(model::SampleSink& sink, const Cache& cache) const;
  void retire_missing(model::SampleSink& sink);

  std::optional<RootedDir> root_;
  FileBuffer buffer_;
  AliasMap aliases_;
  bool aliases_stale_;
  std::uint64_t aliases_round_ = 0;
  std::vector<Cache> caches_;
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> index_;
  std::size_t hint_ = 0;  // rows come in the same order nearly always
  std::uint64_t round_ = 0;
  std::optional<Error> attribute_error_;
  std::optional<Error> alias_error_;
};

}  // namespace leakscope::sources::slab
