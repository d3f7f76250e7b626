#include "model/subject.h"

#include <algorithm>
#include <array>

namespace leakscope::model {
namespace {

constexpr std::array<std::string_view, kSubjectKindCount> kWords{
    "machine",     "numa_node",      "zone",    "hugepage_size", "swap_device", "zram_device",
    "slab_cache",  "vmalloc_caller", "module",  "tmpfs",         "sysv_shm",    "bpf_map",
    "bpf_program", "holder",         "process", "group",         "cgroup",      "user"};

}  // namespace

std::string_view to_string(SubjectKind kind) { return kWords[static_cast<std::size_t>(kind)]; }

std::optional<SubjectKind> subject_kind_from_string(std::string_view word) {
  const auto found = std::ranges::find(kWords, word);
  if (found == kWords.end()) return std::nullopt;
  return static_cast<SubjectKind>(found - kWords.begin());
}

}  // namespace leakscope::model
