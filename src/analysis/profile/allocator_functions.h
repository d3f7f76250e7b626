#pragma once

#include <string_view>

#include "model/profile.h"

namespace leakscope::analysis::profile {

/// Functions that hand memory on for others (kmalloc, kvmalloc_node, __alloc_skb, kmemdup, krealloc, seq_open...): who
/// called them is whom one wants to know. So are frames of the tracing itself. What allocates for an end of its own is
/// none of them, whatever its name: alloc_inode, alloc_slab_obj_exts, kmem_cache_create.
[[nodiscard]] bool is_allocator_function(std::string_view symbol);

/// The name in the source of a function that the compiler made a copy of: "foo" of "foo.isra.0" and "foo.cold".
[[nodiscard]] std::string_view without_clone_suffix(std::string_view symbol);

/// The frame that a site is named by: the innermost function that is no allocator's own; if all are, the innermost
/// that has a name, else the innermost. Null for an empty stack.
[[nodiscard]] const model::Frame* caller_of(const model::Site& site);

}  // namespace leakscope::analysis::profile
