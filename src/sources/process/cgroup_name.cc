#include "sources/process/cgroup_name.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text_cursor.h"

namespace leakscope::sources::process {
namespace {

using Kind = CgroupName::Kind;

constexpr std::size_t kFullId = 64;   // hex digits of a container id
constexpr std::size_t kShortId = 12;  // of these, what the tools print
constexpr auto kUnitSuffixes = std::to_array<std::string_view>({".service", ".scope", ".mount", ".swap", ".socket"});

bool is_container_id(std::string_view text) {
  return text.size() == kFullId && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string_view runtime_name(std::string_view word) {
  if (word.ends_with("-conmon")) word.remove_suffix(std::string_view("-conmon").size());
  if (word == "cri-containerd") return "containerd";
  if (word == "libpod") return "podman";
  return word;
}

CgroupName container(std::string_view runtime, std::string_view id) {
  std::string name(runtime_name(runtime));
  if (!name.empty()) name += '-';
  name += id.substr(0, kShortId);
  return {Kind::kContainer, std::move(name)};
}

// "qemu\x2d1\x2dweb" as systemd-escape --unescape gives it; a broken escape stays as it is.
std::string unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const bool escaped = text.size() >= 4 && text.starts_with("\\x");
    const auto code = escaped ? parse_number<std::uint8_t>(text.substr(2, 2), 16) : std::nullopt;
    out += code ? static_cast<char>(*code) : text.front();
    text.remove_prefix(code ? 4 : 1);
  }
  return out;
}

std::optional<CgroupName> lxc_name(std::string_view component, std::string_view above) {
  for (const std::string_view prefix : {"lxc.payload.", "lxc.monitor."}) {
    if (component.starts_with(prefix))
      return CgroupName{Kind::kContainer, std::string(component.substr(prefix.size()))};
  }
  if (above == "lxc" || above == "lxc.payload" || above == "lxc.monitor") {
    return CgroupName{Kind::kContainer, std::string(component)};
  }
  return std::nullopt;
}

// `above` is the component one level up.
std::optional<CgroupName> container_name(std::string_view component, std::string_view above) {
  if (component.empty() || component == "..") return std::nullopt;
  if (auto name = lxc_name(component, above)) return name;
  std::string_view base = component;
  const bool scope = base.ends_with(".scope");
  if (scope) base.remove_suffix(std::string_view(".scope").size());
  if (scope && base.starts_with("machine-")) {
    return CgroupName{Kind::kMachine, unescape(base.substr(std::string_view("machine-").size()))};
  }
  if (is_container_id(base)) {
    const bool pod = above.starts_with("pod") || above.starts_with("kubepods");
    return container(pod || above == ".." ? std::string_view{} : above, base);
  }
  if (base.size() <= kFullId + 1) return std::nullopt;
  const std::string_view id = base.substr(base.size() - kFullId);
  std::string_view head = base.substr(0, base.size() - kFullId - 1);
  const char separator = base[head.size()];
  if (!is_container_id(id) || (separator != '-' && separator != ':')) return std::nullopt;
  // containerd without the systemd driver: "kubepods-pod<uid>.slice:cri-containerd:<id>"
  if (const std::size_t colon = head.rfind(':'); colon != std::string_view::npos) head.remove_prefix(colon + 1);
  return container(head, id);
}

bool is_unit(std::string_view component) {
  return std::ranges::any_of(kUnitSuffixes, [&](std::string_view suffix) {
    return component.size() > suffix.size() && component.ends_with(suffix);
  });
}

}  // namespace

CgroupName cgroup_name(std::string_view path) {
  std::string_view unit;
  std::string_view slice;
  while (!path.empty()) {
    const std::size_t slash = path.rfind('/');
    std::string_view component = slash == std::string_view::npos ? path : path.substr(slash + 1);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
    const std::string_view above = path.substr(path.rfind('/') + 1);
    if (auto name = container_name(component, above)) return *std::move(name);
    // systemd puts "_" before names that the kernel would take for files of its own (cg_escape).
    if (component.starts_with('_')) component.remove_prefix(1);
    // A manager's own processes: user@1000.service/init.scope is the service.
    const bool of_manager = component == "init.scope" && above.ends_with(".service");
    if (unit.empty() && is_unit(component) && !of_manager) unit = component;
    if (slice.empty() && component.ends_with(".slice") && component.size() > 6) slice = component;
  }
  if (!unit.empty()) return {Kind::kUnit, std::string(unit)};
  if (!slice.empty()) return {Kind::kUnit, std::string(slice)};
  return {};
}

}  // namespace leakscope::sources::process
