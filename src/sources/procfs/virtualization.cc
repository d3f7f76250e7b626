#include "sources/procfs/virtualization.h"

#include <algorithm>
#include <array>

#include "base/text_cursor.h"

namespace leakscope::sources::procfs {
namespace {

struct Maker {
  std::string_view begins;  ///< of the vendor or the product
  std::string_view hypervisor;
};
constexpr auto kMakers = std::to_array<Maker>({
    {"KVM", "kvm"},
    {"QEMU", "kvm"},
    {"OpenStack", "kvm"},
    {"Google Compute Engine", "kvm"},
    {"DigitalOcean", "kvm"},
    {"Hetzner", "kvm"},
    {"Alibaba Cloud ECS", "kvm"},
    {"VMware", "vmware"},
    {"VMW", "vmware"},
    {"innotek GmbH", "virtualbox"},
    {"VirtualBox", "virtualbox"},
    {"Oracle VM VirtualBox", "virtualbox"},
    {"Xen", "xen"},
    {"HVM domU", "xen"},
    {"Virtual Machine", "hyperv"},
    {"Parallels", "parallels"},
    {"BHYVE", "bhyve"},
    {"Apple Virtualization", "apple"},
});

// Kubernetes leaves neither of the first two where the runtime is containerd.
constexpr auto kContainerHints = std::to_array<std::string_view>(
    {"run/.containerenv", ".dockerenv", "run/systemd/container", "run/secrets/kubernetes.io"});

constexpr std::size_t kLongestFirstLine = 65536;

std::string first_line(const RootedDir& root, std::string_view path) {
  FileBuffer buffer;
  const auto text = root.read(path, buffer, kLongestFirstLine);
  return text ? std::string(trim(text->substr(0, text->find('\n')))) : std::string();
}

}  // namespace

std::string_view hypervisor_from_dmi(std::string_view vendor, std::string_view product) {
  // Bare-metal instances carry the cloud's vendor, too: "Amazon EC2" and "m5.metal".
  if (vendor == "Amazon EC2") return product.find(".metal") == std::string_view::npos ? "kvm" : "";
  for (const std::string_view text : {product, vendor}) {
    const auto maker = std::ranges::find_if(kMakers, [&](const Maker& m) { return text.starts_with(m.begins); });
    if (maker != kMakers.end()) return maker->hypervisor;
  }
  return {};
}

std::optional<bool> has_hypervisor_flag(std::string_view cpuinfo) {
  LineCursor lines(cpuinfo);
  while (const auto line = lines.next()) {
    const std::size_t colon = line->find(':');
    if (colon == std::string_view::npos || trim(line->substr(0, colon)) != "flags") continue;
    FieldCursor flags(line->substr(colon + 1));
    while (const auto flag = flags.next()) {
      if (flag == "hypervisor") return true;
    }
    return false;
  }
  return std::nullopt;
}

std::string detect_virtualization(const RootedDir& root) {
  if (std::ranges::any_of(kContainerHints, [&](std::string_view path) { return root.exists(path); })) {
    return "container";
  }
  if (std::string type = first_line(root, "sys/hypervisor/type"); !type.empty()) return type;
  const std::string vendor = first_line(root, "sys/class/dmi/id/sys_vendor");
  const std::string product = first_line(root, "sys/class/dmi/id/product_name");
  if (const auto name = hypervisor_from_dmi(vendor, product); !name.empty()) return std::string(name);
  FileBuffer buffer;
  const auto cpuinfo = root.read("proc/cpuinfo", buffer);
  const auto flag = cpuinfo ? has_hypervisor_flag(*cpuinfo) : std::nullopt;
  if (!flag) return {};
  return *flag ? "vm" : "none";
}

}  // namespace leakscope::sources::procfs
