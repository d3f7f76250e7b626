#include "render/csv/tables.h"

#include "base/time.h"
#include "render/csv/cells.h"
#include "render/csv/sites.h"

namespace leakscope::render::csv {
namespace {

using report::Document;

std::vector<Cell> finding_row(const findings::Finding& f) {
  const auto& process = f.subject.key.process;
  const auto end = [&](double findings::Interval::* which) { return f.rate ? Cell{(*f.rate).*which} : Cell{}; };
  return {text(f.id),
          text(to_string(f.state)),
          text(to_string(f.domain)),
          text(to_string(f.subject.key.kind)),
          text(f.subject.key.name),
          process ? Cell{std::int64_t{process->pid.value}} : Cell{},
          process && process->start.known() ? Cell{static_cast<double>(process->start.ticks) / 100} : Cell{},
          text(f.subject.cgroup),
          text(model::info(f.metric).name),
          text(to_string(f.unit)),
          maybe(f.amount),
          maybe(f.level),
          end(&findings::Interval::lower),
          end(&findings::Interval::point),
          end(&findings::Interval::upper),
          maybe(f.p_value),
          maybe(f.q_value),
          text(to_string(f.confidence)),
          f.pattern ? text(to_string(*f.pattern)) : Cell{},
          maybe(f.share_of_decline),
          f.eta ? seconds(f.eta->lower) : Cell{},
          f.eta && f.eta->upper ? seconds(*f.eta->upper) : Cell{},
          text(joined(f.evidence, [](const findings::Evidence& e) { return e.text; })),
          text(joined(f.next, [](const std::string& command) { return command; }))};
}

Table findings_table(const Document& document) {
  Table table = table_with("findings", {"id",
                                        "state",
                                        "domain",
                                        "subject_kind",
                                        "subject",
                                        "pid",
                                        "start_time",
                                        "cgroup",
                                        "metric",
                                        "unit",
                                        "amount",
                                        "level",
                                        "rate_lower",
                                        "rate_point",
                                        "rate_upper",
                                        "p_value",
                                        "q_value",
                                        "confidence",
                                        "pattern",
                                        "share_of_decline",
                                        "eta_lower_seconds",
                                        "eta_upper_seconds",
                                        "evidence",
                                        "next"});
  for (const findings::Finding& finding : document.findings) table.rows.push_back(finding_row(finding));
  return table;
}

Table ledger_table(const Document& document) {
  Table table = table_with("ledger", {"id", "class", "bytes", "label", "source"});
  if (!document.ledger) return table;
  for (const model::LedgerRow& row : document.ledger->rows) {
    table.rows.push_back(
        {text(row.id), text(to_string(row.klass)), row.bytes.count(), text(row.label), text(row.source)});
  }
  if (const auto rest = document.ledger->unattributed()) {
    table.rows.push_back({text("unattributed"), Cell{}, rest->count(), text("pages that no counter shows"), Cell{}});
  }
  return table;
}

Table events_table(const Document& document) {
  Table table = table_with("events", {"time", "kind", "subject", "text"});
  for (std::size_t i = 0; i < document.events.size(); ++i) {
    const model::Event& event = document.events[i];
    table.rows.push_back({text(to_rfc3339(event.time.wall)), text(to_string(event.kind)),
                          i < document.event_subjects.size() ? text(document.event_subjects[i]) : Cell{},
                          text(event.text)});
  }
  return table;
}

Table coverage_table(const Document& document) {
  Table table = table_with("coverage", {"source", "state", "why", "remedy"});
  for (const model::Coverage& c : document.coverage) {
    table.rows.push_back({text(c.source), text(to_string(c.state)), text(c.why), text(c.remedy)});
  }
  return table;
}

Table loss_table(const Document& document) {
  Table table = table_with("loss", {"source", "what", "count", "of"});
  for (const model::Loss& loss : document.losses) {
    table.rows.push_back({text(loss.source), text(loss.what), static_cast<std::int64_t>(loss.count),
                          loss.of == 0 ? Cell{} : Cell{static_cast<std::int64_t>(loss.of)}});
  }
  return table;
}

}  // namespace

std::vector<Table> as_tables(const Document& document) {
  std::vector<Table> tables{findings_table(document), ledger_table(document), events_table(document),
                            coverage_table(document), loss_table(document)};
  // An answer that was judged has findings, be it none; the others appear where there is something to say.
  std::erase_if(tables, [&](const Table& t) { return t.rows.empty() && !(document.verdict && t.id == "findings"); });
  if (document.profile) tables.push_back(sites_table(*document.profile));
  tables.insert(tables.end(), document.tables.begin(), document.tables.end());
  return tables;
}

}  // namespace leakscope::render::csv
