#include "sources/kmem_bpf/kernel_layout.h"

#ifdef LEAKSCOPE_HAVE_BPF

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <bpf/btf.h>
#include <fmt/format.h>

namespace leakscope::sources::kmem_bpf {
namespace {

struct BtfDeleter {
  void operator()(btf* types) const { btf__free(types); }
};

// One kernel's type information.
class Types {
 public:
  explicit Types(btf* types) : types_(types) {}
  [[nodiscard]] bool good() const { return types_ != nullptr; }

  [[nodiscard]] const btf_type* type(std::uint32_t id) const { return btf__type_by_id(types_.get(), id); }
  [[nodiscard]] std::uint32_t count() const { return btf__type_cnt(types_.get()); }
  [[nodiscard]] std::string_view name(std::uint32_t offset) const {
    const char* found = btf__name_by_offset(types_.get(), offset);
    return found != nullptr ? std::string_view(found) : std::string_view{};
  }
  [[nodiscard]] const btf_type* find(const std::string& name, std::uint32_t kind) const {
    const int id = btf__find_by_name_kind(types_.get(), name.c_str(), kind);
    return id > 0 ? type(static_cast<std::uint32_t>(id)) : nullptr;
  }

  // What the name is but for typedefs and qualifiers.
  [[nodiscard]] const btf_type* resolved(std::uint32_t id) const {
    const btf_type* found = type(id);
    for (int steps = 0; found != nullptr && steps < 16 && (btf_is_typedef(found) || btf_is_mod(found)); ++steps) {
      found = type(found->type);
    }
    return found;
  }
  [[nodiscard]] bool is_pointer(std::uint32_t id) const {
    const btf_type* found = resolved(id);
    return found != nullptr && btf_is_ptr(found);
  }
  [[nodiscard]] bool is_bool(std::uint32_t id) const {
    const btf_type* found = resolved(id);
    return found != nullptr && btf_is_int(found) && found->size == 1;
  }

  // The arguments of the event, without the data pointer that comes first; nothing: there is no such event.
  [[nodiscard]] std::optional<std::span<const btf_param>> event(std::string_view event) const {
    const btf_type* found = find(fmt::format("btf_trace_{}", event), BTF_KIND_TYPEDEF);
    if (found != nullptr) found = type(found->type);
    if (found != nullptr && btf_is_ptr(found)) found = type(found->type);
    if (found == nullptr || !btf_is_func_proto(found) || btf_vlen(found) < 1) return std::nullopt;
    return std::span<const btf_param>(btf_params(found) + 1, btf_vlen(found) - 1U);
  }
  struct Function {
    std::span<const btf_param> arguments;
    std::uint32_t result = 0;
  };
  [[nodiscard]] std::optional<Function> function(const std::string& name) const {
    const btf_type* found = find(name, BTF_KIND_FUNC);
    if (found != nullptr) found = type(found->type);
    if (found == nullptr || !btf_is_func_proto(found)) return std::nullopt;
    return Function{std::span<const btf_param>(btf_params(found), btf_vlen(found)), found->type};
  }

 private:
  std::unique_ptr<btf, BtfDeleter> types_;
};

void read_events(const Types& types, KernelLayout& layout) {
  const auto cache = types.event("kmem_cache_alloc");
  layout.has_cache_event = cache.has_value() && types.event("kmalloc") && types.event("kfree");
  layout.has_node_events = types.event("kmalloc_node").has_value();
  layout.has_page_events = types.event("mm_page_alloc") && types.event("mm_page_free");
  layout.has_percpu_events = types.event("percpu_alloc_percpu") && types.event("percpu_free_percpu");
  layout.has_area_events = types.event("alloc_vmap_area") && types.event("free_vmap_area_noflush");
  // 5.10: (call_site, ptr, bytes_req, bytes_alloc, gfp); 6.1: (call_site, ptr, cache, gfp, node).
  layout.cache_event_has_cache = cache && cache->size() > 2 && types.is_pointer((*cache)[2].type);
  const auto kmalloc = types.event("kmalloc");
  layout.kmalloc_shift = kmalloc && kmalloc->size() > 5 && types.is_pointer((*kmalloc)[2].type) ? 1 : 0;
  const auto percpu = types.event("percpu_alloc_percpu");
  layout.percpu_has_call_site = percpu && percpu->size() >= 10;
}

void read_functions(const Types& types, KernelLayout& layout) {
  const auto first_of = [&](std::initializer_list<const char*> names) -> std::string {
    for (const char* name : names) {
      if (types.function(name)) return name;
    }
    return {};
  };
  layout.bulk_free = first_of({"kmem_cache_free_bulk"});
  layout.rcu_free = first_of({"kvfree_call_rcu"});
  layout.bulk_alloc = first_of({"kmem_cache_alloc_bulk_noprof", "kmem_cache_alloc_bulk"});
  layout.bulk_pages = first_of({"alloc_pages_bulk_noprof", "__alloc_pages_bulk"});
  if (!layout.has_area_events) {
    layout.area_alloc = first_of({"alloc_vmap_area"});
    // What frees the area itself is inlined in 5.10; this is where vfree() and vunmap() come by.
    layout.area_free = first_of({"remove_vm_area"});
    const auto area = types.function("alloc_vmap_area");
    if (area && area->arguments.size() != 6) layout.area_alloc.clear();
  }
  if (const auto rcu = types.function(layout.rcu_free); rcu && rcu->arguments.size() == 2) {
    // rcu_callback_t, a pointer to a function, carries an offset in 5.10 and 6.1.
    const btf_type* pointer = types.resolved(rcu->arguments[1].type);
    layout.rcu_has_pointer = pointer != nullptr && btf_is_ptr(pointer) && pointer->type == 0;
  } else {
    layout.rcu_free.clear();
  }
  if (const auto bulk = types.function(layout.bulk_alloc)) layout.bulk_returns_bool = types.is_bool(bulk->result);
  if (const auto bulk = types.function(layout.bulk_pages)) {
    layout.pages_have_list = bulk->arguments.size() == 6;
    if (bulk->arguments.size() != 5 && bulk->arguments.size() != 6) layout.bulk_pages.clear();
  }
}

void read_flags(const Types& types, KernelLayout& layout) {
  for (std::uint32_t id = 1; id < types.count(); ++id) {
    const btf_type* type = types.type(id);
    if (type == nullptr || !btf_is_enum(type)) continue;
    for (const struct btf_enum& value : std::span(btf_enum(type), btf_vlen(type))) {
      const std::string_view name = types.name(value.name_off);
      // Bits by name from 6.10 on; macros, hence not in BTF, and the defaults before.
      if (value.val < 0 || value.val > 63) continue;
      if (name == "___GFP_ACCOUNT_BIT") layout.gfp_accounted = std::uint64_t{1} << static_cast<unsigned>(value.val);
      if (name == "___GFP_COMP_BIT") layout.gfp_compound = std::uint64_t{1} << static_cast<unsigned>(value.val);
      if (name == "KMALLOC_CGROUP") layout.has_accounted_caches = true;
    }
  }
}

}  // namespace

Result<KernelLayout> read_kernel_layout() {
  const Types types(btf__load_vmlinux_btf());
  if (!types.good()) {
    return fail(Error::Kind::kUnsupported, "/sys/kernel/btf/vmlinux", "the kernel brings no type information",
                "Needs a kernel with CONFIG_DEBUG_INFO_BTF");
  }
  KernelLayout layout;
  read_events(types, layout);
  read_functions(types, layout);
  read_flags(types, layout);
  layout.can_ask_for_cache = types.function("bpf_get_kmem_cache").has_value();
  const btf_type* page = types.find("page", BTF_KIND_STRUCT);
  if (page != nullptr && page->size != 0 && (page->size & (page->size - 1)) == 0) layout.page_struct_bytes = page->size;
  return layout;
}

}  // namespace leakscope::sources::kmem_bpf

#endif
