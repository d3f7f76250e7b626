#include "sources/page_holders/drm_clients.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "sources/page_holders/gpu_gtt.h"
#include "sources/page_holders/keyed_number.h"

namespace leakscope::sources::page_holders {
namespace {

constexpr std::string_view kWhere = "/proc/PID/fdinfo";
// A readlink takes some 2 us: 40 ms at worst, once a minute.
constexpr std::size_t kDescriptorsPerScan = 20000;
constexpr unsigned kReadsBetweenScans = 12;

bool is_system_memory(std::string_view region) {
  // "drm-total-cycles-ENGINE" is no memory at all.
  constexpr std::array<std::string_view, 8> kOthers{"vram", "local", "stolen",   "gds",
                                                    "gws",  "oa",    "doorbell", "cycles-"};
  return std::ranges::none_of(kOthers, [&](std::string_view other) { return region.starts_with(other); });
}

// "1024 KiB", "0", "3 MiB".
std::optional<std::int64_t> parse_size(std::string_view text) {
  FieldCursor fields(text);
  const auto value = fields.next_number<std::int64_t>();
  if (!value || *value < 0) return std::nullopt;
  const auto unit = fields.next();
  if (!unit) return value;
  if (*unit == "KiB") return checked_mul(*value, 1024);
  if (*unit == "MiB") return checked_mul(*value, 1024 * 1024);
  return std::nullopt;
}

// Amounts of one region by what they mean: the best one counts.
struct Region {
  std::string_view name;
  std::optional<std::int64_t> resident;
  std::optional<std::int64_t> total;
  std::optional<std::int64_t> memory;  // the older word for total
  std::int64_t shared = 0;

  [[nodiscard]] std::int64_t amount() const {
    if (resident) return *resident;
    return total.value_or(memory.value_or(0));
  }
};

Region& region_of(std::vector<Region>& regions, std::string_view name) {
  const auto found = std::ranges::find(regions, name, &Region::name);
  if (found != regions.end()) return *found;
  regions.push_back({name, {}, {}, {}, 0});
  return regions.back();
}

// False when the key is known and the value is no size.
bool store_amount(std::vector<Region>& regions, std::string_view key, std::string_view value) {
  constexpr std::array<std::string_view, 4> kPrefixes{"drm-resident-", "drm-total-", "drm-memory-", "drm-shared-"};
  for (std::size_t i = 0; i < kPrefixes.size(); ++i) {
    if (!key.starts_with(kPrefixes[i])) continue;
    const auto size = parse_size(value);
    if (!size) return false;
    Region& region = region_of(regions, key.substr(kPrefixes[i].size()));
    if (i == 0) region.resident = size;
    if (i == 1) region.total = size;
    if (i == 2) region.memory = size;
    if (i == 3) region.shared = *size;
  }
  return true;
}

struct Sums {
  std::int64_t ttm = 0;
  std::int64_t shmem = 0;
};

class DrmClients final : public Holder {
 public:
  DrmClients() : Holder("drm-clients") {}

  Result<std::vector<Level>> read(const RootedDir& root) override {
    if (!root.exists("dev/dri")) return fail(Error::Kind::kNotFound, root.display("dev/dri"), "no GPU is here");
    if (reads_++ % kReadsBetweenScans == 0) scan(root);
    const bool without_amdgpu = has_gtt_counter(root);
    const bool ttm_counted = keyed_number(root, "proc/vmstat", "nr_gpu_active", buffer_).has_value();
    const auto sums = add_up(root, without_amdgpu);
    if (!sums) return malformed(std::string(kWhere), 0, "sizes that do not fit");
    const std::string detail = fmt::format("{} drm-resident-*, drm-total-*", root.display("proc/PID/fdinfo"));
    return std::vector<Level>{{"drm-clients", Bytes(sums->ttm), ttm_counted, detail},
                              {"drm-clients-shmem", Bytes(sums->shmem), true, detail + ", part of Shmem"}};
  }

  std::string blind_spot() const override {
    if (cut_short_) return fmt::format("only {} descriptors were looked through", kDescriptorsPerScan);
    return denied_ ? "descriptors of other users' processes may not be looked at" : "";
  }

 private:
  void scan(const RootedDir& root) {
    files_.clear();
    cut_short_ = denied_ = false;
    std::size_t budget = kDescriptorsPerScan;
    for (const std::string& process : root.list("proc").value_or(std::vector<std::string>{})) {
      if (!parse_number<int>(process)) continue;
      const auto descriptors = root.list(fmt::format("proc/{}/fd", process));
      if (!descriptors) {
        denied_ |= descriptors.error().kind == Error::Kind::kDenied;
        continue;
      }
      for (const std::string& descriptor : *descriptors) {
        if (budget-- == 0) {
          cut_short_ = true;
          return;
        }
        const auto target = root.read_link(fmt::format("proc/{}/fd/{}", process, descriptor));
        if (target && target->starts_with("/dev/dri/")) {
          files_.push_back(fmt::format("proc/{}/fdinfo/{}", process, descriptor));
        }
      }
    }
  }

  // The descriptor may have been closed or be another file by now: then it has no drm lines.
  std::optional<Sums> add_up(const RootedDir& root, bool without_amdgpu) {
    Sums sums;
    std::set<std::string> seen;
    for (const std::string& file : files_) {
      const auto text = root.read(file, buffer_, 64 * 1024);
      const auto client = text ? parse_drm_fdinfo(*text) : Result<DrmClient>(DrmClient{});
      if (!client || client->driver.empty()) continue;
      if (without_amdgpu && client->driver == "amdgpu") continue;
      if (!seen.insert(fmt::format("{} {} {}", client->driver, client->device, client->id)).second) continue;
      // A shared buffer is held by two clients at least, and each shows it.
      const std::int64_t shared = std::min(client->shared.count(), client->system_memory.count());
      std::int64_t& sum = is_ttm_driver(client->driver) ? sums.ttm : sums.shmem;
      const auto total = checked_add(sum, client->system_memory.count() - shared / 2);
      if (!total) return std::nullopt;
      sum = *total;
    }
    return sums;
  }

  FileBuffer buffer_;
  std::vector<std::string> files_;
  unsigned reads_ = 0;
  bool cut_short_ = false;
  bool denied_ = false;
};

}  // namespace

Result<DrmClient> parse_drm_fdinfo(std::string_view text) {
  DrmClient client;
  std::vector<Region> regions;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) return fail(Error::Kind::kTruncated, std::string(kWhere), "ends within a line");
    const std::size_t colon = line->find(':');
    if (colon == std::string_view::npos || !line->starts_with("drm-")) continue;
    const std::string_view key = line->substr(0, colon);
    const std::string_view value = trim(line->substr(colon + 1));
    if (key == "drm-driver") client.driver = value;
    if (key == "drm-pdev") client.device = value;
    if (key == "drm-client-id") client.id = value;
    if (!store_amount(regions, key, value)) {
      return malformed(std::string(kWhere), lines.number(), fmt::format("want '{}: <number> [KiB|MiB]'", key));
    }
  }
  if (client.driver.empty()) return fail(Error::Kind::kNotFound, std::string(kWhere), "is no DRM file");
  for (const Region& region : regions) {
    if (!is_system_memory(region.name)) continue;
    const auto amount = checked_add(client.system_memory.count(), region.amount());
    const auto shared = checked_add(client.shared.count(), region.shared);
    if (!amount || !shared) return malformed(std::string(kWhere), 0, "sizes that do not fit");
    client.system_memory = Bytes(*amount);
    client.shared = Bytes(*shared);
  }
  return client;
}

bool is_ttm_driver(std::string_view driver) {
  constexpr std::array<std::string_view, 7> kDrivers{"amdgpu", "radeon", "nouveau", "xe", "vmwgfx", "qxl", "loongson"};
  return std::ranges::find(kDrivers, driver) != kDrivers.end();
}

std::unique_ptr<Holder> make_drm_clients() { return std::make_unique<DrmClients>(); }

}  // namespace leakscope::sources::page_holders
