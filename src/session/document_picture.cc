#include "session/document_picture.h"

#include <algorithm>
#include <limits>

#include "session/subject_tables.h"

namespace leakscope::session {
namespace {

using analysis::difference::Listing;
using analysis::difference::Picture;
using analysis::difference::Standing;
using model::SubjectKind;
using sources::document::Cell;

using Row = std::vector<std::pair<std::string, Cell>>;

Standing standing_of(const Row& row, std::string_view table, SubjectKind kind) {
  Standing standing;
  standing.subject.key.kind = kind;
  for (const auto& [column, cell] : row) {
    const auto* text = std::get_if<std::string>(&cell);
    const auto* number = std::get_if<std::int64_t>(&cell);
    if (text != nullptr && column == "name") standing.subject.key.name = *text;
    if (text != nullptr && column == "cgroup") standing.subject.cgroup = *text;
    if (text != nullptr && column == "detail") standing.subject.detail = *text;
    if (number == nullptr) continue;
    const bool is_pid = kind == SubjectKind::kProcess && column == "pid" && *number > 0 &&
                        *number <= std::numeric_limits<std::int32_t>::max();
    if (is_pid) standing.subject.key.process = ProcessId{Pid{static_cast<std::int32_t>(*number)}, {}};
    if (const auto metric = metric_of_column(table, column)) standing.values[*metric] = *number;
  }
  return standing;
}

/// The source that finds all subjects of a kind that a machine may well have none of: no table, and yet looked at.
std::string_view source_of(SubjectKind kind) {
  if (kind == SubjectKind::kSysvShm) return "sysvipc.shm";
  if (kind == SubjectKind::kBpfMap) return "bpf";
  return {};
}

void note_kinds_without_table(const sources::document::Document& document, Picture& picture) {
  if (document.command != "status" || !document.ledger) return;
  for (const SubjectKind kind : {SubjectKind::kSysvShm, SubjectKind::kBpfMap}) {
    const auto source = std::ranges::find(document.coverage, source_of(kind), &model::Coverage::source);
    const bool looked = source != document.coverage.end() && source->state == model::Coverage::State::kOk;
    if (looked && picture.of(kind).listing == Listing::kUnknown) picture.of(kind).listing = Listing::kNonZero;
  }
  // Each holder has a source of its own, and one that holds nothing is not listed.
  if (picture.of(SubjectKind::kHolder).listing == Listing::kUnknown) {
    picture.of(SubjectKind::kHolder).listing = Listing::kNonZero;
  }
}

}  // namespace

Picture picture_of(const sources::document::Document& document) {
  Picture picture;
  picture.host = document.host;
  picture.wall = document.end;
  picture.knows_process_starts = false;
  picture.ledger = document.ledger;
  for (const auto& table : document.tables) {
    const auto listed = kind_of_table(table.id);
    if (!listed) continue;
    Picture::Kind& kind = picture.of(listed->kind);
    for (const Row& row : table.rows) {
      Standing standing = standing_of(row, table.id, listed->kind);
      const bool identified = listed->kind != SubjectKind::kProcess || standing.subject.key.process;
      if (identified && standing.values.contains(listed->largest_by)) kind.standings.push_back(std::move(standing));
    }
    if (!kind.standings.empty()) kind.listing = table.rows_not_shown > 0 ? Listing::kLargest : Listing::kNonZero;
  }
  note_kinds_without_table(document, picture);
  return picture;
}

}  // namespace leakscope::session
