#include "render/svg/layout.h"

#include <algorithm>

#include "report/profile_text.h"

namespace leakscope::render::svg {

Layout layout(const report::CallTree& tree, const model::Profile& profile, double least_width, std::size_t most_rows) {
  Layout out;
  const auto total = static_cast<double>(tree.nodes.front().bytes);
  if (total <= 0) return out;
  out.bars.push_back({.x = 0, .width = 1, .row = 0, .node = 0, .site = {}, .bytes = tree.nodes.front().bytes});
  for (std::size_t at = 0; at < out.bars.size(); ++at) {
    const Bar below = out.bars[at];
    out.rows = std::max(out.rows, below.row + 1);
    if (below.site) continue;
    double x = below.x;
    const auto put = [&](std::size_t node, std::optional<std::size_t> site, std::int64_t bytes) {
      const Bar bar{.x = x,
                    .width = static_cast<double>(bytes) / total,
                    .row = below.row + 1,
                    .node = node,
                    .site = site,
                    .bytes = bytes};
      x += bar.width;
      if (bar.width >= least_width && bar.row < most_rows) {
        out.bars.push_back(bar);
      } else {
        ++out.left_out;
        out.bytes_left_out = report::saturating_add(out.bytes_left_out, bytes);
      }
    };
    const report::CallNode& node = tree.nodes[below.node];
    for (const std::size_t child : node.children) put(child, std::nullopt, tree.nodes[child].bytes);
    for (const std::size_t site : node.sites) put(below.node, site, profile.sites[site].bytes);
  }
  return out;
}

}  // namespace leakscope::render::svg
