#pragma once

#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "sources/page_holders/holder.h"

namespace leakscope::sources::page_holders {

/// What /proc/PID/fdinfo/N tells of one open DRM file (Documentation/gpu/drm-usage-stats.rst; 5.19 and newer). Views
/// point into the parsed text.
struct DrmClient {
  std::string_view driver;  ///< "amdgpu"
  std::string_view device;  ///< "0000:04:00.0"; empty for devices that are not on PCI
  std::string_view id;      ///< of the client on its device: descriptors of one client share it
  Bytes system_memory;      ///< resident in RAM (total where the driver does not tell), not in VRAM or stolen memory
  Bytes shared;             ///< part of it that other clients have as well
  friend bool operator==(const DrmClient&, const DrmClient&) = default;
};

/// Parses such a file:
///   drm-driver:	amdgpu
///   drm-client-id:	12
///   drm-resident-gtt:	1024 KiB
/// kNotFound when it is none of a DRM file. Unknown keys are skipped; a known one without a number is an error.
[[nodiscard]] Result<DrmClient> parse_drm_fdinfo(std::string_view text);

/// Whether buffers of this driver are pages of TTM's own, and not shmem files.
[[nodiscard]] bool is_ttm_driver(std::string_view driver);

/// "drm-clients": buffers that drivers with TTM allocated for processes; in no counter before 7.x. "drm-clients-shmem":
/// those of other drivers, which stand in Shmem. Looks through the descriptors of all processes now and then, only
/// where /dev/dri exists, and only so many of them.
[[nodiscard]] std::unique_ptr<Holder> make_drm_clients();

}  // namespace leakscope::sources::page_holders
