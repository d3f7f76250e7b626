#include "render/svg/style.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

namespace leakscope::render::svg {
namespace {

constexpr unsigned kHues = 12;

/// Hue in degrees, saturation and lightness from 0 to 1, as "#rrggbb": not every viewer knows hsl().
std::string color(double hue, double saturation, double lightness) {
  const double reach = saturation * std::min(lightness, 1 - lightness);
  const auto channel = [&](double n) {
    const double k = std::fmod(n + hue / 30, 12);
    return static_cast<int>(std::lround(255 * (lightness - reach * std::max(-1.0, std::min({k - 3, 9 - k, 1.0})))));
  };
  return fmt::format("#{:02x}{:02x}{:02x}", channel(0), channel(8), channel(4));
}

std::string hues(double saturation, double lightness) {
  std::string out;
  for (unsigned i = 0; i < kHues; ++i) {
    out += fmt::format(".h{} .b{{fill:{}}}\n", i, color(i * 360.0 / kHues, saturation, lightness));
  }
  return out;
}

constexpr std::string_view kShape = R"css(
text{font:12px "DejaVu Sans Mono",Menlo,Consolas,monospace}
.head{font-size:16px;font-weight:bold;text-anchor:middle}
.sub{text-anchor:middle}
.right{text-anchor:end}
.button{text-decoration:underline;cursor:pointer}
.bar{cursor:pointer}
.bar text{pointer-events:none}
.over{pointer-events:none}
.b{stroke-width:1}
.u .b{stroke-dasharray:3 2}
.site text{font-style:italic}
.bar:hover .b{stroke-width:2}
.hit .b{stroke-width:3}
.hit text{font-weight:bold;text-decoration:underline}
.past{opacity:.6}
)css";

constexpr std::string_view kLight = R"css(
.back{fill:#ffffff}
text{fill:#111111}
.b{fill:#e4e7ec;stroke:#7d838c}
.k .b{fill:#e4e7ec}
.u .b{fill:#f4f4f4}
.site .b{fill:#ffffff;stroke:#33373d}
.bar:hover .b,.hit .b{stroke:#000000}
.ink{stroke:#8a1c1c}
.dot{fill:#8a1c1c}
)css";

constexpr std::string_view kDark = R"css(
.back{fill:#16181c}
text{fill:#eceff4}
.b{fill:#343a44;stroke:#7d8590}
.k .b{fill:#343a44}
.u .b{fill:#22252b}
.site .b{fill:#16181c;stroke:#c7ccd4}
.bar:hover .b,.hit .b{stroke:#ffffff}
.ink{stroke:#ff8f8f}
.dot{fill:#ff8f8f}
)css";

}  // namespace

std::string style() {
  std::string out(kShape);
  // The rules for sites come last, since a bar of a site is no bar of a module.
  out += hues(0.6, 0.84);
  out += kLight;
  out += "@media (prefers-color-scheme:dark){\n" + hues(0.4, 0.27);
  out += kDark;
  return out + "}\n";
}

std::string module_class(std::string_view module) {
  if (module.empty()) return "u";
  if (module == "[kernel]") return "k";
  // FNV-1a: the same color for a module in every graph.
  std::uint32_t hash = 2166136261U;
  for (const char c : module) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return fmt::format("h{}", hash % kHues);
}

}  // namespace leakscope::render::svg
