#include "render/csv/sites.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "render/csv/cells.h"
#include "report/frame_text.h"

namespace leakscope::render::csv {
namespace {

Cell count(std::uint64_t number) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(number, kMost));
}

template <class Struct, class Member>
Cell of(const std::optional<Struct>& maybe, Member Struct::* member) {
  return maybe ? Cell{(*maybe).*member} : Cell{};
}

std::string stack_text(const model::Site& site) {
  std::string out;
  for (const model::Frame& frame : site.stack) {
    std::string label = report::label_of(frame);
    std::ranges::replace(label, ';', ':');
    if (!out.empty()) out += ';';
    out += label;
  }
  return out;
}

std::string processes_text(const model::Site& site) {
  return joined(site.processes, [](const model::ProcessShare& share) {
    return share.pid.value > 0 ? fmt::format("{} (pid {}): {}", share.comm, share.pid.value, share.bytes)
                               : fmt::format("{}: {}", share.comm, share.bytes);
  });
}

std::vector<Cell> row(const model::Site& site) {
  using model::Ages;
  using model::AmountInterval;
  using model::ShareInterval;
  using Rate = model::Site::Rate;
  const auto pid = report::only_process(site);
  return {text(site_id(site)),
          text(to_string(site.state)),
          text(to_string(site.allocator)),
          text(site.cache),
          text(stack_text(site)),
          site.bytes,
          of(site.bytes_interval, &AmountInterval::lower),
          of(site.bytes_interval, &AmountInterval::upper),
          site.count,
          site.indirect_bytes,
          count(site.allocs),
          count(site.frees),
          count(site.unseen_frees),
          site.bytes_allocated,
          of(site.ages, &Ages::min),
          of(site.ages, &Ages::median),
          of(site.ages, &Ages::max),
          of(site.blindness, &ShareInterval::lower),
          of(site.blindness, &ShareInterval::point),
          of(site.blindness, &ShareInterval::upper),
          of(site.rate, &Rate::lower),
          of(site.rate, &Rate::point),
          of(site.rate, &Rate::upper),
          maybe(site.p_value),
          maybe(site.q_value),
          pid ? Cell{std::int64_t{pid->value}} : Cell{},
          text(processes_text(site)),
          text(site.type),
          text(site.note)};
}

}  // namespace

Table sites_table(const model::Profile& profile) {
  Table table = table_with("sites", {"id",
                                     "state",
                                     "allocator",
                                     "cache",
                                     "stack",
                                     "bytes",
                                     "bytes_lower",
                                     "bytes_upper",
                                     "count",
                                     "indirect_bytes",
                                     "allocs",
                                     "frees",
                                     "unseen_frees",
                                     "bytes_allocated",
                                     "age_min_seconds",
                                     "age_median_seconds",
                                     "age_max_seconds",
                                     "blindness_lower",
                                     "blindness_point",
                                     "blindness_upper",
                                     "rate_lower",
                                     "rate_point",
                                     "rate_upper",
                                     "p_value",
                                     "q_value",
                                     "pid",
                                     "processes",
                                     "type",
                                     "note"});
  for (const model::Site& site : profile.sites) table.rows.push_back(row(site));
  return table;
}

}  // namespace leakscope::render::csv
