// Loads one program of each kind that leakscope uses: what the verifier and the kernel's configuration really allow is
// not written anywhere else. A program of two instructions (r0 = 0; exit) is enough; it is never attached.
#include <linux/bpf.h>

#include <array>
#include <cerrno>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include "base/unique_fd.h"
#include "sources/probes/capabilities.h"

namespace leakscope::sources::probes {
namespace {

using model::Coverage;
using State = Coverage::State;

struct Kind {
  const char* name;
  bpf_prog_type type;
  bpf_attach_type attach;
  const char* target;  ///< kernel function or tracepoint for kinds that are bound when loaded; null for others
};

constexpr auto kKinds = std::to_array<Kind>({
    {"bpf_tp_btf", BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, "kfree"},
    {"bpf_fentry", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "kfree"},
    {"bpf_fexit", BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, "kfree"},
    {"bpf_iter_task", BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, "task"},
    {"bpf_raw_tracepoint", BPF_PROG_TYPE_RAW_TRACEPOINT, bpf_attach_type{}, nullptr},
    {"bpf_tracepoint", BPF_PROG_TYPE_TRACEPOINT, bpf_attach_type{}, nullptr},
    {"bpf_kprobe", BPF_PROG_TYPE_KPROBE, bpf_attach_type{}, nullptr},
    {"bpf_perf_event", BPF_PROG_TYPE_PERF_EVENT, bpf_attach_type{}, nullptr},
});

int load(const Kind& kind) {
  const std::array<bpf_insn, 2> program{
      bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 0},
      bpf_insn{.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  // What LIBBPF_OPTS does, in C++: the size tells libbpf which fields we know.
  bpf_prog_load_opts options{};
  options.sz = sizeof(options);
  if (kind.target != nullptr) {
    const int id = libbpf_find_vmlinux_btf_id(kind.target, kind.attach);
    if (id < 0) return id;
    options.attach_btf_id = static_cast<__u32>(id);
    options.expected_attach_type = kind.attach;
  }
  const int fd =
      ::bpf_prog_load(kind.type, "leakscope_probe", "Dual BSD/GPL", program.data(), program.size(), &options);
  return fd >= 0 ? fd : -errno;
}

Coverage probe(const Kind& kind) {
  const int fd = load(kind);
  if (fd >= 0) {
    const UniqueFd closed_at_once(fd);
    return {kind.name, State::kOk, {}, {}};
  }
  if (fd == -EPERM || fd == -EACCES) {
    return {kind.name, State::kDenied, "may not load it", "run as root, or with CAP_BPF and CAP_PERFMON"};
  }
  const Error error = error_from_errno(-fd, kind.name, "load a program");
  return {kind.name, State::kAbsent, fmt::format("this kernel does not take it ({})", error.what), {}};
}

}  // namespace

std::vector<model::Coverage> probe_bpf(const RootedDir& root) {
  std::vector<Coverage> all;
  if (!root.is_live()) return all;
  all.reserve(std::size(kKinds));
  // What libbpf would print about each refusal is what we find out here.
  const libbpf_print_fn_t previous = libbpf_set_print(nullptr);
  for (const Kind& kind : kKinds) all.push_back(probe(kind));
  libbpf_set_print(previous);
  return all;
}

}  // namespace leakscope::sources::probes
