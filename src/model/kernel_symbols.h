#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leakscope::model {

/// The functions of one kernel and its modules by address, as /proc/kallsyms tells them. Built once, then only asked.
class KernelSymbols {
 public:
  struct Found {
    std::string_view name;    ///< as the kernel names it: "foo.isra.0", "__pfx_foo"
    std::string_view module;  ///< empty: the kernel itself
    std::uint64_t offset = 0;
  };

  /// Functions, in any order; a name may stand at several addresses and several names at one (the first added is told).
  /// Data symbols are not to be added: an address in code after the last function of a section would be called by them.
  void add(std::uint64_t address, std::string_view name, std::string_view module);
  /// After the last add(), before the first find().
  void finish();

  /// The function that the address lies in: the nearest one at or below. Nothing below the first, and nothing where
  /// the distance is above 1 MiB: no function is that long, so the address is none of what is known here.
  [[nodiscard]] std::optional<Found> find(std::uint64_t address) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::uint64_t address;
    std::uint32_t name;  // where it starts in text_
    std::uint32_t name_length;
    std::uint32_t module;  // index in modules_
    std::uint32_t order;   // of add()
  };
  [[nodiscard]] std::uint32_t module_index(std::string_view module);

  std::vector<Entry> entries_;
  std::vector<std::uint64_t> addresses_;  // of entries_, alone: a search touches a third of the cache lines
  std::string text_;
  std::vector<std::string> modules_;
  std::map<std::string, std::uint32_t, std::less<>> module_indexes_;  // until finish()
  std::uint32_t last_module_ = 0;
};

}  // namespace leakscope::model
