#include "render/json/json.h"

#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "render/json/sites.h"
#include "render/json/value.h"

namespace leakscope::render::json {
namespace {

using report::Document;

Json host(const model::Host& host) {
  return {{"hostname", foreign_or_null(host.hostname)},
          {"kernel", foreign_or_null(host.kernel_release)},
          {"boot_id", foreign_or_null(host.boot_id)},
          {"machine", foreign_or_null(host.machine)},
          {"virtualization", foreign_or_null(host.virtualization)},
          {"transparent_hugepages", foreign_or_null(host.transparent_hugepages)},
          {"cgroup_version", host.cgroup_version ? Json(*host.cgroup_version) : Json(nullptr)},
          {"cpus", value(host.cpus)},
          {"page_size_bytes", host.page_size.bytes}};
}

Json window(const report::Window& window) {
  Json rounds = nullptr;
  if (const auto& r = window.rounds) {
    rounds = {{"asked", r->asked},
              {"done", r->done},
              {"failed", r->failed},
              {"settle_seconds", value(r->settle)},
              {"mean_seconds", value(r->mean)}};
  }
  Json length = nullptr;
  if (window.start && window.end) length = value(window.end->boot - window.start->boot);
  return {{"start", window.dated ? value(window.start) : Json(nullptr)},
          {"end", window.dated ? value(window.end) : Json(nullptr)},
          {"seconds", std::move(length)},
          {"samples", window.samples},
          {"rounds", std::move(rounds)}};
}

Json detectable(const findings::Detectable& detectable) {
  return {{"of", foreign(detectable.of)}, {"unit", value(detectable.unit)}, {"amount", value(detectable.per_round)}};
}

Json ledger(const model::Ledger& ledger) {
  const auto inside = [](const model::LedgerRow& row) -> Json {
    return {{"id", foreign(row.id)},
            {"class", value(row.klass)},
            {"bytes", value(row.bytes)},
            {"label", foreign(row.label)},
            {"source", foreign(row.source)}};
  };
  const auto outside = [](const model::LedgerRow& row) -> Json {
    return {{"id", foreign(row.id)}, {"bytes", value(row.bytes)}, {"label", foreign(row.label)}};
  };
  return {{"total_bytes", value(ledger.total)},
          {"unattributed_bytes", value(ledger.unattributed())},
          {"rows", array_of(ledger.rows, inside)},
          {"outside", array_of(ledger.outside, outside)},
          {"notes", array_of(ledger.notes, foreign)}};
}

Json decline(const findings::Decline& decline) {
  const auto row = [](const findings::Decline::Part& part) -> Json {
    return {{"row", foreign(part.row)}, {"bytes", part.bytes}};
  };
  return {{"available_lost_bytes", decline.available_lost},
          {"available_bytes", value(decline.available_now)},
          {"rate", value(decline.rate)},
          {"parts", array_of(decline.parts, row)}};
}

Json side(const report::Comparison::Side& side) {
  return {{"source", foreign(side.source)},
          {"time", side.time ? Json(to_rfc3339(*side.time)) : Json(nullptr)},
          {"hostname", foreign_or_null(side.hostname)},
          {"kernel", foreign_or_null(side.kernel_release)},
          {"boot_id", foreign_or_null(side.boot_id)}};
}

Json comparison(const report::Comparison& comparison) {
  return {{"before", side(comparison.before)},
          {"after", side(comparison.after)},
          {"elapsed_seconds", value(comparison.elapsed)},
          {"at_least_bytes", value(comparison.at_least)},
          {"grew", comparison.grew ? Json(*comparison.grew) : Json(nullptr)}};
}

Json subject(const model::SubjectInfo& subject) {
  const auto& process = subject.key.process;
  return {{"kind", value(subject.key.kind)},
          {"name", foreign(subject.key.name)},
          {"pid", process ? Json(process->pid.value) : Json(nullptr)},
          {"start_time", process ? value(process->start) : Json(nullptr)},
          {"cgroup", foreign_or_null(subject.cgroup)},
          {"container", foreign_or_null(subject.container)},
          {"executable", foreign_or_null(subject.executable)},
          {"detail", foreign_or_null(subject.detail)}};
}

Json holder(const findings::Holder& holder) {
  return {{"pid", holder.process.pid.value},
          {"start_time", value(holder.process.start)},
          {"comm", foreign(holder.comm)},
          {"cgroup", foreign_or_null(holder.cgroup)},
          {"holds", foreign_or_null(holder.holds)}};
}

Json finding(const findings::Finding& finding) {
  const auto figure = [](const findings::Evidence& evidence) -> Json {
    return {{"source", foreign_or_null(evidence.source)}, {"text", foreign(evidence.text)}};
  };
  return {{"id", finding.id},
          {"state", value(finding.state)},
          {"domain", value(finding.domain)},
          {"title", foreign_or_null(finding.title)},
          {"subject", subject(finding.subject)},
          {"metric", std::string(model::info(finding.metric).name)},
          {"unit", value(finding.unit)},
          {"amount", value(finding.amount)},
          {"level", value(finding.level)},
          {"rate", value(finding.rate)},
          {"per_round", value(finding.per_round)},
          {"p_value", value(finding.p_value)},
          {"q_value", value(finding.q_value)},
          {"confidence", value(finding.confidence)},
          {"pattern", value(finding.pattern)},
          {"share_of_decline", value(finding.share_of_decline)},
          {"eta_seconds", value(finding.eta)},
          {"detectable_rate", value(finding.detectable_rate)},
          {"needed_seconds", value(finding.needed)},
          {"holders", array_of(finding.holders, holder)},
          {"evidence", array_of(finding.evidence, figure)},
          {"next", array_of(finding.next, foreign)}};
}

Json events(const Document& document) {
  Json array = Json::array();
  for (std::size_t i = 0; i < document.events.size(); ++i) {
    const model::Event& event = document.events[i];
    const bool named = i < document.event_subjects.size();
    array.push_back({{"time", value(event.time)},
                     {"kind", value(event.kind)},
                     {"subject", named ? foreign_or_null(document.event_subjects[i]) : Json(nullptr)},
                     {"text", foreign_or_null(event.text)}});
  }
  return array;
}

Json coverage(const model::Coverage& coverage) {
  return {{"source", foreign(coverage.source)},
          {"state", value(coverage.state)},
          {"why", foreign_or_null(coverage.why)},
          {"remedy", foreign_or_null(coverage.remedy)}};
}

Json loss(const model::Loss& loss) {
  return {{"source", foreign(loss.source)},
          {"what", foreign(loss.what)},
          {"count", loss.count},
          {"of", loss.of == 0 ? Json(nullptr) : Json(loss.of)}};
}

Json cell(const report::Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return foreign(*text);
  if (const auto* integer = std::get_if<std::int64_t>(&cell)) return value(*integer);
  if (const auto* number = std::get_if<double>(&cell)) return value(*number);
  return nullptr;
}

Json rows(const report::Table& table) {
  return array_of(table.rows, [&](const std::vector<report::Cell>& row) {
    Json object = Json::object();
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      object[table.columns[i].id] = i < row.size() ? cell(row[i]) : Json(nullptr);
    }
    return object;
  });
}

}  // namespace

std::string to_json(const Document& document) {
  Json tables = Json::object();
  Json not_shown = Json::object();
  for (const report::Table& table : document.tables) {
    tables[table.id] = rows(table);
    if (table.rows_not_shown > 0) not_shown[table.id] = table.rows_not_shown;
  }
  const Json root{{"schema", "leakscope/1"},
                  {"command", document.command},
                  {"host", host(document.host)},
                  {"window", document.window ? window(*document.window) : Json(nullptr)},
                  {"verdict", value(document.verdict)},
                  {"headline", foreign_or_null(document.headline)},
                  {"details", array_of(document.details, foreign)},
                  {"detectable_per_round", array_of(document.detectable, detectable)},
                  {"detectable_rate", value(document.detectable_rate)},
                  {"needed_seconds", value(document.needed)},
                  {"needed_rounds", document.needed_rounds ? Json(*document.needed_rounds) : Json(nullptr)},
                  {"ledger", document.ledger ? ledger(*document.ledger) : Json(nullptr)},
                  {"decline", document.decline ? decline(*document.decline) : Json(nullptr)},
                  {"comparison", document.comparison ? comparison(*document.comparison) : Json(nullptr)},
                  {"findings", array_of(document.findings, finding)},
                  {"profile", document.profile ? profile(*document.profile) : Json(nullptr)},
                  {"sites", document.profile ? sites(*document.profile) : Json::array()},
                  {"events", events(document)},
                  {"coverage", array_of(document.coverage, coverage)},
                  {"loss", array_of(document.losses, loss)},
                  {"tables", std::move(tables)},
                  {"rows_not_shown", std::move(not_shown)}};
  // Ids and words are ours and ASCII, all else went through printable(): nothing is left to replace, but a document
  // must never end in an exception.
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace leakscope::render::json
