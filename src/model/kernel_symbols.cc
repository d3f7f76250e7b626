#include "model/kernel_symbols.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace leakscope::model {
namespace {

constexpr std::uint64_t kLongestFunction = std::uint64_t{1} << 20U;
constexpr std::size_t kMost32 = std::numeric_limits<std::uint32_t>::max();

}  // namespace

void KernelSymbols::add(std::uint64_t address, std::string_view name, std::string_view module) {
  if (name.empty() || entries_.size() >= kMost32 || name.size() > kMost32 - text_.size()) return;
  const Entry entry{address, static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size()),
                    module_index(module), static_cast<std::uint32_t>(entries_.size())};
  text_ += name;
  entries_.push_back(entry);
}

// kallsyms lists a module's symbols together, so that the last one is nearly always meant.
std::uint32_t KernelSymbols::module_index(std::string_view module) {
  if (!modules_.empty() && modules_[last_module_] == module) return last_module_;
  const auto found = module_indexes_.find(module);
  if (found != module_indexes_.end()) {
    last_module_ = found->second;
  } else {
    last_module_ = static_cast<std::uint32_t>(modules_.size());
    modules_.emplace_back(module);
    module_indexes_.emplace(module, last_module_);
  }
  return last_module_;
}

void KernelSymbols::finish() {
  std::ranges::sort(entries_, {}, [](const Entry& entry) { return std::tuple(entry.address, entry.order); });
  const auto aliases = std::ranges::unique(entries_, {}, &Entry::address);
  entries_.erase(aliases.begin(), aliases.end());
  entries_.shrink_to_fit();
  text_.shrink_to_fit();
  addresses_.clear();
  addresses_.reserve(entries_.size());
  for (const Entry& entry : entries_) addresses_.push_back(entry.address);
  module_indexes_.clear();
}

std::optional<KernelSymbols::Found> KernelSymbols::find(std::uint64_t address) const {
  const auto above = std::ranges::upper_bound(addresses_, address);
  if (above == addresses_.begin()) return std::nullopt;
  const Entry& entry = entries_[static_cast<std::size_t>(above - addresses_.begin()) - 1];
  const std::uint64_t offset = address - entry.address;
  if (offset > kLongestFunction) return std::nullopt;
  return Found{std::string_view(text_).substr(entry.name, entry.name_length), modules_[entry.module], offset};
}

}  // namespace leakscope::model
