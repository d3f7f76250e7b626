#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "base/process_id.h"
#include "model/kmem_event.h"
#include "model/name_table.h"

namespace leakscope::sources {

/// The commands of a trace's tasks, as its saved_cmdlines tell. A tid that was used twice has the last name.
class TraceCommands {
 public:
  explicit TraceCommands(model::NameTable& names) : names_(&names) { put(Pid{0}, "<idle>"); }

  void put(Pid tid, std::string_view comm) {
    names_by_tid_[tid.value] = names_->intern(comm);
    lately_.fill({});
  }
  void clear() {
    names_by_tid_.clear();
    put(Pid{0}, "<idle>");
  }
  [[nodiscard]] std::size_t size() const { return names_by_tid_.size(); }
  [[nodiscard]] bool knows(Pid tid) const { return names_by_tid_.contains(tid.value); }

  /// kNoName for a tid that nobody named.
  [[nodiscard]] model::NameId of(Pid tid) {
    Lately& lately = lately_[static_cast<std::uint32_t>(tid.value) % lately_.size()];
    if (lately.tid != tid.value) {
      const auto found = names_by_tid_.find(tid.value);
      lately = {.tid = tid.value, .name = found == names_by_tid_.end() ? model::kNoName : found->second};
    }
    return lately.name;
  }

 private:
  struct Lately {
    std::int32_t tid = -1;
    model::NameId name = model::kNoName;
  };
  model::NameTable* names_;
  std::unordered_map<std::int32_t, model::NameId> names_by_tid_;
  std::array<Lately, 256> lately_{};
};

}  // namespace leakscope::sources
