#include "render/text/tree.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "render/text/layout.h"
#include "render/text/limits.h"
#include "render/text/pen.h"
#include "render/text/sites.h"
#include "report/call_tree.h"
#include "report/frame_text.h"
#include "report/profile_text.h"
#include "report/quantity.h"

namespace leakscope::render::text {
namespace {

using report::CallNode;
using report::CallTree;

constexpr double kLeastShare = 0.01;
constexpr std::size_t kSitesShown = 2;
constexpr std::size_t kNarrowestLabel = 24;

/// The lines that lead from a function to those that it calls.
struct Branches {
  std::string_view item;
  std::string_view last;
  std::string_view past;  ///< below an item that is not the last
};

class TreeWriter {
 public:
  TreeWriter(Pen& pen, const model::Profile& profile)
      : pen_(pen), profile_(profile), tree_(report::call_tree(profile)) {
    branches_ = pen.options().unicode ? Branches{"\u251c ", "\u2514 ", "\u2502 "} : Branches{"+ ", "` ", "| "};
  }

  void write() {
    if (tree_.nodes.front().bytes <= 0) return;
    pen_.blank();
    push_children(0, "");
    while (!open_.empty()) {
      const Line line = std::move(open_.back());
      open_.pop_back();
      if (line.left_out > 0) {
        write_rest(line);
      } else {
        write_node(line);
        push_children(line.node, line.below);
      }
    }
  }

 private:
  /// A line that is still to be written: a function, or what is left out of its parent.
  struct Line {
    std::size_t node = 0;
    std::string lead;   ///< before the name
    std::string below;  ///< before the names of what it calls
    std::size_t left_out = 0;
    std::int64_t bytes = 0;
  };

  [[nodiscard]] double share(std::int64_t bytes) const {
    return static_cast<double>(bytes) / static_cast<double>(tree_.nodes.front().bytes);
  }

  void push_children(std::size_t parent, const std::string& prefix) {
    std::vector<Line> lines;
    Line rest;
    for (const std::size_t child : tree_.nodes[parent].children) {
      const std::int64_t bytes = tree_.nodes[child].bytes;
      if (pen_.options().verbose || share(bytes) >= kLeastShare) {
        lines.push_back({.node = child, .lead = {}, .below = {}, .left_out = 0, .bytes = bytes});
      } else {
        ++rest.left_out;
        rest.bytes = report::saturating_add(rest.bytes, bytes);
      }
    }
    if (rest.left_out > 0) lines.push_back(std::move(rest));
    const bool forks = lines.size() > 1;
    // A tree that forks all the way to the right edge leaves no room for names.
    const bool has_room = columns(prefix) + 2 <= pen_.width() / 2;
    for (std::size_t i = lines.size(); i-- > 0;) {
      const bool last = i + 1 == lines.size();
      lines[i].lead = prefix;
      lines[i].below = prefix;
      if (forks && has_room) {
        lines[i].lead += last ? branches_.last : branches_.item;
        lines[i].below += last ? "  " : branches_.past;
      }
      open_.push_back(std::move(lines[i]));
    }
  }

  [[nodiscard]] std::string figures(std::int64_t bytes) const {
    return fmt::format("{:>9}  {:>6}  ", to_human(Bytes(bytes)), report::to_human_share(share(bytes)));
  }

  [[nodiscard]] std::string sites_text(const CallNode& node) const {
    std::vector<std::string> items;
    for (const std::size_t index : node.sites) {
      const model::Site& site = profile_.sites[index];
      std::string item = pen_.safe(report::taken_from(site)) + " " + to_human(Bytes(site.bytes));
      if (site.state != model::SiteState::kUnfreed) item += " " + std::string(to_string(site.state));
      items.push_back(std::move(item));
    }
    return items.empty() ? "" : "  <- " + pen_.joined_up_to(std::move(items), kSitesShown);
  }

  void write_node(const Line& line) {
    const CallNode& node = tree_.nodes[line.node];
    const std::string before = figures(node.bytes) + line.lead;
    std::string label = pen_.safe(node.function);
    if (!node.module.empty() && node.module != "[kernel]") label += " [" + pen_.safe(node.module) + "]";
    const std::size_t used = columns(before);
    const std::size_t room = std::max(pen_.width() > used ? pen_.width() - used : 0, kNarrowestLabel);
    label = cut_middle(label, room, pen_.marks().ellipsis);
    std::string sites = sites_text(node);
    const std::size_t left = room - columns(label);
    if (columns(sites) > left) sites = left < kNarrowestLabel ? "" : cut_middle(sites, left, pen_.marks().ellipsis);
    pen_.line(before + label + pen_.styled(Style::kStrong, sites));
  }

  void write_rest(const Line& line) {
    pen_.line(fmt::format("{}{}({} {} below 1 %)", figures(line.bytes), line.lead,
                          report::to_human_count(static_cast<std::int64_t>(line.left_out)),
                          line.left_out == 1 ? "other," : "others, each"));
  }

  Pen& pen_;
  const model::Profile& profile_;
  CallTree tree_;
  Branches branches_;
  std::vector<Line> open_;
};

}  // namespace

Result<std::string> to_tree(const report::Document& document, const Options& options) {
  if (!document.profile) return fail(Error::Kind::kUsage, "tree", "this answer has no allocation sites");
  Pen pen(options);
  pen.hanging("", profile_heading(pen, *document.profile));
  TreeWriter(pen, *document.profile).write();
  write_limits(pen, document);
  return pen.take();
}

}  // namespace leakscope::render::text
