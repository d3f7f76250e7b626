#include "sources/kmem_bpf/trace_programs.h"

#ifdef LEAKSCOPE_HAVE_BPF

#include <linux/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <thread>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <kmem_repair.skel.h>
#include <kmem_trace.skel.h>

#include "base/rooted_dir.h"
#include "sources/kmem_bpf/cache_names.h"
#include "sources/kmem_bpf/mapped_array.h"

namespace leakscope::sources::kmem_bpf {
namespace {

constexpr const char* kName = "BPF allocation events";
constexpr std::size_t kRanges = 8192;
constexpr std::size_t kFreePairs = 16384;

template <class S>
struct SkeletonDeleter {
  void operator()(S* skeleton) const { S::destroy(skeleton); }
};
using Trace = std::unique_ptr<kmem_trace, SkeletonDeleter<kmem_trace>>;
using Repair = std::unique_ptr<kmem_repair, SkeletonDeleter<kmem_repair>>;

struct LinkDeleter {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
using Link = std::unique_ptr<bpf_link, LinkDeleter>;

int be_quiet(libbpf_print_level /*level*/, const char* /*format*/, va_list /*arguments*/) { return 0; }

Error load_error(int error_number, const char* step) {
  Error error = error_from_errno(error_number, kName, step);
  if (error.kind == Error::Kind::kDenied) {
    error.hint = "Run as root, or with CAP_BPF and CAP_PERFMON";
  } else {
    error.kind = Error::Kind::kUnsupported;
  }
  return error;
}

constexpr bpf_insn instruction(std::uint8_t code, std::uint8_t to, std::uint8_t from, std::int16_t offset,
                               std::int32_t value) {
  bpf_insn made{};
  made.code = code;
  made.dst_reg = to & 0xFU;
  made.src_reg = from & 0xFU;
  made.off = offset;
  made.imm = value;
  return made;
}

// Compare-and-swap in programs came with 5.12; a program of one such instruction tells.
bool has_compare_and_swap() {
  constexpr std::int32_t kCompareAndSwap = 0xF1;
  const std::array<bpf_insn, 6> program = {
      instruction(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -8, 0),
      instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
      instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, 1),
      instruction(BPF_STX | BPF_DW | 0xC0, BPF_REG_10, BPF_REG_1, -8, kCompareAndSwap),
      instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
      instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
  };
  const UniqueFd fd(
      bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "leakscope_cas", "GPL", program.data(), program.size(), nullptr));
  return fd.is_open() && std::endian::native == std::endian::little;
}

// How the memory that one may take is divided.
struct Sizes {
  std::uint32_t site_bits = 0;
  std::size_t sites = 0;
  std::size_t buckets = 1;
  std::size_t live_map = 1;
  std::size_t ranges = 1;
  std::size_t pairs = 1;
  std::size_t memory = 0;
};

Sizes sizes_for(const KmemTracerOptions& options, std::size_t cpus, bool own_table) {
  constexpr std::size_t kHashEntry = 88;  // of 8 bytes and 8, preallocated: header, bucket and free list (htab_elem)
  const std::size_t most = std::max(options.max_memory, std::size_t{1} << 20U);
  const std::size_t per_site =
      sizeof(WireKmemSite) + sizeof(WireKmemStack) + sizeof(WireKmemCounters) * cpus + kHashEntry;
  Sizes sizes;
  sizes.site_bits = 14;
  while (sizes.site_bits > 10 && (per_site << sizes.site_bits) > most / 2) --sizes.site_bits;
  sizes.sites = std::size_t{1} << sizes.site_bits;
  if (options.pages) sizes.ranges = kRanges;
  if (options.pair_frees) sizes.pairs = kFreePairs;
  sizes.memory =
      per_site * sizes.sites + kWireKmemTasks * sizeof(WireKmemTask) + kHashEntry * (sizes.ranges + sizes.pairs);
  const std::size_t rest = most > sizes.memory ? most - sizes.memory : 0;
  if (own_table) {
    sizes.buckets = std::bit_floor(std::max(rest / sizeof(WireKmemBucket), std::size_t{1024}));
    sizes.memory += sizes.buckets * sizeof(WireKmemBucket);
  } else {
    sizes.live_map = std::max(rest / kHashEntry, std::size_t{4096});
    sizes.memory += sizes.live_map * kHashEntry;
  }
  return sizes;
}

// As hash_of() of kmem_live.bpf.h, whose highest byte decides on sampling.
std::uint64_t sample_byte_of(std::uint64_t address) {
  std::uint64_t hash = address * 0x9E37'79B9'7F4A'7C15;
  hash ^= hash >> 32U;
  return (hash * 0xD6E8'FEB8'6659'FD93) >> 56U;
}

std::uint64_t read_now(const __u64& value) {
  // Programs write it meanwhile.
  return std::atomic_ref<__u64>(const_cast<__u64&>(value)).load(std::memory_order_relaxed);
}
void write_now(__u64& value, std::uint64_t to) { std::atomic_ref<__u64>(value).store(to, std::memory_order_relaxed); }

// A function that programs look at, where the kernel lets them.
struct Hook {
  const char* program;
  std::string function;  // by its name here; empty: there is none to look at
  bool wanted;
  const char* what;
  const char* without;  // what is not seen without it
};

class LoadedPrograms final : public TracePrograms {
 public:
  explicit LoadedPrograms(const KmemTracerOptions& options) : options_(options) {}
  [[nodiscard]] Result<> load_all();

  [[nodiscard]] Result<> attach() override;
  void detach() override;
  [[nodiscard]] WireKmemControl& control() override { return control_.elements()[0]; }
  [[nodiscard]] std::span<WireKmemSite> sites() override { return sites_.elements(); }
  [[nodiscard]] std::span<const WireKmemStack> stacks() override { return stacks_.elements(); }
  [[nodiscard]] std::span<const WireKmemTask> tasks() override { return tasks_.elements(); }
  [[nodiscard]] std::size_t cpus() const override { return cpus_; }
  [[nodiscard]] WireKmemCounters counters(std::size_t site) override;
  void read_live(std::vector<std::uint64_t>& values, std::vector<std::uint64_t>& passed_over) override;
  [[nodiscard]] std::size_t room() const override {
    return own_table_ ? sizes_.buckets * kWireKmemWays : sizes_.live_map;
  }
  [[nodiscard]] std::size_t memory() const override { return sizes_.memory; }
  [[nodiscard]] Result<> follow(std::uint64_t call_site) override;
  [[nodiscard]] std::vector<FreePair> free_pairs() override;
  [[nodiscard]] Result<std::uint64_t> clock() override { return run_once(trace_->progs.read_clock); }
  [[nodiscard]] KmemTracer::Cost cost() const override;
  [[nodiscard]] const KernelLayout& layout() const override { return layout_; }
  [[nodiscard]] std::vector<model::Coverage> coverage() const override { return coverage_; }

 private:
  [[nodiscard]] std::vector<const char*> freeing_events() const;
  [[nodiscard]] std::vector<const char*> allocating_events() const;
  [[nodiscard]] std::vector<Hook> hooks() const;
  [[nodiscard]] std::string name_of(std::string_view program) const;
  [[nodiscard]] Result<> check_events();
  void set_constants();
  void set_sizes();
  void choose_programs();
  [[nodiscard]] Result<> load_trace(const std::vector<std::string>& caches);
  [[nodiscard]] Result<> map_arrays();
  [[nodiscard]] Result<Repair> load_repair(std::span<const Hook> hooks);
  [[nodiscard]] Result<> attach_hook(const Repair& repair, const Hook& hook, std::vector<Link>& links);
  void attach_hooks();
  [[nodiscard]] Result<> attach_event(const char* event);
  [[nodiscard]] Result<std::uint64_t> run_once(const bpf_program* program);
  void read_table(std::vector<std::uint64_t>& values, std::vector<std::uint64_t>& passed_over);
  void read_map(std::vector<std::uint64_t>& values, std::vector<std::uint64_t>& passed_over);

  KmemTracerOptions options_;
  KernelLayout layout_;
  std::size_t cpus_ = 1;
  bool own_table_ = true;
  Sizes sizes_;
  Trace trace_;
  std::vector<Repair> repairs_;
  MappedArray<WireKmemControl> control_;
  MappedArray<WireKmemSite> sites_;
  MappedArray<WireKmemCounters> counters_;
  MappedArray<WireKmemBucket> live_;
  MappedArray<WireKmemStack> stacks_;
  MappedArray<WireKmemTask> tasks_;
  std::vector<Link> links_;  // in the order of attaching
  std::vector<model::Coverage> coverage_;
};

// ---- Loading

// Programs are called as their events, but for what would be a name of C.
struct Event {
  const char* event;
  const char* program;
};
struct Choice {
  bool is_wanted;
  const char* event;
};
std::vector<const char*> chosen(std::initializer_list<Choice> choices) {
  std::vector<const char*> events;
  for (const Choice& choice : choices) {
    if (choice.is_wanted) events.push_back(choice.event);
  }
  return events;
}

constexpr std::array<Event, 12> kEvents = {{{"kmalloc", "on_kmalloc"},
                                            {"kmalloc_node", "on_kmalloc_node"},
                                            {"kmem_cache_alloc", "on_cache_alloc"},
                                            {"kmem_cache_alloc_node", "on_cache_alloc_node"},
                                            {"kfree", "on_kfree"},
                                            {"kmem_cache_free", "on_cache_free"},
                                            {"mm_page_alloc", "on_page_alloc"},
                                            {"mm_page_free", "on_page_free"},
                                            {"percpu_alloc_percpu", "on_percpu_alloc"},
                                            {"percpu_free_percpu", "on_percpu_free"},
                                            {"alloc_vmap_area", "on_area_alloc"},
                                            {"free_vmap_area_noflush", "on_area_free"}}};

std::vector<const char*> LoadedPrograms::freeing_events() const {
  return chosen({{options_.slab, "kfree"},
                 {options_.slab, "kmem_cache_free"},
                 {options_.pages && layout_.has_page_events, "mm_page_free"},
                 {options_.percpu && layout_.has_percpu_events, "percpu_free_percpu"},
                 {options_.vmalloc && layout_.has_area_events, "free_vmap_area_noflush"}});
}

std::vector<const char*> LoadedPrograms::allocating_events() const {
  return chosen({{options_.slab, "kmalloc"},
                 {options_.slab, "kmem_cache_alloc"},
                 {options_.slab && layout_.has_node_events, "kmalloc_node"},
                 {options_.slab && layout_.has_node_events, "kmem_cache_alloc_node"},
                 {options_.pages && layout_.has_page_events, "mm_page_alloc"},
                 {options_.percpu && layout_.has_percpu_events, "percpu_alloc_percpu"},
                 {options_.vmalloc && layout_.has_area_events, "alloc_vmap_area"}});
}

// What frees comes first: no free may be missed of what is seen allocated.
std::vector<Hook> LoadedPrograms::hooks() const {
  const bool areas = options_.vmalloc && !layout_.has_area_events;
  return {
      {"bulk_free", layout_.bulk_free, options_.slab, "frees in bulk",
       "objects freed in bulk (kmem_cache_free_bulk) are told by no event"},
      {"rcu_free", layout_.rcu_free, options_.slab || areas, "frees after RCU",
       "objects given to kfree_rcu count as held until they are freed, and where that happens in bulk no event tells"},
      {"area_free", layout_.area_free, areas, "vmalloc frees", ""},
      {"bulk_alloc", layout_.bulk_alloc, options_.slab, "allocations in bulk",
       "objects allocated in bulk (kmem_cache_alloc_bulk) are not seen"},
      {"bulk_pages", layout_.bulk_pages, options_.pages, "pages in bulk",
       "pages allocated in bulk (alloc_pages_bulk: page pools, sunrpc, btrfs, xfs) are not seen"},
      {"area_alloc", layout_.area_alloc, areas, "vmalloc",
       "vmalloc has no events before 6.3; `diagnose` names its callers from /proc/vmallocinfo"}};
}

std::string LoadedPrograms::name_of(std::string_view program) const {
  return fmt::format("{}{}", program, own_table_ ? "" : "_plain");
}

Result<> LoadedPrograms::check_events() {
  if (options_.slab && !layout_.has_cache_event) {
    return fail(Error::Kind::kUnsupported, kName, "this kernel has no events of slab allocations");
  }
  const auto tell = [this](bool wanted, bool there, const char* what) {
    if (wanted && there) coverage_.push_back({what, model::Coverage::State::kOk, "", ""});
    if (wanted && !there) {
      coverage_.push_back({what, model::Coverage::State::kAbsent, "this kernel has no events of them", ""});
    }
  };
  tell(options_.slab, true, "slab allocations");
  tell(options_.pages, layout_.has_page_events, "page allocations");
  tell(options_.percpu, layout_.has_percpu_events, "per-CPU allocations");
  if (options_.vmalloc && layout_.has_area_events) tell(true, true, "vmalloc");
  if (allocating_events().empty() && !(options_.vmalloc && !layout_.area_alloc.empty())) {
    return fail(Error::Kind::kUnsupported, kName, "this kernel has none of the events asked for");
  }
  return {};
}

template <class ReadOnlyData>
void set_common_constants(ReadOnlyData& data, const KmemTracerOptions& options, const KernelLayout& layout,
                          const Sizes& sizes) {
  data.site_bits = sizes.site_bits;
  data.bucket_mask = sizes.buckets - 1;
  data.page_size = static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
  data.can_ask_for_cache = layout.can_ask_for_cache;
  data.only_some_caches = !options.cache.empty();
  data.least_bytes = options.least_bytes;
  data.most_bytes = options.most_bytes;
  data.cache_event_has_cache = layout.cache_event_has_cache;
}

void LoadedPrograms::set_constants() {
  auto& data = *trace_->rodata;
  set_common_constants(data, options_, layout_, sizes_);
  data.kmalloc_shift = layout_.kmalloc_shift;
  data.percpu_has_call_site = layout_.percpu_has_call_site;
  data.gfp_accounted = layout_.gfp_accounted;
  data.gfp_compound = layout_.gfp_compound;
  data.page_struct_bytes = layout_.page_struct_bytes;
  data.user_pages = options_.user_pages;
  data.pair_frees = options_.pair_frees;
}

void LoadedPrograms::set_sizes() {
  const auto set = [](bpf_map* map, std::size_t entries) {
    bpf_map__set_max_entries(map, static_cast<std::uint32_t>(entries));
  };
  const auto& maps = trace_->maps;
  set(maps.sites, sizes_.sites);
  set(maps.claims, sizes_.sites);
  set(maps.stacks, sizes_.sites);
  set(maps.counters, sizes_.sites * cpus_);
  set(maps.live, sizes_.buckets);
  set(maps.live_map, sizes_.live_map);
  set(maps.ranges, sizes_.ranges);
  set(maps.free_sites, sizes_.pairs);
}

void LoadedPrograms::choose_programs() {
  std::vector<std::string> names = {"read_clock", "read_self"};
  const auto choose = [&](const std::vector<const char*>& events) {
    for (const char* event : events) {
      const auto found = std::ranges::find(kEvents, std::string_view(event), &Event::event);
      if (found != kEvents.end()) names.push_back(name_of(found->program));
    }
  };
  choose(freeing_events());
  choose(allocating_events());
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, trace_->obj) {
    bpf_program__set_autoload(program, std::ranges::find(names, bpf_program__name(program)) != names.end());
  }
}

Result<> LoadedPrograms::load_trace(const std::vector<std::string>& caches) {
  trace_.reset(kmem_trace::open());
  if (!trace_) return std::unexpected(load_error(errno, "open"));
  set_constants();
  set_sizes();
  choose_programs();
  const int result = kmem_trace::load(trace_.get());
  if (result != 0) return std::unexpected(load_error(-result, "load the programs"));
  for (const std::string& cache : caches) {
    std::array<char, 32> key{};
    cache.copy(key.data(), key.size() - 1);
    const std::uint8_t one = 1;
    if (bpf_map_update_elem(bpf_map__fd(trace_->maps.wanted), key.data(), &one, BPF_ANY) != 0) {
      return fail(Error::Kind::kUsage, options_.cache, "too many slab caches are called so", "Name fewer");
    }
  }
  return {};
}

Result<> LoadedPrograms::map_arrays() {
  const auto map = [](auto& array, const bpf_map* from) -> Result<> {
    auto mapped = std::remove_reference_t<decltype(array)>::map(bpf_map__fd(from), bpf_map__max_entries(from));
    if (!mapped) return std::unexpected(std::move(mapped.error()));
    array = *std::move(mapped);
    return {};
  };
  const auto& maps = trace_->maps;
  if (auto done = map(control_, maps.control); !done) return done;
  if (auto done = map(sites_, maps.sites); !done) return done;
  if (auto done = map(counters_, maps.counters); !done) return done;
  if (auto done = map(stacks_, maps.stacks); !done) return done;
  if (auto done = map(tasks_, maps.tasks); !done) return done;
  return map(live_, maps.live);
}

Result<> LoadedPrograms::load_all() {
  libbpf_set_print(be_quiet);
  auto layout = read_kernel_layout();
  if (!layout) return std::unexpected(std::move(layout.error()));
  layout_ = *std::move(layout);
  if (auto done = check_events(); !done) return done;
  std::vector<std::string> caches;
  if (!options_.cache.empty()) {
    const auto root = RootedDir::open("/");
    if (!root) return std::unexpected(root.error());
    auto meant = caches_meant(*root, options_.cache);
    if (!meant) return std::unexpected(std::move(meant.error()));
    caches = *std::move(meant);
  }
  cpus_ = static_cast<std::size_t>(std::max(1, libbpf_num_possible_cpus()));
  own_table_ = !options_.kernel_map && has_compare_and_swap();
  sizes_ = sizes_for(options_, cpus_, own_table_);
  if (auto done = load_trace(caches); !done) return done;
  if (auto done = map_arrays(); !done) return done;
  const auto self = run_once(trace_->progs.read_self);
  control().own_process = self ? static_cast<std::uint32_t>(*self) : static_cast<std::uint32_t>(::getpid());
  control().all_stacks = options_.stacks ? 1 : 0;
  return {};
}

// ---- Attaching

Result<Repair> LoadedPrograms::load_repair(std::span<const Hook> hooks) {
  Repair repair(kmem_repair::open());
  if (!repair) return std::unexpected(load_error(errno, "open"));
  set_common_constants(*repair->rodata, options_, layout_, sizes_);
  repair->rodata->rcu_has_pointer = layout_.rcu_has_pointer;
  repair->rodata->bulk_returns_bool = layout_.bulk_returns_bool;
  repair->rodata->pages_have_list = layout_.pages_have_list;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, repair->obj) bpf_program__set_autoload(program, false);
  for (const Hook& hook : hooks) {
    program = bpf_object__find_program_by_name(repair->obj, name_of(hook.program).c_str());
    if (program == nullptr) continue;
    bpf_program__set_autoload(program, true);
    const int result = bpf_program__set_attach_target(program, 0, hook.function.c_str());
    if (result != 0) return std::unexpected(load_error(-result, "find the function"));
  }
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, repair->obj) {
    const bpf_map* shared = bpf_object__find_map_by_name(trace_->obj, bpf_map__name(map));
    if (shared == nullptr || bpf_map__is_internal(map)) continue;
    if (bpf_map__reuse_fd(map, bpf_map__fd(shared)) != 0) return std::unexpected(load_error(errno, "share the maps"));
  }
  const int result = kmem_repair::load(repair.get());
  if (result != 0) return std::unexpected(load_error(-result, "load"));
  return repair;
}

Result<> LoadedPrograms::attach_hook(const Repair& repair, const Hook& hook, std::vector<Link>& links) {
  const bpf_program* program = bpf_object__find_program_by_name(repair->obj, name_of(hook.program).c_str());
  Link link(program != nullptr ? bpf_program__attach_trace(program) : nullptr);
  if (!link) return std::unexpected(load_error(errno, "attach"));
  links.push_back(std::move(link));
  return {};
}

// All in one object, and where one of them makes that fail, each in its own.
void LoadedPrograms::attach_hooks() {
  std::vector<Hook> wanted;
  for (Hook& hook : hooks()) {
    if (!hook.wanted) continue;
    if (!hook.function.empty()) {
      wanted.push_back(std::move(hook));
    } else if (hook.without[0] != '\0') {
      coverage_.push_back({hook.what, model::Coverage::State::kAbsent, hook.without, ""});
    }
  }
  if (wanted.empty()) return;
  auto together = load_repair(wanted);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Hook& hook = wanted[i];
    auto alone = together ? Result<Repair>(Repair()) : load_repair(std::span(wanted).subspan(i, 1));
    auto attached = alone ? attach_hook(together ? *together : *alone, hook, links_)
                          : Result<>(std::unexpected(std::move(alone.error())));
    if (attached) {
      coverage_.push_back({hook.what, model::Coverage::State::kOk, "", ""});
      if (*alone) repairs_.push_back(*std::move(alone));
    } else if (hook.without[0] != '\0') {
      coverage_.push_back(
          {hook.what, model::Coverage::State::kPartial,
           fmt::format("{} (the kernel refuses programs at functions: {})", hook.without, attached.error().what), ""});
    }
  }
  if (together) repairs_.push_back(*std::move(together));
}

Result<> LoadedPrograms::attach_event(const char* event) {
  const auto found = std::ranges::find(kEvents, std::string_view(event), &Event::event);
  const bpf_program* program =
      found == kEvents.end() ? nullptr : bpf_object__find_program_by_name(trace_->obj, name_of(found->program).c_str());
  Link link(program != nullptr ? bpf_program__attach_raw_tracepoint(program, event) : nullptr);
  if (!link) return std::unexpected(load_error(errno, event));
  links_.push_back(std::move(link));
  return {};
}

Result<> LoadedPrograms::attach() {
  for (const char* event : freeing_events()) {
    if (auto done = attach_event(event); !done) return done;
  }
  attach_hooks();
  for (const char* event : allocating_events()) {
    if (auto done = attach_event(event); !done) return done;
  }
  return {};
}

void LoadedPrograms::detach() {
  // Allocations end first, as they began last.
  while (!links_.empty()) links_.pop_back();
  // A program that is running goes on for some microseconds; nothing tells when it has ended.
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

// ---- Reading

Result<std::uint64_t> LoadedPrograms::run_once(const bpf_program* program) {
  LIBBPF_OPTS(bpf_test_run_opts, run);
  if (bpf_prog_test_run_opts(bpf_program__fd(program), &run) != 0) {
    return std::unexpected(error_from_errno(errno, kName, "run"));
  }
  return run.retval;
}

WireKmemCounters LoadedPrograms::counters(std::size_t site) {
  WireKmemCounters sum{};
  const auto all = counters_.elements();
  // Frees before allocations: what is held may look too much for a moment, but never negative.
  for (const std::size_t what : {kWireKmemFrees, kWireKmemCacheFrees, kWireKmemOtherFrees, kWireKmemUnseen,
                                 kWireKmemAllocs, kWireKmemBulkAllocs}) {
    for (std::size_t cpu = 0; cpu < cpus_; ++cpu)
      sum.n[what] += read_now(all[(cpu << sizes_.site_bits) + site].n[what]);
  }
  return sum;
}

void LoadedPrograms::read_table(std::vector<std::uint64_t>& values, std::vector<std::uint64_t>& passed_over) {
  for (WireKmemBucket& bucket : live_.elements()) {
    for (std::size_t i = 0; i < kWireKmemWays; ++i) {
      const std::uint64_t key = read_now(bucket.key[i]);
      const std::uint64_t value = key != 0 ? read_now(bucket.value[i]) : 0;
      if (value == 0) continue;
      if ((sample_byte_of(key) & control().sample_mask) == 0) {
        values.push_back(value);
        continue;
      }
      passed_over.push_back(value);
      write_now(bucket.value[i], 0);
      write_now(bucket.key[i], 0);
    }
  }
}

void LoadedPrograms::read_map(std::vector<std::uint64_t>& values, std::vector<std::uint64_t>& passed_over) {
  constexpr std::uint32_t kBatch = 4096;
  const int fd = bpf_map__fd(trace_->maps.live_map);
  std::vector<std::uint64_t> keys(kBatch);
  std::vector<std::uint64_t> found(kBatch);
  std::vector<std::uint64_t> leaving;
  std::array<std::uint32_t, 2> position{};
  for (bool first = true;; first = false) {
    std::uint32_t count = kBatch;
    const int result = bpf_map_lookup_batch(fd, first ? nullptr : position.data(), position.data(), keys.data(),
                                            found.data(), &count, nullptr);
    // ENOENT: the end, with the last of them.
    if (result != 0 && errno != ENOENT) break;
    for (std::uint32_t i = 0; i < std::min(count, kBatch); ++i) {
      const bool stays = (sample_byte_of(keys[i]) & control().sample_mask) == 0;
      (stays ? values : passed_over).push_back(found[i]);
      if (!stays) leaving.push_back(keys[i]);
    }
    if (result != 0) break;
  }
  for (const std::uint64_t& key : leaving) bpf_map_delete_elem(fd, &key);
}

void LoadedPrograms::read_live(std::vector<std::uint64_t>& values, std::vector<std::uint64_t>& passed_over) {
  if (own_table_) {
    read_table(values, passed_over);
  } else {
    read_map(values, passed_over);
  }
}

Result<> LoadedPrograms::follow(std::uint64_t call_site) {
  const std::uint8_t one = 1;
  if (bpf_map_update_elem(bpf_map__fd(trace_->maps.followed), &call_site, &one, BPF_ANY) != 0) {
    return std::unexpected(error_from_errno(errno, kName, "follow one more call site"));
  }
  return {};
}

std::vector<TracePrograms::FreePair> LoadedPrograms::free_pairs() {
  struct Key {
    std::uint64_t call_site;
    std::uint64_t site;
  };
  std::vector<FreePair> pairs;
  const int fd = bpf_map__fd(trace_->maps.free_sites);
  Key key{};
  Key next{};
  for (bool first = true; bpf_map_get_next_key(fd, first ? nullptr : &key, &next) == 0 && pairs.size() < kFreePairs;
       first = false) {
    key = next;
    std::uint64_t count = 0;
    if (bpf_map_lookup_elem(fd, &key, &count) != 0) continue;
    pairs.push_back({key.call_site, static_cast<std::uint32_t>(key.site), count});
  }
  return pairs;
}

std::vector<int> fds_of(const bpf_object* object) {
  std::vector<int> fds;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object) {
    if (const int fd = bpf_program__fd(program); fd >= 0) fds.push_back(fd);
  }
  return fds;
}

KmemTracer::Cost LoadedPrograms::cost() const {
  std::vector<int> fds = fds_of(trace_->obj);
  for (const Repair& repair : repairs_) {
    const std::vector<int> more = fds_of(repair->obj);
    fds.insert(fds.end(), more.begin(), more.end());
  }
  KmemTracer::Cost cost;
  for (const int fd : fds) {
    bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0) continue;
    cost.run_time += Nanoseconds(info.run_time_ns);
    cost.runs += info.run_cnt;
    cost.missed += info.recursion_misses;
  }
  return cost;
}

}  // namespace

Result<std::unique_ptr<TracePrograms>> TracePrograms::load(const KmemTracerOptions& options) {
  auto programs = std::make_unique<LoadedPrograms>(options);
  if (auto done = programs->load_all(); !done) return std::unexpected(std::move(done.error()));
  return programs;
}

}  // namespace leakscope::sources::kmem_bpf

#else

namespace leakscope::sources::kmem_bpf {

Result<std::unique_ptr<TracePrograms>> TracePrograms::load(const KmemTracerOptions& /*options*/) {
  return fail(Error::Kind::kUnsupported, "BPF allocation events", "this build has no BPF programs");
}

}  // namespace leakscope::sources::kmem_bpf

#endif
