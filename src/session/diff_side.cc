#include "session/diff_side.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "analysis/accounting/ledger.h"
#include "base/unique_fd.h"
#include "session/document_picture.h"
#include "sources/document/document.h"

namespace leakscope::session {
namespace {

using analysis::difference::Picture;
using Kind = MomentSpec::Kind;

/// Sources that answer later than the first sample are waited for so long, and never for more of the window than this.
constexpr Nanoseconds kLongestPatience = std::chrono::seconds(60);
constexpr int kPatientPart = 4;

bool is_document(const std::string& path) {
  struct stat status{};
  if (path == "-" || ::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd.is_open()) return false;
  std::array<char, 512> head{};
  const ssize_t got = ::pread(fd.get(), head.data(), head.size(), 0);
  return got > 0 && sources::document::looks_like_document({head.data(), static_cast<std::size_t>(got)});
}

/// The picture of a sample that has everything, if one follows at once.
BootTime settled(const model::Observation& observation, BootTime time) {
  const Nanoseconds patience = std::min(kLongestPatience, (observation.end()->boot - time) / kPatientPart);
  if (time - observation.start()->boot > patience) return time;
  return analysis::difference::first_whole_moment(observation, time, patience);
}

/// What to compare in the place of a document that has nothing to compare.
std::string instead_of(const sources::document::Document& document) {
  const auto has = [&](std::string_view id) {
    return std::ranges::find(document.tables, id, &sources::document::Table::id) != document.tables.end();
  };
  if (document.command == "status" && has("mappings")) {
    return "It is of one process: compare what `leakscope status --rows 100000 --json` writes, without --pid";
  }
  if (document.command == "status" && has("charges")) {
    return "It is of one cgroup: compare what `leakscope status --rows 100000 --json` writes, without --cgroup";
  }
  return "Want what `leakscope status --json` writes of the whole machine";
}

Result<DiffSide> side_of_document(Place place) {
  auto document = sources::document::read_document(place.path);
  if (!document) return std::unexpected(std::move(document.error()));
  if (place.moment.given && place.moment.kind != Kind::kStart && place.moment.kind != Kind::kEnd) {
    return fail(Error::Kind::kUsage, place.text, "is a document of one moment already",
                "Leave out what is behind the @");
  }
  DiffSide side{std::move(place), nullptr, picture_of(*document), std::move(document->coverage), {}};
  const bool listed = std::ranges::any_of(side.picture.kinds, [](const Picture::Kind& kind) {
    return kind.listing != analysis::difference::Listing::kUnknown;
  });
  if (!side.picture.ledger && !listed) {
    return fail(Error::Kind::kUsage, side.place.path, "has neither a ledger nor tables that could be compared",
                instead_of(*document));
  }
  return side;
}

Result<DiffSide> side_of(Place place, const std::shared_ptr<const model::Observation>& observation) {
  const auto resolved = resolve(place.moment, *observation, place.text);
  if (!resolved) return std::unexpected(resolved.error());
  const BootTime time = settled(*observation, *resolved);
  DiffSide side{std::move(place), observation, analysis::difference::picture_of(*observation, time),
                observation->coverage, observation->losses};
  side.picture.ledger = analysis::accounting::machine_ledger(*observation, time);
  side.picture.wall = known_wall_time(*observation, wall_time_at(*observation, time));
  return side;
}

Result<std::shared_ptr<const model::Observation>> observe(const std::string& path, const EvidenceOptions& options) {
  auto observation = observe_evidence({path}, options);
  if (!observation) return std::unexpected(std::move(observation.error()));
  return std::shared_ptr<const model::Observation>(std::move(*observation));
}

Result<DiffSide> read_side(Place place, const EvidenceOptions& options) {
  if (is_document(place.path)) return side_of_document(std::move(place));
  auto observation = observe(place.path, options);
  if (!observation) return std::unexpected(std::move(observation.error()));
  return side_of(std::move(place), *observation);
}

Result<DiffSides> both_of_one(Place before, Place after, const EvidenceOptions& options) {
  auto first = read_side(std::move(before), options);
  if (!first) return std::unexpected(std::move(first.error()));
  auto second = first->observation ? side_of(std::move(after), first->observation) : side_of_document(std::move(after));
  if (!second) return std::unexpected(std::move(second.error()));
  return DiffSides{std::move(*first), std::move(*second)};
}

}  // namespace

Result<DiffSides> read_sides(const std::vector<std::string>& words, const EvidenceOptions& options) {
  if (words.empty() || words.size() > 2) {
    return fail(Error::Kind::kUsage, "leakscope diff",
                "wants two things to compare, or one with a beginning and an end", "See: leakscope diff --help");
  }
  auto before = parse_place(words.front());
  if (!before) return std::unexpected(std::move(before.error()));
  if (words.size() == 1) {
    if (is_document(before->path)) {
      return fail(Error::Kind::kUsage, before->path, "is one moment; two are wanted",
                  "Name a second document, recording or folder");
    }
    Place after{before->path, {}, before->path + "@end"};
    if (!before->moment.given)
      *before = {before->path, {.kind = Kind::kStart, .offset = {}, .wall = {}}, before->path + "@start"};
    return both_of_one(std::move(*before), std::move(after), options);
  }
  auto after = parse_place(words.back());
  if (!after) return std::unexpected(std::move(after.error()));
  if (before->path == after->path) return both_of_one(std::move(*before), std::move(*after), options);
  auto first = read_side(std::move(*before), options);
  if (!first) return std::unexpected(std::move(first.error()));
  auto second = read_side(std::move(*after), options);
  if (!second) return std::unexpected(std::move(second.error()));
  return DiffSides{std::move(*first), std::move(*second)};
}

}  // namespace leakscope::session
