#include "sources/bpf_objects/bpf_objects.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include "sources/bpf_objects/fdinfo.h"

namespace leakscope::sources::bpf_objects {
namespace {

using model::Metric;

constexpr std::string_view kName = "bpf";
constexpr std::string_view kRemedy = "Run as root or with CAP_BPF,CAP_SYS_ADMIN";
// Opening and asking one costs some 10 us. More than this many are refused with an error.
constexpr std::size_t kMostObjects = 8192;

struct Described {
  std::string name;
  std::string detail;
};

template <std::size_t N>
std::string_view kernel_name(const char (&name)[N]) {
  return {name, ::strnlen(name, N)};
}

std::string_view or_unknown(const char* text) { return text == nullptr ? "unknown type" : text; }

Described describe_map(int fd, std::uint32_t id) {
  bpf_map_info info{};
  std::uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0) return {fmt::format("id {}", id), {}};
  const auto type = or_unknown(libbpf_bpf_map_type_str(static_cast<bpf_map_type>(info.type)));
  return {
      fmt::format("id {} {}", id, kernel_name(info.name)),
      fmt::format("{}, at most {} entries of {} + {} bytes", type, info.max_entries, info.key_size, info.value_size)};
}

Described describe_program(int fd, std::uint32_t id) {
  bpf_prog_info info{};
  std::uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0) return {fmt::format("id {}", id), {}};
  const auto type = or_unknown(libbpf_bpf_prog_type_str(static_cast<bpf_prog_type>(info.type)));
  return {fmt::format("id {} {}", id, kernel_name(info.name)),
          fmt::format("{}, JIT image of {} bytes beside it", type, info.jited_prog_len)};
}

/// What maps and programs have not in common.
struct ObjectKind {
  int (*next_id)(std::uint32_t, std::uint32_t*);
  int (*open_by_id)(std::uint32_t);
  Described (*describe)(int, std::uint32_t);
  model::SubjectKind subject;
  Metric bytes;
  Metric total;
  Metric count;
  bool changes_size;
};

constexpr ObjectKind kMaps{
    bpf_map_get_next_id,  bpf_map_get_fd_by_id,  describe_map,          model::SubjectKind::kBpfMap,
    Metric::kBpfMapBytes, Metric::kBpfMapsTotal, Metric::kBpfMapsCount, true};
constexpr ObjectKind kPrograms{
    bpf_prog_get_next_id,     bpf_prog_get_fd_by_id,     describe_program,          model::SubjectKind::kBpfProgram,
    Metric::kBpfProgramBytes, Metric::kBpfProgramsTotal, Metric::kBpfProgramsCount, false};

class Objects {
 public:
  explicit Objects(const ObjectKind& kind) : kind_(kind) {}

  Result<> sample(const RootedDir& root, model::SampleSink& sink) {
    ++round_;
    without_size_ = 0;
    std::int64_t count = 0;
    std::optional<std::int64_t> total = 0;
    std::uint32_t id = 0;
    while (kind_.next_id(id, &id) == 0) {
      if (static_cast<std::size_t>(++count) > kMostObjects) {
        return fail(Error::Kind::kTruncated, std::string(kName), fmt::format("more than {} objects", kMostObjects));
      }
      const auto bytes = ask(root, sink, id);
      if (!bytes) continue;
      total = total ? checked_add(*total, bytes->count()) : std::nullopt;
    }
    if (errno != ENOENT) {
      Error error = error_from_errno(errno, "bpf()", "list BPF objects");
      if (error.kind == Error::Kind::kDenied) error.hint = kRemedy;
      return std::unexpected(std::move(error));
    }
    sink.put(kind_.count, count);
    if (total && without_size_ == 0) sink.put(kind_.total, *total);
    std::erase_if(known_, [&](const auto& entry) {
      if (entry.second.round == round_) return false;
      sink.retire(entry.second.subject);
      return true;
    });
    return {};
  }

  [[nodiscard]] std::size_t without_size() const { return without_size_; }

 private:
  struct Known {
    model::SubjectId subject;
    std::optional<Bytes> bytes;
    std::uint64_t round = 0;
  };

  std::optional<Bytes> ask(const RootedDir& root, model::SampleSink& sink, std::uint32_t id) {
    auto found = known_.find(id);
    if (found == known_.end() || kind_.changes_size) {
      const UniqueFd fd(kind_.open_by_id(id));
      if (!fd.is_open()) {
        if (errno != ENOENT) ++without_size_;  // ENOENT: gone since it was listed
        return std::nullopt;
      }
      if (found == known_.end()) {
        auto [name, detail] = kind_.describe(fd.get(), id);
        const auto subject = sink.registry().intern(
            model::SubjectInfo{.key = {.kind = kind_.subject, .name = std::move(name)}, .detail = std::move(detail)});
        found = known_.emplace(id, Known{subject, {}}).first;
      }
      found->second.bytes = read_memlock(root, fd.get());
    }
    found->second.round = round_;
    if (found->second.bytes) {
      sink.put(found->second.subject, kind_.bytes, found->second.bytes->count());
    } else {
      ++without_size_;
    }
    return found->second.bytes;
  }

  std::optional<Bytes> read_memlock(const RootedDir& root, int fd) {
    const auto text = root.read(fmt::format("proc/self/fdinfo/{}", fd), buffer_, 64 * 1024);
    const auto fdinfo = text ? parse_bpf_fdinfo(*text) : Result<BpfFdinfo>(BpfFdinfo{});
    return fdinfo ? fdinfo->memlock : std::nullopt;
  }

  const ObjectKind& kind_;
  FileBuffer buffer_;
  std::map<std::uint32_t, Known> known_;
  std::uint64_t round_ = 0;
  std::size_t without_size_ = 0;
};

class BpfSource final : public Source {
 public:
  explicit BpfSource(RootedDir root) : root_(std::move(root)) {}

  SourceInfo info() const override {
    return {
        .name = kName,
        .period = {
            .live = std::chrono::seconds(10), .recording = std::chrono::seconds(60), .brief = std::chrono::seconds(2)}};
  }

  Result<> sample(model::SampleSink& sink) override {
    if (auto maps = maps_.sample(root_, sink); !maps) return maps;
    return programs_.sample(root_, sink);
  }

  std::vector<model::Coverage> coverage() const override {
    model::Coverage own{.source = std::string(kName), .state = {}, .why = {}, .remedy = {}};
    if (const std::size_t missing = maps_.without_size() + programs_.without_size(); missing > 0) {
      own.state = model::Coverage::State::kPartial;
      own.why = fmt::format("{} objects that do not tell their size", missing);
    }
    return {std::move(own)};
  }

 private:
  RootedDir root_;
  Objects maps_{kMaps};
  Objects programs_{kPrograms};
};

}  // namespace

Result<std::unique_ptr<Source>> open_bpf_objects(const RootedDir& root) {
  if (!root.is_live()) {
    return fail(Error::Kind::kUnsupported, root.path(), "BPF objects can only be asked of the live machine");
  }
  std::uint32_t id = 0;
  if (bpf_map_get_next_id(0, &id) != 0 && errno != ENOENT) {
    const int error_number = errno == EINVAL ? ENOSYS : errno;  // before 4.13 the command is not known
    Error error = error_from_errno(error_number, "bpf()", "list BPF objects");
    if (error.kind == Error::Kind::kDenied) error.hint = kRemedy;
    return std::unexpected(std::move(error));
  }
  auto own_root = root.open_dir("");
  if (!own_root) return std::unexpected(std::move(own_root.error()));
  return std::make_unique<BpfSource>(std::move(*own_root));
}

}  // namespace leakscope::sources::bpf_objects
