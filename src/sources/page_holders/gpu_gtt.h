#pragma once

#include <memory>

#include "sources/page_holders/holder.h"

namespace leakscope::sources::page_holders {

/// "gpu-gtt": system memory that amdgpu has in its page table, over all cards
/// (sys/class/drm/cardN/device/mem_info_gtt_used). Other drivers have no such file. Kernels with nr_gpu_active in
/// vmstat (7.x) count these pages themselves.
[[nodiscard]] std::unique_ptr<Holder> make_gpu_gtt();

/// Whether a card tells its GTT: then drm-clients leaves amdgpu out.
[[nodiscard]] bool has_gtt_counter(const RootedDir& root);

}  // namespace leakscope::sources::page_holders
