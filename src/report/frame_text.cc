#include "report/frame_text.h"

#include <string_view>

#include <fmt/format.h>

namespace leakscope::report {
namespace {

constexpr std::string_view kUnknown = "[unknown]";

std::string with_module(std::string text, const model::Frame& frame) {
  return frame.module.empty() ? text : fmt::format("{} [{}]", text, frame.module);
}

}  // namespace

std::string function_of(const model::Frame& frame) {
  if (!frame.symbol.empty()) return frame.symbol;
  return frame.address == 0 ? std::string(kUnknown) : fmt::format("{:#x}", frame.address);
}

std::string module_of(const model::Frame& frame) {
  if (!frame.module.empty()) return frame.module;
  return frame.symbol.empty() ? "" : "[kernel]";
}

std::string label_of(const model::Frame& frame) { return with_module(function_of(frame), frame); }

std::string place_of(const model::Frame& frame) {
  std::string place = function_of(frame);
  if (!frame.symbol.empty()) place += fmt::format("+{:#x}", frame.offset);
  return with_module(std::move(place), frame);
}

std::string line_of(const model::Frame& frame) {
  if (frame.file.empty() || frame.line == 0) return frame.file;
  return fmt::format("{}:{}", frame.file, frame.line);
}

std::string caller_of(const model::Site& site) {
  return site.stack.empty() ? std::string(kUnknown) : label_of(site.stack.front());
}

std::string taken_from(const model::Site& site) {
  return site.cache.empty() ? std::string(to_string(site.allocator)) : site.cache;
}

std::optional<Pid> only_process(const model::Site& site) {
  if (site.processes.size() != 1 || site.processes.front().pid.value <= 0) return std::nullopt;
  return site.processes.front().pid;
}

}  // namespace leakscope::report
