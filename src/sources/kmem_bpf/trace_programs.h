#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "model/coverage.h"
#include "sources/kmem_bpf/kernel_layout.h"
#include "sources/kmem_bpf/kmem_tracer.h"
#include "wire/kmem_record.h"

namespace leakscope::sources::kmem_bpf {

/// The BPF programs and their maps: loaded, attached, detached; no meaning is given to what they count.
class TracePrograms {
 public:
  [[nodiscard]] static Result<std::unique_ptr<TracePrograms>> load(const KmemTracerOptions& options);
  virtual ~TracePrograms() = default;
  TracePrograms(const TracePrograms&) = delete;
  TracePrograms& operator=(const TracePrograms&) = delete;

  [[nodiscard]] virtual Result<> attach() = 0;
  /// No program runs any more when it returns.
  virtual void detach() = 0;

  [[nodiscard]] virtual WireKmemControl& control() = 0;
  [[nodiscard]] virtual std::span<WireKmemSite> sites() = 0;
  [[nodiscard]] virtual std::span<const WireKmemStack> stacks() = 0;
  [[nodiscard]] virtual std::span<const WireKmemTask> tasks() = 0;
  [[nodiscard]] virtual std::size_t cpus() const = 0;
  /// Of one site, all CPUs together.
  [[nodiscard]] virtual WireKmemCounters counters(std::size_t site) = 0;
  /// The values of all live objects. Those whose hash has a bit of the sample mask are taken out of the table and put
  /// into `passed_over`: no program knows them any more.
  virtual void read_live(std::vector<std::uint64_t>& values, std::vector<std::uint64_t>& passed_over) = 0;
  [[nodiscard]] virtual std::size_t room() const = 0;
  [[nodiscard]] virtual std::size_t memory() const = 0;
  [[nodiscard]] virtual Result<> follow(std::uint64_t call_site) = 0;
  /// Call site of the free, site, how often.
  struct FreePair {
    std::uint64_t call_site = 0;
    std::uint32_t site = 0;
    std::uint64_t count = 0;
  };
  [[nodiscard]] virtual std::vector<FreePair> free_pairs() = 0;
  /// The clock of values (see WIRE_KMEM_TIMES).
  [[nodiscard]] virtual Result<std::uint64_t> clock() = 0;
  [[nodiscard]] virtual KmemTracer::Cost cost() const = 0;
  [[nodiscard]] virtual const KernelLayout& layout() const = 0;
  [[nodiscard]] virtual std::vector<model::Coverage> coverage() const = 0;

 protected:
  TracePrograms() = default;
};

}  // namespace leakscope::sources::kmem_bpf
