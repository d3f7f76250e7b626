#include "render/json/sites.h"

#include "report/frame_text.h"

namespace leakscope::render::json {
namespace {

/// Addresses of kernel code tell where this boot has put it: one is written only where nothing else is known.
Json frame(const model::Frame& frame) {
  const bool named = !frame.symbol.empty();
  return {{"symbol", foreign_or_null(frame.symbol)},
          {"offset", named ? Json(frame.offset) : Json(nullptr)},
          {"address", named || frame.address == 0 ? Json(nullptr) : Json(report::function_of(frame))},
          {"module", foreign_or_null(report::module_of(frame))},
          {"file", foreign_or_null(frame.file)},
          {"line", frame.line == 0 ? Json(nullptr) : Json(frame.line)}};
}

/// {lower, point, upper}, of shares and of rates.
template <class Interval>
Json interval(const std::optional<Interval>& maybe) {
  if (!maybe) return nullptr;
  return {{"lower", value(maybe->lower)}, {"point", value(maybe->point)}, {"upper", value(maybe->upper)}};
}

Json range(const std::optional<model::AmountInterval>& maybe) {
  if (!maybe) return nullptr;
  return {{"lower", maybe->lower}, {"upper", maybe->upper}};
}

Json ages(const std::optional<model::Ages>& maybe) {
  if (!maybe) return nullptr;
  return {{"min", value(maybe->min)}, {"median", value(maybe->median)}, {"max", value(maybe->max)}};
}

Json pid(Pid pid) { return pid.value <= 0 ? Json(nullptr) : Json(pid.value); }

Json process(const model::ProcessShare& share) {
  return {
      {"comm", foreign_or_null(share.comm)}, {"pid", pid(share.pid)}, {"bytes", share.bytes}, {"count", share.count}};
}

Json point(const model::SitePoint& point) {
  return {{"seconds", value(point.seconds)}, {"bytes", point.bytes}, {"count", point.count}};
}

Json site(const model::Site& site) {
  return {{"id", site_id(site)},
          {"state", value(site.state)},
          {"allocator", value(site.allocator)},
          {"stack", array_of(site.stack, frame)},
          {"bytes", site.bytes},
          {"bytes_interval", range(site.bytes_interval)},
          {"count", site.count},
          {"indirect_bytes", site.indirect_bytes},
          {"allocs", site.allocs},
          {"frees", site.frees},
          {"unseen_frees", site.unseen_frees},
          {"bytes_allocated", site.bytes_allocated},
          {"age_seconds", ages(site.ages)},
          {"blindness", interval(site.blindness)},
          {"rate", interval(site.rate)},
          {"p_value", value(site.p_value)},
          {"q_value", value(site.q_value)},
          {"cache", foreign_or_null(site.cache)},
          {"pid", pid(report::only_process(site).value_or(Pid{}))},
          {"type", foreign_or_null(site.type)},
          {"processes", array_of(site.processes, process)},
          {"history", array_of(site.history, point)},
          {"note", foreign_or_null(site.note)}};
}

}  // namespace

Json profile(const model::Profile& profile) {
  return {{"population", value(profile.population)},
          {"unit", value(profile.unit)},
          {"title", foreign_or_null(profile.title)},
          {"start", profile.start ? Json(to_rfc3339(*profile.start)) : Json(nullptr)},
          {"length_seconds", value(profile.length)},
          {"sampled_one_in", profile.sampled_one_in},
          {"sites_not_kept", profile.sites_not_kept}};
}

Json sites(const model::Profile& profile) { return array_of(profile.sites, site); }

}  // namespace leakscope::render::json
