#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sources/page_holders/holder.h"

namespace leakscope::sources::page_holders {

/// Looks for a NUL-terminated name in bytes that come in pieces, as in the string section of a BTF blob.
class NameSearch {
 public:
  explicit NameSearch(std::string_view name) : wanted_('\0' + std::string(name) + '\0') {}
  /// True once the name was seen; pieces after that need not be fed.
  bool feed(std::string_view piece);

 private:
  std::string wanted_;
  std::string tail_;  ///< of what was fed: too short to hold the name
};

/// The block layer's reserve for protection information: two buffers of BLK_INTEGRITY_MAX_SIZE (2 MiB) that
/// bio_integrity_initfn() (block/bio-integrity.c) takes from the page allocator at boot and never gives back
/// (integrity_buf_pool). No file tells it: kernels that have it know a function bio_integrity_alloc_buf by its type
/// (/sys/kernel/btf/vmlinux). Checked on 7.3-rc7, where the pool's elements are two blocks of order 9; 5.10 to 6.18
/// have neither function nor pool.
[[nodiscard]] std::unique_ptr<Holder> make_bio_integrity();

}  // namespace leakscope::sources::page_holders
