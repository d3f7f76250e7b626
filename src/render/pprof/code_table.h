#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "model/profile.h"
#include "render/pprof/protobuf.h"
#include "render/pprof/string_table.h"

namespace leakscope::render::pprof {

/// The code of a profile: locations with their functions, in mappings, each once. Ids count from 1.
class CodeTable {
 public:
  explicit CodeTable(StringTable& strings) : strings_(strings) {}

  [[nodiscard]] std::int64_t location_of(const model::Frame& frame);
  void write(Message& profile) const;

 private:
  struct Mapping {
    std::int64_t id = 0;
    bool has_files = false;
    bool has_lines = false;
  };
  using FunctionKey = std::tuple<std::int64_t, std::int64_t>;  ///< strings: name, file
  using LocationKey = std::tuple<std::int64_t, std::int64_t, std::uint64_t, std::uint64_t, std::uint32_t>;

  static void write_mapping(Message& profile, std::int64_t name, const Mapping& mapping);
  [[nodiscard]] std::int64_t mapping_of(const model::Frame& frame);
  [[nodiscard]] std::int64_t function_of(const model::Frame& frame);

  StringTable& strings_;
  std::map<std::int64_t, Mapping> mappings_;  ///< by string
  std::map<FunctionKey, std::int64_t> functions_;
  std::map<LocationKey, std::int64_t> locations_;  ///< mapping, function, address, offset, line
};

}  // namespace leakscope::render::pprof
