#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "sources/page_holders/holder.h"

namespace leakscope::sources::page_holders {

/// Figures of a ZFS kstat file that say where the ARC's memory comes from.
struct ZfsKstat {
  std::optional<Bytes> size;                 ///< arcstats: the whole ARC
  std::optional<Bytes> data_size;            ///< arcstats: buffers of file contents
  std::optional<Bytes> metadata_size;        ///< arcstats: buffers of metadata
  std::optional<Bytes> scatter_data_size;    ///< abdstats: contents in pages of their own
  std::optional<Bytes> scatter_chunk_waste;  ///< abdstats: what the last pages of these leave unused
  friend bool operator==(const ZfsKstat&, const ZfsKstat&) = default;
};

/// Parses proc/spl/kstat/zfs/arcstats or abdstats (OpenZFS module/zfs/arc.c, module/os/linux/zfs/abd_os.c; 2.1):
///   name                            type data
///   size                            4    17179869184
/// Unknown names are skipped; a known one without a number, and a text cut within a line, are errors.
[[nodiscard]] Result<ZfsKstat> parse_zfs_kstat(std::string_view text);

/// "zfs-arc": buffers in pages of their own, which no counter shows. "zfs-arc-slab": headers and small buffers, which
/// are slab objects and counted there. Together they are the ARC's size.
[[nodiscard]] std::unique_ptr<Holder> make_zfs_arc();

}  // namespace leakscope::sources::page_holders
