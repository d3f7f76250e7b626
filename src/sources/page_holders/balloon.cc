#include "sources/page_holders/balloon.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "sources/page_holders/keyed_number.h"

namespace leakscope::sources::page_holders {
namespace {

constexpr std::string_view kMeminfo = "proc/meminfo";
constexpr std::string_view kVmstat = "proc/vmstat";
constexpr std::string_view kVirtioDriver = "sys/bus/virtio/drivers/virtio_balloon";
constexpr std::string_view kVmwareModule = "sys/module/vmw_balloon";
constexpr std::string_view kVmmemctl = "sys/kernel/debug/vmmemctl";
constexpr std::int64_t kBalloonPage = 4096;

std::optional<std::int64_t> inflated_pages(const RootedDir& root, FileBuffer& buffer) {
  const auto inflated = keyed_number(root, kVmstat, "balloon_inflate", buffer);
  const auto deflated = keyed_number(root, kVmstat, "balloon_deflate", buffer);
  if (!inflated || !deflated || *inflated < 0 || *deflated < 0) return std::nullopt;
  return std::max<std::int64_t>(0, *inflated - *deflated);
}

class Balloon final : public Holder {
 public:
  explicit Balloon(PageSize page_size) : Holder("balloon"), page_size_(page_size) {}

  Result<std::vector<Level>> read(const RootedDir& root) override {
    if (const auto kib = keyed_number(root, kMeminfo, "Balloon:", buffer_)) {
      const auto bytes = checked_mul(*kib, 1024);
      if (!bytes || *bytes < 0) return malformed(root.display(kMeminfo), 0, "want 'Balloon: <number> kB'");
      return std::vector<Level>{{"balloon", Bytes(*bytes), true, root.display(kMeminfo) + " Balloon"}};
    }
    const auto pages = inflated_pages(root, buffer_);
    const auto bytes = pages ? checked_mul(*pages, page_size_.bytes) : std::nullopt;
    const bool vmware = root.exists(kVmwareModule);
    const auto in_total = vmware ? true : virtio_stays_in_total(root);
    if (!bytes || (*bytes == 0 && !in_total)) {
      return fail(Error::Kind::kNotFound, root.display(kVmstat), "no balloon driver is at work");
    }
    // Other drivers (Hyper-V, Xen) take their pages out of the total.
    return std::vector<Level>{{"balloon", Bytes(*bytes), !in_total.value_or(false),
                               root.display(kVmstat) + " balloon_inflate minus balloon_deflate"}};
  }

 private:
  // Nothing when no virtio balloon is there.
  std::optional<bool> virtio_stays_in_total(const RootedDir& root) {
    const auto devices = root.list(kVirtioDriver);
    if (!devices) return std::nullopt;
    for (const std::string& device : *devices) {
      if (!device.starts_with("virtio")) continue;
      const auto features = root.read(fmt::format("{}/{}/features", kVirtioDriver, device), buffer_, 4096);
      return features && deflates_on_oom(*features);
    }
    return std::nullopt;
  }

  PageSize page_size_;
  FileBuffer buffer_;
};

class VmwareBalloon final : public Holder {
 public:
  VmwareBalloon() : Holder("vmware-balloon") {}

  Result<std::vector<Level>> read(const RootedDir& root) override {
    const auto text = root.read(kVmmemctl, buffer_, 64 * 1024);
    if (!text) return std::unexpected(text.error());
    const auto bytes = parse_vmmemctl(*text);
    if (!bytes) return std::unexpected(bytes.error());
    const bool in_meminfo = keyed_number(root, kMeminfo, "Balloon:", buffer_).has_value();
    const bool in_vmstat = inflated_pages(root, buffer_).value_or(0) > 0;
    return std::vector<Level>{
        {"vmware-balloon", *bytes, in_meminfo || in_vmstat, root.display(kVmmemctl) + " current"}};
  }

 private:
  FileBuffer buffer_;
};

}  // namespace

Result<Bytes> parse_vmmemctl(std::string_view text) {
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    const std::size_t colon = line->find(':');
    if (colon == std::string_view::npos || trim(line->substr(0, colon)) != "current" || lines.unterminated()) continue;
    const auto pages = FieldCursor(line->substr(colon + 1)).next_number<std::int64_t>();
    const auto bytes = pages && *pages >= 0 ? checked_mul(*pages, kBalloonPage) : std::nullopt;
    if (!bytes) return malformed("/sys/kernel/debug/vmmemctl", lines.number(), "want 'current: <pages>'");
    return Bytes(*bytes);
  }
  return malformed("/sys/kernel/debug/vmmemctl", 0, "want a line 'current: <pages>'");
}

bool deflates_on_oom(std::string_view features) { return features.size() > 2 && features[2] == '1'; }

std::unique_ptr<Holder> make_balloon(PageSize page_size) { return std::make_unique<Balloon>(page_size); }

std::unique_ptr<Holder> make_vmware_balloon() { return std::make_unique<VmwareBalloon>(); }

}  // namespace leakscope::sources::page_holders
