#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace leakscope::render::pprof {

/// The strings of a profile, each once; the first is the empty one. Foreign bytes are escaped: strings are UTF-8.
class StringTable {
 public:
  StringTable() { (void)index_of(""); }
  std::int64_t index_of(std::string_view foreign);
  [[nodiscard]] const std::vector<std::string>& strings() const { return strings_; }

 private:
  std::vector<std::string> strings_;
  std::map<std::string, std::int64_t, std::less<>> index_;
};

}  // namespace leakscope::render::pprof
