#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "findings/finding.h"

namespace leakscope::findings {

/// The texts of a finding, by id. A second language is a second table.
struct CatalogEntry {
  std::string_view id;  ///< "kernel.slab.growth"; docs/findings/kernel.slab.growth.md is its page
  Domain domain;
  std::string_view title;    ///< "slab cache {name}": {name}, {pid}, {cgroup} are the subject's
  std::string_view meaning;  ///< one line
  std::string_view next;     ///< commands to type, one per line, with the same places
};

[[nodiscard]] std::span<const CatalogEntry> catalog();
/// The entry of an id; every id that a rule uses has one.
[[nodiscard]] const CatalogEntry& catalog_entry(std::string_view id);

/// What the finding is about, in words: "slab cache kmalloc-4k", "process 812 (postgres)". Raw foreign bytes.
[[nodiscard]] std::string title_of(const Finding& finding);
/// The entry's commands with the subject filled in. Names that a shell would not take literally are quoted.
[[nodiscard]] std::vector<std::string> next_steps(const CatalogEntry& entry, const model::SubjectInfo& subject);

}  // namespace leakscope::findings
