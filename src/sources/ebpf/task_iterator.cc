#include "sources/ebpf/task_iterator.h"

#ifdef LEAKSCOPE_HAVE_BPF

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <task_iterator.skel.h>

#include "base/rooted_dir.h"
#include "base/text_cursor.h"
#include "base/unique_fd.h"
#include "wire/process_record.h"

namespace leakscope::sources::ebpf {
namespace {

using Record = WireProcessRecord;
constexpr const char* kName = "BPF task iterator";
constexpr int kMostCpus = 1024;                // MAX_CPUS of the program
constexpr std::size_t kRecordsPerRead = 1024;  // the kernel hands out what fits into 8 pages
constexpr std::int64_t kNanosecondsPerTick = 10'000'000;

struct SkeletonDeleter {
  void operator()(task_iterator* skeleton) const { task_iterator::destroy(skeleton); }
};
using Skeleton = std::unique_ptr<task_iterator, SkeletonDeleter>;

struct LinkDeleter {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
using Link = std::unique_ptr<bpf_link, LinkDeleter>;

struct BtfDeleter {
  void operator()(btf* types) const { btf__free(types); }
};

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

std::optional<std::uint32_t> enumerator(const btf* types, const btf_type* type, const char* name) {
  const struct btf_enum* values = btf_enum(type);
  for (std::uint32_t i = 0; i < btf_vlen(type); ++i) {
    const char* found = btf__name_by_offset(types, values[i].name_off);
    if (found != nullptr && std::strcmp(found, name) == 0) return static_cast<std::uint32_t>(values[i].val);
  }
  return std::nullopt;
}

struct Counters {
  bool per_cpu = false;
};

bool has_type(const btf* types, const char* name) { return btf__find_by_name_kind(types, name, BTF_KIND_STRUCT) > 0; }

// The program counts on this order of mm_struct.rss_stat.
Result<Counters> look_at_counters() {
  static constexpr std::array<const char*, 4> kOrder = {"MM_FILEPAGES", "MM_ANONPAGES", "MM_SWAPENTS", "MM_SHMEMPAGES"};
  const std::unique_ptr<btf, BtfDeleter> types(btf__load_vmlinux_btf());
  if (!types) {
    return fail(Error::Kind::kUnsupported, "/sys/kernel/btf/vmlinux", "the kernel brings no type information",
                "Needs a kernel with CONFIG_DEBUG_INFO_BTF");
  }
  const std::uint32_t count = btf__type_cnt(types.get());
  for (std::uint32_t id = 1; id < count; ++id) {
    const btf_type* type = btf__type_by_id(types.get(), id);
    if (!btf_is_enum(type) || !enumerator(types.get(), type, kOrder[0])) continue;
    for (std::uint32_t i = 0; i < kOrder.size(); ++i) {
      if (enumerator(types.get(), type, kOrder[i]) != i) {
        return fail(Error::Kind::kUnsupported, kName, "the kernel orders its RSS counters in a way that is not known");
      }
    }
    return Counters{.per_cpu = !has_type(types.get(), "mm_rss_stat")};
  }
  return fail(Error::Kind::kUnsupported, kName, "the kernel's RSS counters are not known");
}

Result<Skeleton> load(std::uint32_t cpus_to_sum_up) {
  Skeleton skeleton(task_iterator::open());
  if (!skeleton) return std::unexpected(load_error(errno, "open"));
  skeleton->rodata->possible_cpus = cpus_to_sum_up;
  const int result = task_iterator::load(skeleton.get());
  if (result != 0) return std::unexpected(load_error(-result, "load the program"));
  return skeleton;
}

// What a time namespace adds to the boot clock, as field 22 of /proc/PID/stat has it too. "boottime  -86400  0"
std::int64_t boot_clock_offset() {
  const auto root = RootedDir::open("/");
  FileBuffer buffer;
  const auto text = root ? root->read("proc/self/timens_offsets", buffer) : Result<std::string_view>(fail({}, {}, {}));
  if (!text) return 0;
  LineCursor lines(*text);
  while (const auto line = lines.next()) {
    FieldCursor fields(*line);
    if (fields.next() != "boottime") continue;
    const auto seconds = fields.next_number<std::int64_t>();
    const auto nanoseconds = fields.next_number<std::int64_t>();
    if (seconds && nanoseconds) return *seconds * 1'000'000'000 + *nanoseconds;
  }
  return 0;
}

class TaskIterator final : public ProcessTable {
 public:
  TaskIterator(Skeleton skeleton, Link link, TaskIteratorOptions options, std::int64_t uncertain_pages)
      : skeleton_(std::move(skeleton)),
        link_(std::move(link)),
        options_(options),
        uncertain_pages_(uncertain_pages),
        clock_offset_(boot_clock_offset()),
        buffer_(kRecordsPerRead) {}

  [[nodiscard]] std::string_view name() const override { return kName; }
  [[nodiscard]] Result<> read(std::vector<ProcessRecord>& records) override;
  [[nodiscard]] std::vector<model::Coverage> coverage() const override;

 private:
  [[nodiscard]] ProcessRecord convert(const Record& record) const;
  void set_sizes(ProcessRecord& out, const Record& record) const;
  void take(const Record& record, std::vector<ProcessRecord>& records);

  Skeleton skeleton_;
  Link link_;
  TaskIteratorOptions options_;
  std::int64_t uncertain_pages_;
  std::int64_t clock_offset_;
  std::vector<Record> buffer_;
  std::vector<Record> of_other_threads_;
};

void TaskIterator::set_sizes(ProcessRecord& out, const Record& record) const {
  if ((record.flags & kWireHasMemory) == 0) return;
  const std::int64_t page = options_.page_size.bytes;
  out.rss_anon = record.rss_anon * page;
  out.rss_file = record.rss_file * page;
  out.rss_shmem = record.rss_shmem * page;
  out.swap = record.swap * page;
  out.hwm = static_cast<std::int64_t>(record.hwm) * page;
  out.vm_size = static_cast<std::int64_t>(record.vm_size) * page;
  out.page_tables = static_cast<std::int64_t>(record.page_tables);
}

ProcessRecord TaskIterator::convert(const Record& record) const {
  ProcessRecord out;
  const auto start = static_cast<std::int64_t>(record.start_ns) + clock_offset_;
  out.id = {Pid{record.pid}, StartTime{static_cast<std::uint64_t>(start / kNanosecondsPerTick)}};
  std::copy_n(std::begin(record.comm), out.comm.bytes.size() - 1, out.comm.bytes.begin());
  out.kernel_thread = (record.flags & kWireKernelThread) != 0;
  out.zombie = (record.flags & kWireZombie) != 0;
  out.shares_parent_memory = (record.flags & kWireSharesParentMemory) != 0;
  if (!out.kernel_thread) out.threads = record.threads;
  set_sizes(out, record);
  return out;
}

void TaskIterator::take(const Record& record, std::vector<ProcessRecord>& records) {
  if (record.pid <= 0) return;  // left the namespace while we looked
  if ((record.flags & kWireFromOtherThread) != 0) {
    of_other_threads_.push_back(record);
  } else {
    records.push_back(convert(record));
  }
}

Result<> TaskIterator::read(std::vector<ProcessRecord>& records) {
  records.clear();
  of_other_threads_.clear();
  const UniqueFd fd(bpf_iter_create(bpf_link__fd(link_.get())));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, kName, "begin"));
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer_.data(), buffer_.size() * sizeof(Record));
    // EAGAIN: a million tasks were passed over without a word to say (bpf_seq_read); it goes on from there.
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) {
      records.clear();
      return std::unexpected(error_from_errno(errno, kName, "read"));
    }
    if (got == 0) break;
    const std::size_t count = static_cast<std::size_t>(got) / sizeof(Record);
    for (std::size_t i = 0; i < count; ++i) take(buffer_[i], records);
  }
  for (const Record& other : of_other_threads_) {
    const auto process =
        std::ranges::find_if(records, [&](const ProcessRecord& r) { return r.id.pid.value == other.pid; });
    if (process == records.end() || process->rss_anon) continue;
    set_sizes(*process, other);
    process->zombie = false;
  }
  return {};
}

std::vector<model::Coverage> TaskIterator::coverage() const {
  if (uncertain_pages_ * options_.page_size.bytes <= 1 << 20) {
    return {{"processes", model::Coverage::State::kOk, "", ""}};
  }
  return {{"processes", model::Coverage::State::kPartial,
           fmt::format("RSS of each process is known to {} only, as the kernel counts it per CPU",
                       to_human(Pages{uncertain_pages_}.bytes(options_.page_size))),
           ""}};
}

}  // namespace

Result<std::unique_ptr<ProcessTable>> open_task_iterator(TaskIteratorOptions options) {
  libbpf_set_print(be_quiet);
  auto counters = look_at_counters();
  if (!counters) return std::unexpected(std::move(counters.error()));
  const int cpus = std::max(1, libbpf_num_possible_cpus());
  const bool sum_up = counters->per_cpu && options.exact && cpus <= kMostCpus;
  auto loaded = load(sum_up ? static_cast<std::uint32_t>(cpus) : 0);
  const bool exact = loaded.has_value() && (sum_up || !counters->per_cpu);
  if (!loaded && sum_up && loaded.error().kind != Error::Kind::kDenied) loaded = load(0);
  if (!loaded) return std::unexpected(std::move(loaded.error()));
  Link link(bpf_program__attach_iter((*loaded)->progs.read_task, nullptr));
  if (!link) return std::unexpected(load_error(errno, "attach the program"));
  const std::int64_t uncertain = exact ? 0 : std::int64_t{std::max(32, 2 * cpus)} * cpus;
  return std::make_unique<TaskIterator>(*std::move(loaded), std::move(link), options, uncertain);
}

}  // namespace leakscope::sources::ebpf

#else

namespace leakscope::sources::ebpf {

Result<std::unique_ptr<ProcessTable>> open_task_iterator(TaskIteratorOptions /*options*/) {
  return fail(Error::Kind::kUnsupported, "BPF task iterator", "this build has no BPF programs");
}

}  // namespace leakscope::sources::ebpf

#endif
