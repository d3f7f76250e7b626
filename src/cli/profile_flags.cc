#include "cli/profile_flags.h"

#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "cli/values.h"

namespace leakscope::cli {
namespace {

struct SizeRange {
  std::optional<std::int64_t> least;
  std::optional<std::int64_t> most;
};

/// "512", "1K-4K", "8K-", "-64".
Result<SizeRange> size_range(std::string_view text) {
  const auto wrong =
      fail(Error::Kind::kUsage, "--size", fmt::format("wants a size or a range such as 1K-4K, got '{}'", text));
  SizeRange range;
  const std::size_t dash = text.find('-');
  const std::string_view first = text.substr(0, dash);
  const std::string_view last = dash == std::string_view::npos ? first : text.substr(dash + 1);
  if (first.empty() && last.empty()) return wrong;
  for (const auto& [word, bound] : {std::pair{first, &range.least}, std::pair{last, &range.most}}) {
    if (word.empty()) continue;
    const auto size = parse_size(word);
    if (!size) return std::unexpected(size.error());
    *bound = size->count();
  }
  if (range.least && range.most && *range.least > *range.most) return wrong;
  return range;
}

}  // namespace

Result<session::ProfileView> profile_view(const Arguments& arguments) {
  session::ProfileView view;
  analysis::profile::Filter& filter = view.filter;
  if (auto cache = arguments.value(kCacheFlag.name)) filter.caches.push_back(std::move(*cache));
  if (auto function = arguments.value(kFunctionFlag.name)) filter.functions.push_back(std::move(*function));
  if (auto module = arguments.value(kModuleFlag.name)) filter.modules.push_back(std::move(*module));
  if (auto process = arguments.value(kProcessFlag.name)) {
    if (const auto pid = parse_number<std::int32_t>(*process)) {
      filter.pid = Pid{*pid};
    } else {
      filter.comms.push_back(std::move(*process));
    }
  }
  if (const auto text = arguments.value(kSizeFlag.name)) {
    const auto range = size_range(*text);
    if (!range) return std::unexpected(range.error());
    filter.least_size = range->least;
    filter.most_size = range->most;
  }
  if (const auto word = arguments.value(kGroupFlag.name)) {
    const auto grouping = analysis::profile::grouping_from_string(*word);
    if (!grouping) return fail(Error::Kind::kUsage, "--group", fmt::format("does not know '{}'", *word));
    view.grouping = *grouping;
  }
  return view;
}

}  // namespace leakscope::cli
