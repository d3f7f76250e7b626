#include "render/pprof/code_table.h"

#include "report/frame_text.h"

namespace leakscope::render::pprof {
namespace {

// Numbers of fields: proto/profile.proto of github.com/google/pprof.
namespace profile_field {
constexpr std::uint32_t kMapping = 3;
constexpr std::uint32_t kLocation = 4;
constexpr std::uint32_t kFunction = 5;
}  // namespace profile_field
namespace mapping_field {
constexpr std::uint32_t kId = 1;
constexpr std::uint32_t kFilename = 5;
constexpr std::uint32_t kHasFunctions = 7;
constexpr std::uint32_t kHasFilenames = 8;
constexpr std::uint32_t kHasLineNumbers = 9;
}  // namespace mapping_field
namespace location_field {
constexpr std::uint32_t kId = 1;
constexpr std::uint32_t kMappingId = 2;
constexpr std::uint32_t kAddress = 3;
constexpr std::uint32_t kLine = 4;
}  // namespace location_field
namespace line_field {
constexpr std::uint32_t kFunctionId = 1;
constexpr std::uint32_t kLine = 2;
}  // namespace line_field
namespace function_field {
constexpr std::uint32_t kId = 1;
constexpr std::uint32_t kName = 2;
constexpr std::uint32_t kSystemName = 3;
constexpr std::uint32_t kFilename = 4;
}  // namespace function_field

/// As perf calls the kernel's own text.
constexpr std::string_view kKernelMapping = "[kernel.kallsyms]";

}  // namespace

std::int64_t CodeTable::mapping_of(const model::Frame& frame) {
  std::string name = report::module_of(frame);
  if (name.empty()) return 0;
  if (frame.module.empty()) name = kKernelMapping;
  const auto next = static_cast<std::int64_t>(mappings_.size()) + 1;
  Mapping& mapping = mappings_.try_emplace(strings_.index_of(name), Mapping{next}).first->second;
  mapping.has_files |= !frame.file.empty();
  mapping.has_lines |= frame.line != 0;
  return mapping.id;
}

/// Code without a name is known by its address alone, where it has one.
std::int64_t CodeTable::function_of(const model::Frame& frame) {
  if (frame.symbol.empty() && frame.address != 0) return 0;
  const FunctionKey key{strings_.index_of(report::function_of(frame)), strings_.index_of(frame.file)};
  return functions_.try_emplace(key, static_cast<std::int64_t>(functions_.size()) + 1).first->second;
}

std::int64_t CodeTable::location_of(const model::Frame& frame) {
  const std::int64_t mapping = mapping_of(frame);
  const std::int64_t function = function_of(frame);
  const LocationKey key{mapping, function, function == 0 ? frame.address : 0, frame.offset, frame.line};
  return locations_.try_emplace(key, static_cast<std::int64_t>(locations_.size()) + 1).first->second;
}

void CodeTable::write_mapping(Message& profile, std::int64_t name, const Mapping& mapping) {
  Message out;
  out.integer(mapping_field::kId, mapping.id);
  out.integer(mapping_field::kFilename, name);
  // Also where there are no names: pprof would look for a file of that name to get them from.
  out.boolean(mapping_field::kHasFunctions, true);
  out.boolean(mapping_field::kHasFilenames, mapping.has_files);
  out.boolean(mapping_field::kHasLineNumbers, mapping.has_lines);
  profile.message(profile_field::kMapping, out);
}

void CodeTable::write(Message& profile) const {
  // The first mapping is what pprof takes for the program that was watched.
  const std::int64_t kernel = strings_.index_of(kKernelMapping);
  for (const auto& [name, mapping] : mappings_) {
    if (name == kernel) write_mapping(profile, name, mapping);
  }
  for (const auto& [name, mapping] : mappings_) {
    if (name != kernel) write_mapping(profile, name, mapping);
  }
  for (const auto& [key, id] : locations_) {
    const auto& [mapping, function, address, offset, line] = key;
    Message out;
    out.integer(location_field::kId, id);
    out.integer(location_field::kMappingId, mapping);
    out.integer(location_field::kAddress, address);
    if (function != 0) {
      Message source;
      source.integer(line_field::kFunctionId, function);
      source.integer(line_field::kLine, std::uint64_t{line});
      out.message(location_field::kLine, source);
    }
    profile.message(profile_field::kLocation, out);
  }
  for (const auto& [key, id] : functions_) {
    const auto& [name, file] = key;
    Message out;
    out.integer(function_field::kId, id);
    out.integer(function_field::kName, name);
    out.integer(function_field::kSystemName, name);
    out.integer(function_field::kFilename, file);
    profile.message(profile_field::kFunction, out);
  }
}

}  // namespace leakscope::render::pprof
