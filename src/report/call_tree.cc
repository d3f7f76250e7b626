#include "report/call_tree.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "report/frame_text.h"
#include "report/profile_text.h"

namespace leakscope::report {
namespace {

class Builder {
 public:
  explicit Builder(const model::Profile& profile) : profile_(profile) { tree_.nodes.resize(1); }

  void add(std::size_t index) {
    const model::Site& site = profile_.sites[index];
    std::size_t at = 0;
    hold(at, site);
    for (auto frame = site.stack.rbegin(); frame != site.stack.rend(); ++frame) hold(at = below(at, *frame), site);
    if (site.stack.empty()) hold(at = below(at, model::Frame{}), site);
    tree_.nodes[at].sites.push_back(index);
    tree_.deepest = std::max({tree_.deepest, site.stack.size(), std::size_t{1}});
  }

  CallTree take() {
    const auto larger_node = [&](std::size_t a, std::size_t b) { return tree_.nodes[a].bytes > tree_.nodes[b].bytes; };
    const auto larger_site = [&](std::size_t a, std::size_t b) {
      return profile_.sites[a].bytes > profile_.sites[b].bytes;
    };
    for (CallNode& node : tree_.nodes) {
      std::ranges::stable_sort(node.children, larger_node);
      std::ranges::stable_sort(node.sites, larger_site);
    }
    return std::move(tree_);
  }

 private:
  using Key = std::tuple<std::size_t, std::string, std::string>;

  void hold(std::size_t node, const model::Site& site) {
    tree_.nodes[node].bytes = saturating_add(tree_.nodes[node].bytes, site.bytes);
    tree_.nodes[node].count = saturating_add(tree_.nodes[node].count, site.count);
  }

  std::size_t below(std::size_t parent, const model::Frame& frame) {
    const auto [found, is_new] =
        index_.try_emplace(Key{parent, function_of(frame), module_of(frame)}, tree_.nodes.size());
    if (is_new) {
      CallNode& node = tree_.nodes.emplace_back();
      node.function = std::get<1>(found->first);
      node.module = std::get<2>(found->first);
      tree_.nodes[parent].children.push_back(found->second);
    }
    return found->second;
  }

  const model::Profile& profile_;
  CallTree tree_;
  std::map<Key, std::size_t> index_;
};

}  // namespace

CallTree call_tree(const model::Profile& profile) {
  Builder builder(profile);
  for (std::size_t i = 0; i < profile.sites.size(); ++i) {
    if (profile.sites[i].bytes > 0) builder.add(i);
  }
  return builder.take();
}

}  // namespace leakscope::report
