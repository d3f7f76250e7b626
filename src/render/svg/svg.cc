#include "render/svg/svg.h"

#include <cmath>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "render/svg/layout.h"
#include "render/svg/script.h"
#include "render/svg/style.h"
#include "render/svg/xml.h"
#include "report/call_tree.h"
#include "report/frame_text.h"
#include "report/profile_text.h"
#include "report/quantity.h"

namespace leakscope::render::svg {
namespace {

using model::Site;
using model::SiteState;

// Lengths in pixels; script.cc knows kLeft, kWidth and kLetter too.
constexpr double kLeft = 10;
constexpr double kWidth = 1180;
constexpr double kLetter = 7.25;
constexpr double kPage = 1200;
constexpr double kTop = 62;
constexpr double kRow = 18;
constexpr double kBar = 17;
constexpr double kBottom = 74;
constexpr double kNarrowest = 0.5;
/// More than any stack of the kernel, and a picture that can still be scrolled.
constexpr std::size_t kMostRows = 256;
constexpr std::size_t kLongestName = 300;
constexpr std::size_t kLongestLine = 140;

constexpr std::string_view kBetween = " \u00b7 ";

/// The pattern that is laid over a bar.
std::string_view pattern_of(SiteState state) {
  switch (state) {
    case SiteState::kLost:
    case SiteState::kIndirect:
    case SiteState::kGrowing:
      return "stripes";
    case SiteState::kBlind:
    case SiteState::kDoubtful:
      return "dots";
    case SiteState::kReachable:
    case SiteState::kUnfreed:
      break;
  }
  return {};
}

std::string blocks(std::int64_t count) { return report::to_human_count(count) + (count == 1 ? " block" : " blocks"); }

class Page {
 public:
  Page(const report::Document& document, const model::Profile& profile)
      : document_(document),
        profile_(profile),
        tree_(report::call_tree(profile)),
        layout_(layout(tree_, profile, kNarrowest / kWidth, kMostRows)),
        height_(kTop + static_cast<double>(layout_.rows) * kRow + kBottom) {}

  std::string write() {
    write_head();
    out_ += "<g>\n";
    for (const Bar& bar : layout_.bars) write_bar(bar);
    out_ += "</g>\n";
    write_foot();
    // The script is ours and has no "]]>".
    out_ += fmt::format("<script><![CDATA[{}]]></script>\n</svg>\n", script());
    return std::move(out_);
  }

 private:
  void write_text(double x, double y, std::string_view attributes, std::string_view text) {
    out_ += fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\"{}>{}</text>\n", x, y, attributes, escaped(text));
  }

  [[nodiscard]] std::string subtitle() const {
    std::vector<std::string> items;
    if (!document_.host.hostname.empty()) items.push_back(document_.host.hostname);
    if (!document_.host.kernel_release.empty()) items.push_back("Linux " + document_.host.kernel_release);
    if (profile_.start) items.push_back("from " + to_rfc3339(*profile_.start).substr(0, 19) + "Z");
    if (profile_.length > Nanoseconds{0}) items.push_back("for " + to_human(profile_.length));
    for (std::string& term : report::terms_of(profile_)) items.push_back(std::move(term));
    return fmt::format("{}", fmt::join(items, kBetween));
  }

  void write_head() {
    const std::string title = readable(report::title_of(profile_), kLongestLine - 20);
    const std::int64_t total = tree_.nodes.front().bytes;
    out_ = fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} "
        "{1:.0f}\">\n"
        "<title>{2}</title>\n<style><![CDATA[{3}]]></style>\n"
        "<defs>\n"
        "<pattern id=\"stripes\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
        "patternTransform=\"rotate(45)\"><path class=\"ink\" d=\"M0 0V6\" stroke-width=\"2\" "
        "stroke-opacity=\".35\"/></pattern>\n"
        "<pattern id=\"dots\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
        "<circle class=\"dot\" cx=\"2\" cy=\"2\" r=\"1\" fill-opacity=\".4\"/></pattern>\n"
        "</defs>\n<rect class=\"back\" width=\"100%\" height=\"100%\"/>\n",
        kPage, height_, escaped(title), style());
    const std::string held = total > 0 ? to_human(Bytes(total)) + ": " : "nothing is held: ";
    write_text(kPage / 2, 24, " class=\"head\"", held + title);
    write_text(kPage / 2, 44, " class=\"sub\"", readable(subtitle(), kLongestLine));
    write_text(kLeft, 24, " id=\"reset\" class=\"button\" tabindex=\"0\" style=\"display:none\"", "Reset zoom");
    write_text(kPage - kLeft, 24, " id=\"search\" class=\"button right\" tabindex=\"0\" style=\"display:none\"",
               "Search");
    write_text(kPage - kLeft, 58, " id=\"found\" class=\"right\"", "");
  }

  [[nodiscard]] std::string label_of(const Bar& bar) const {
    if (bar.row == 0) return "all";
    if (bar.site) {
      const Site& site = profile_.sites[*bar.site];
      return fmt::format("{}: {}", readable(report::taken_from(site), kLongestName), to_string(site.state));
    }
    const report::CallNode& node = tree_.nodes[bar.node];
    std::string label = readable(node.function, kLongestName);
    if (node.module.empty() || node.module == "[kernel]") return label;
    return fmt::format("{} [{}]", label, readable(node.module, kLongestName));
  }

  /// Lines of the tooltip; the first is what the script labels the bar with.
  [[nodiscard]] std::string tooltip_of(const Bar& bar, const std::string& label) const {
    const Site* site = bar.site ? &profile_.sites[*bar.site] : nullptr;
    std::vector<std::string> lines{label};
    lines.push_back(fmt::format("{} ({}) in {}", to_human(Bytes(bar.bytes)), report::to_human_share(bar.width),
                                blocks(site != nullptr ? site->count : tree_.nodes[bar.node].count)));
    if (site == nullptr) {
      const std::string& module = tree_.nodes[bar.node].module;
      if (bar.row > 0) lines.push_back(module.empty() ? "module not known" : readable(module, kLongestName));
      return fmt::format("{}", fmt::join(lines, "\n"));
    }
    lines.push_back("called by " + readable(report::caller_of(*site), kLongestName));
    if (site->rate && pattern_of(site->state) == "stripes") {
      lines.push_back(
          report::to_human_rate({site->rate->lower, site->rate->point, site->rate->upper}, model::Unit::kBytes));
    }
    if (site->state == SiteState::kBlind && site->blindness) {
      lines.push_back(fmt::format("{} to {} of its frees are unseen", report::to_human_share(site->blindness->lower),
                                  report::to_human_share(site->blindness->upper)));
    }
    if (!site->note.empty()) lines.push_back(readable(site->note, kLongestName));
    lines.push_back("site " + site_id(*site));
    return fmt::format("{}", fmt::join(lines, "\n"));
  }

  void write_bar(const Bar& bar) {
    const double x = kLeft + bar.x * kWidth;
    const double width = bar.width * kWidth;
    const double y = kTop + static_cast<double>(layout_.rows - 1 - bar.row) * kRow;
    const std::string label = label_of(bar);
    const double letters = std::floor((width - 6) / kLetter);
    const std::string_view pattern = bar.site ? pattern_of(profile_.sites[*bar.site].state) : std::string_view{};
    const std::string klass = bar.site ? "site" : module_class(tree_.nodes[bar.node].module);
    out_ += fmt::format("<g class=\"bar {}\" data-x=\"{:.7f}\" data-w=\"{:.7f}\" data-r=\"{}\"><title>{}</title>",
                        klass, bar.x, bar.width, bar.row, escaped(tooltip_of(bar, label)));
    const std::string box =
        fmt::format("x=\"{:.2f}\" y=\"{:.0f}\" width=\"{:.2f}\" height=\"{:.0f}\"", x, y, width, kBar);
    out_ += fmt::format("<rect class=\"b\" {}/>", box);
    if (!pattern.empty()) out_ += fmt::format("<rect class=\"over\" {} fill=\"url(#{})\"/>", box, pattern);
    out_ += fmt::format("<text x=\"{:.2f}\" y=\"{:.0f}\">{}</text></g>\n", x + 3, y + 13,
                        letters < 3 ? "" : escaped(shortened(label, static_cast<std::size_t>(letters))));
  }

  void write_swatch(double x, double y, std::string_view pattern, std::string_view text) {
    const std::string box = fmt::format("x=\"{:.0f}\" y=\"{:.0f}\" width=\"24\" height=\"12\"", x, y - 10);
    out_ += fmt::format("<g class=\"site\"><rect class=\"b\" {}/>", box);
    if (!pattern.empty()) out_ += fmt::format("<rect {} fill=\"url(#{})\"/>", box, pattern);
    out_ += "</g>\n";
    write_text(x + 30, y, "", text);
  }

  void write_foot() {
    write_text(kLeft, height_ - kBottom + 18, " id=\"told\"", "");
    write_swatch(kLeft, height_ - 30, "stripes", "grows or is lost");
    write_swatch(kLeft + 180, height_ - 30, "dots", "blind: cannot tell");
    write_swatch(kLeft + 370, height_ - 30, "", "held");
    if (layout_.left_out == 0) return;
    const bool one = layout_.left_out == 1;
    const double share = static_cast<double>(layout_.bytes_left_out) / static_cast<double>(tree_.nodes.front().bytes);
    write_text(kLeft, height_ - 10, "",
               fmt::format("{} {} too narrow to be seen {} left out, with all on top: {} ({})",
                           report::to_human_count(static_cast<std::int64_t>(layout_.left_out)), one ? "bar" : "bars",
                           one ? "is" : "are", to_human(Bytes(layout_.bytes_left_out)), report::to_human_share(share)));
  }

  const report::Document& document_;
  const model::Profile& profile_;
  report::CallTree tree_;
  Layout layout_;
  double height_;
  std::string out_;
};

}  // namespace

Result<std::string> to_svg(const report::Document& document) {
  if (!document.profile) return fail(Error::Kind::kUsage, "svg", "this answer has no allocation sites");
  return Page(document, *document.profile).write();
}

}  // namespace leakscope::render::svg
