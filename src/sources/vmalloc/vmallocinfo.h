#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace leakscope::sources::vmalloc {

/// All areas of one caller: function and module, whatever the offset.
struct CallerTotal {
  std::string_view function;  ///< "kernel_clone", ".part.0" and the like kept; or, of areas without a caller, what
                              ///< they are: "ioremap", "vmap", "vm_map_ram"; points into the parsed text
  std::string_view module;    ///< "nf_tables"; empty for the kernel itself
  std::int64_t areas = 0;
  std::int64_t pages = 0;           ///< sum of pages=: pages that the areas own, guard pages excluded
  std::int64_t unbacked_bytes = 0;  ///< size of areas without pages= (ioremap, vmap, per-CPU chunks), guard page
                                    ///< included: address space whose pages, if any, are counted elsewhere
  bool ioremap = false;             ///< some of them map devices

  /// "kernel_clone", "nft_do_chain [nf_tables]".
  [[nodiscard]] std::string name() const;
};

/// /proc/vmallocinfo added up by caller.
struct Vmallocinfo {
  std::vector<CallerTotal> callers;  ///< in the order of first appearance
  std::int64_t vmalloc_pages = 0;    ///< pages= of areas marked vmalloc: what VmallocUsed counts
  std::int64_t vmap_pages = 0;       ///< pages= of other areas (VM_MAP_PUT_PAGES): in no counter of the kernel
  std::int64_t stack_pages = 0;      ///< of vmalloc_pages, kernel stacks: those of tasks and the per-CPU cached ones
  std::int64_t unpurged_bytes = 0;   ///< freed areas whose addresses wait for a TLB flush: no pages
  std::vector<Error> problems;       ///< lines that were left out, the first few
  std::uint32_t lines = 0;
  std::uint32_t lines_left_out = 0;
  bool cut = false;  ///< the text ends within a line, which was left out
};

/// Parses /proc/vmallocinfo (mm/vmalloc.c: vmalloc_info_show, s_show before 6.9; 0400; captured on 6.18, the text of
/// 5.10 was made by hand after the source):
///   0x000000003e63983a-0x000000001b7d6496   20480 kernel_clone+0x94/0x3e0 pages=4 vmalloc N0=4
///   0x00000000337f1718-0x0000000004f64a02    8192 vp_modern_map_capability+0x12d/0x1c0 phys=0x0000004000000000 ioremap
///   0x00000000b57a22da-0x000000006d38da38   20480 unpurged vm_area
/// Addresses are hashed, or zero under kptr_restrict, and are not used. The caller may be missing, a bare address
/// (no kallsyms), or be followed by " [module]". One parser's table is reused from text to text: a warm one allocates
/// nothing.
class VmallocinfoParser {
 public:
  /// Refills `out`, whose views point into `text`. A line that does not parse is a problem of its own. An error means
  /// that this is no vmallocinfo; an empty text is one (no areas).
  [[nodiscard]] Result<> parse(std::string_view text, Vmallocinfo& out);

 private:
  CallerTotal& find_or_add(std::string_view function, std::string_view module, Vmallocinfo& out);
  [[nodiscard]] bool parse_line(std::string_view line, Vmallocinfo& out);
  void grow(const Vmallocinfo& out);

  std::vector<std::uint32_t> slots_;  // open addressing: index into callers plus one
};

[[nodiscard]] Result<Vmallocinfo> parse_vmallocinfo(std::string_view text);

/// Whether areas of this caller are kernel stacks. kernel/fork.c: alloc_thread_stack_node() passes on its own return
/// address, and which of the functions above it that is depends on what the compiler inlined.
[[nodiscard]] bool is_stack_caller(std::string_view function);

}  // namespace leakscope::sources::vmalloc
