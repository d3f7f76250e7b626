#include "sources/vmalloc/vmallocinfo.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text_cursor.h"

namespace leakscope::sources::vmalloc {
namespace {

constexpr std::string_view kFile = "/proc/vmallocinfo";
constexpr std::size_t kProblemsKept = 8;
constexpr std::size_t kFirstSlots = 256;

std::size_t hash_of(std::string_view function, std::string_view module) {
  return std::hash<std::string_view>{}(function) ^ (std::hash<std::string_view>{}(module) * 31);
}

// One area. What a line does not say stays empty.
struct Area {
  std::int64_t size = 0;
  std::string_view function;
  std::string_view module;
  std::string_view flag;  // the first one
  std::optional<std::int64_t> pages;
  bool vmalloc = false;
  bool ioremap = false;
  bool unpurged = false;
};

bool is_caller(std::string_view field) {
  return field.find("+0x") != std::string_view::npos || field.starts_with("0x");
}

std::optional<std::int64_t> parse_amount(std::string_view text) {
  const auto value = parse_number<std::int64_t>(text);
  return value && *value >= 0 ? value : std::nullopt;
}

// "pages=4", "vmalloc", "phys=0x...", "N0=4", "vpages", "user", "dma-coherent", and what newer kernels add.
bool read_mark(std::string_view field, Area& area) {
  if (field.starts_with("pages=")) {
    area.pages = parse_amount(field.substr(6));
    return area.pages.has_value();
  }
  if (field == "vmalloc") area.vmalloc = true;
  if (field == "ioremap") area.ioremap = true;
  if (area.flag.empty() && field.find('=') == std::string_view::npos) area.flag = field;
  return true;
}

std::optional<Area> parse_area(std::string_view line) {
  FieldCursor fields(line);
  const auto range = fields.next();
  if (!range || range->find('-') == std::string_view::npos) return std::nullopt;
  const auto size = fields.next();
  const auto bytes = size ? parse_amount(*size) : std::nullopt;
  if (!bytes) return std::nullopt;
  Area area;
  area.size = *bytes;
  if (fields.rest() == "unpurged vm_area") {
    area.unpurged = true;
    return area;
  }
  auto field = fields.next();
  if (field && is_caller(*field)) {
    area.function = field->substr(0, field->find("+0x"));
    field = fields.next();
    if (field && field->starts_with('[')) {
      area.module = field->substr(1, field->find(']') - 1);
      field = fields.next();
    }
  }
  for (; field; field = fields.next()) {
    if (!read_mark(*field, area)) return std::nullopt;
  }
  if (area.function.empty()) area.function = area.flag.empty() ? std::string_view("unknown") : area.flag;
  return area;
}

bool add_to(std::int64_t& sum, std::int64_t value) {
  const auto total = checked_add(sum, value);
  if (total) sum = *total;
  return total.has_value();
}

}  // namespace

std::string CallerTotal::name() const {
  return module.empty() ? std::string(function) : fmt::format("{} [{}]", function, module);
}

bool is_stack_caller(std::string_view function) {
  constexpr std::array<std::string_view, 11> kForkers{"kernel_clone",
                                                      "_do_fork",
                                                      "do_fork",
                                                      "copy_process",
                                                      "dup_task_struct",
                                                      "fork_idle",
                                                      "kernel_thread",
                                                      "user_mode_thread",
                                                      "create_io_thread",
                                                      "vhost_task_create",
                                                      "alloc_thread_stack_node"};
  return std::ranges::find(kForkers, function.substr(0, function.find('.'))) != kForkers.end();
}

void VmallocinfoParser::grow(const Vmallocinfo& out) {
  slots_.assign(std::max(kFirstSlots, slots_.size() * 2), 0);
  for (std::uint32_t i = 0; i < out.callers.size(); ++i) {
    std::size_t at = hash_of(out.callers[i].function, out.callers[i].module) & (slots_.size() - 1);
    while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = i + 1;
  }
}

CallerTotal& VmallocinfoParser::find_or_add(std::string_view function, std::string_view module, Vmallocinfo& out) {
  if ((out.callers.size() + 1) * 2 > slots_.size()) grow(out);
  std::size_t at = hash_of(function, module) & (slots_.size() - 1);
  for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
    CallerTotal& caller = out.callers[slots_[at] - 1];
    if (caller.function == function && caller.module == module) return caller;
  }
  out.callers.push_back({.function = function, .module = module});
  slots_[at] = static_cast<std::uint32_t>(out.callers.size());
  return out.callers.back();
}

bool VmallocinfoParser::parse_line(std::string_view line, Vmallocinfo& out) {
  const auto area = parse_area(line);
  if (!area) return false;
  if (area->unpurged) return add_to(out.unpurged_bytes, area->size);
  CallerTotal& caller = find_or_add(area->function, area->module, out);
  ++caller.areas;
  caller.ioremap |= area->ioremap;
  if (!area->pages) return add_to(caller.unbacked_bytes, area->size);
  if (!add_to(caller.pages, *area->pages)) return false;
  if (!area->vmalloc) return add_to(out.vmap_pages, *area->pages);
  if (!add_to(out.vmalloc_pages, *area->pages)) return false;
  return !is_stack_caller(area->function) || add_to(out.stack_pages, *area->pages);
}

Result<> VmallocinfoParser::parse(std::string_view text, Vmallocinfo& out) {
  out.callers.clear();
  out.problems.clear();
  out.vmalloc_pages = out.vmap_pages = out.stack_pages = out.unpurged_bytes = 0;
  out.lines = out.lines_left_out = 0;
  out.cut = false;
  std::ranges::fill(slots_, 0);

  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      out.cut = true;
      break;
    }
    ++out.lines;
    if (parse_line(*line, out)) continue;
    ++out.lines_left_out;
    if (out.problems.size() < kProblemsKept) {
      out.problems.push_back(
          malformed(std::string(kFile), lines.number(), "want '<from>-<to> <bytes> <caller> pages=<number> ...'")
              .error());
    }
  }
  if (out.lines > 0 && out.lines_left_out == out.lines) return std::unexpected(out.problems.front());
  if (out.lines == 0 && out.cut) return malformed(std::string(kFile), 1, "want whole lines");
  return {};
}

Result<Vmallocinfo> parse_vmallocinfo(std::string_view text) {
  VmallocinfoParser parser;
  Vmallocinfo info;
  if (auto parsed = parser.parse(text, info); !parsed) return std::unexpected(std::move(parsed.error()));
  return info;
}

}  // namespace leakscope::sources::vmalloc
