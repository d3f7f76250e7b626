#pragma once

#include "model/kmem_event.h"
#include "sources/perf_data/number_table.h"
#include "sources/perf_data/round_sorter.h"

namespace leakscope::sources::perf_data {

/// What each task is called at the moment that the stream has come to.
class TaskNames {
 public:
  void apply(const TaskChange& change) {
    const model::NameId comm = change.parent ? of(*change.parent) : change.comm;
    if (comm != model::kNoName) (void)names_.set(key(change.tid), comm);
  }
  [[nodiscard]] model::NameId of(Pid tid) const { return names_.find(key(tid)).value_or(model::kNoName); }

 private:
  static std::uint64_t key(Pid tid) { return static_cast<std::uint32_t>(tid.value); }

  NumberTable names_;
};

}  // namespace leakscope::sources::perf_data
