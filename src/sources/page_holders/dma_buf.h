#pragma once

#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "sources/page_holders/holder.h"

namespace leakscope::sources::page_holders {

/// Shared buffers of devices, by where their pages stand.
struct DmaBufTotals {
  Bytes own;        ///< of exporters that allocate pages themselves (dma-buf heaps, V4L2): in no counter
  Bytes elsewhere;  ///< of exporters whose pages another row shows (GEM objects of DRM drivers, udmabuf, vmalloc)
  std::size_t buffers = 0;
  std::size_t lines_left_out = 0;
  friend bool operator==(const DmaBufTotals&, const DmaBufTotals&) = default;
};

/// Parses sys/kernel/debug/dma_buf/bufinfo (drivers/dma-buf/dma-buf.c: dma_buf_debug_show; 5.10 to 6.12):
///   size    	flags   	mode    	count   	exp_name	ino     	name
///   00008192	00000002	00080007	00000002	system	00000123	<none>
/// Lines of attached devices are skipped. No header is an error.
[[nodiscard]] Result<DmaBufTotals> parse_bufinfo(std::string_view text);

/// Whether buffers of this exporter (KBUILD_MODNAME, or a heap's name) have their pages in another row.
[[nodiscard]] bool is_counted_exporter(std::string_view exporter);

/// "dma-buf" and "dma-buf-counted". From sys/kernel/dmabuf/buffers (5.13 and newer, where configured), else bufinfo.
[[nodiscard]] std::unique_ptr<Holder> make_dma_buf();

}  // namespace leakscope::sources::page_holders
