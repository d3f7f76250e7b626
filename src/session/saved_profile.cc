#include "session/saved_profile.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "analysis/profile/difference.h"
#include "session/trace_file.h"
#include "sources/recording/profile_file.h"

namespace leakscope::session {
namespace {

namespace recording = sources::recording;

report::Comparison::Side side_of(const std::string& path, const recording::SavedProfile& saved) {
  report::Comparison::Side side;
  side.source = path;
  side.time = saved.profile.start;
  side.hostname = saved.host.hostname;
  side.kernel_release = saved.host.kernel_release;
  side.boot_id = saved.host.boot_id;
  return side;
}

report::Table changes_table(const analysis::profile::ProfileDifference& difference, std::size_t rows) {
  report::Table table{.id = "site_changes", .title = "Call sites that hold more, or less"};
  table.columns = {{"site", "call site"},
                   {"cache", "cache"},
                   {"bytes_change", "change", report::ColumnKind::kBytesChange},
                   {"bytes_before", "before", report::ColumnKind::kBytes},
                   {"bytes_after", "after", report::ColumnKind::kBytes},
                   {"count_change", "objects", report::ColumnKind::kCountChange},
                   {"state", "state"}};
  for (const analysis::profile::SiteChange& change : difference.sites) {
    if (change.bytes_change() == 0 && change.count_change() == 0) continue;
    if (table.rows.size() >= rows) {
      ++table.rows_not_shown;
      continue;
    }
    table.rows.push_back({name_of(change.site), change.site.cache, change.bytes_change(), change.bytes_before,
                          change.bytes_after, change.count_change(), std::string(model::to_string(change.site.state))});
  }
  return table;
}

}  // namespace

ProfileFile profile_file_of(const std::string& path) {
  if (path == "-") return ProfileFile::kNone;
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat status{};
  if (!fd.is_open() || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return ProfileFile::kNone;
  const auto contents = recording::contents_of(fd.get(), path);
  if (contents && *contents == recording::Contents::kProfile) return ProfileFile::kProfile;
  if (contents && *contents == recording::Contents::kSamples) return ProfileFile::kNone;
  std::array<char, 16384> head{};
  const ssize_t got = ::pread(fd.get(), head.data(), head.size(), 0);
  if (got > 0 && looks_like_trace({head.data(), static_cast<std::size_t>(got)})) return ProfileFile::kTrace;
  return ProfileFile::kNone;
}

Result<report::Document> show_profile(const std::string& path, const ProfileView& view) {
  auto saved = recording::read_profile(path);
  if (!saved) return std::unexpected(std::move(saved.error()));
  report::Document document;
  document.command = "show";
  document.host = std::move(saved->host);
  document.coverage = std::move(saved->coverage);
  document.losses = std::move(saved->losses);
  ProfileWithVerdict judged;
  judged.profile = std::move(saved->profile);
  put_into(document, std::move(judged), view);
  // Nothing is judged anew: a file has nothing to say about how long one should have watched.
  document.verdict.reset();
  document.needed.reset();
  const auto growing = std::ranges::count(document.profile->sites, model::SiteState::kGrowing, &model::Site::state);
  document.headline = fmt::format("a profile of {}: {} call sites, of which {} grow.", document.profile->title,
                                  document.profile->sites.size(), growing);
  return document;
}

Result<report::Document> diff_profiles(const std::string& before, const std::string& after, Bytes at_least,
                                       std::size_t rows) {
  const auto first = recording::read_profile(before);
  if (!first) return std::unexpected(first.error());
  const auto second = recording::read_profile(after);
  if (!second) return std::unexpected(second.error());
  const auto difference = analysis::profile::difference(first->profile, second->profile);
  if (!difference) return std::unexpected(difference.error());
  report::Document document;
  document.command = "diff";
  document.host = second->host;
  document.losses = first->losses;
  document.losses.insert(document.losses.end(), second->losses.begin(), second->losses.end());
  report::Comparison comparison{side_of(before, *first), side_of(after, *second), {}, at_least, {}};
  if (first->profile.start && second->profile.start)
    comparison.elapsed = second->profile.start->since_epoch - first->profile.start->since_epoch;
  comparison.grew = std::ranges::any_of(difference->sites, [&](const analysis::profile::SiteChange& change) {
    return change.bytes_change() >= std::max<std::int64_t>(1, at_least.count());
  });
  document.headline = difference->sites.empty() || difference->sites.front().bytes_change() <= 0
                          ? "no call site holds more than before."
                          : fmt::format("{} holds {} more than before.", name_of(difference->sites.front().site),
                                        to_human(Bytes(difference->sites.front().bytes_change())));
  document.details = difference->cautions;
  document.comparison = std::move(comparison);
  document.tables.push_back(changes_table(*difference, rows));
  return document;
}

}  // namespace leakscope::session
