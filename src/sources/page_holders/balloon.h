#pragma once

#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "sources/page_holders/holder.h"

namespace leakscope::sources::page_holders {

/// Parses sys/kernel/debug/vmmemctl (drivers/misc/vmw_balloon.c: vmballoon_debug_show; 5.10 to 6.12, and the older form
/// with "pages" behind the number):
///   current               :            12345
/// The number counts pages of 4 KiB.
[[nodiscard]] Result<Bytes> parse_vmmemctl(std::string_view text);

/// Whether bit 2 (VIRTIO_BALLOON_F_DEFLATE_ON_OOM) is set in a virtio device's features file, a line of 0 and 1. With
/// it the driver leaves MemTotal alone, so that its pages are in the rest; without it they are outside the total
/// (drivers/virtio/virtio_balloon.c: fill_balloon).
[[nodiscard]] bool deflates_on_oom(std::string_view features);

/// "balloon": pages given to the hypervisor. meminfo's Balloon where there is one (6.18), which is a row of the ledger
/// itself; else vmstat's balloon_inflate minus balloon_deflate.
[[nodiscard]] std::unique_ptr<Holder> make_balloon(PageSize page_size);

/// "vmware-balloon", for kernels whose vmstat does not count VMware's balloon. Reading vmmemctl makes its driver keep
/// statistics from then on, a few hundred bytes.
[[nodiscard]] std::unique_ptr<Holder> make_vmware_balloon();

}  // namespace leakscope::sources::page_holders
