#include <algorithm>
#include <array>
#include <utility>

#include "sources/kernel_counters/counter_file.h"
#include "sources/kernel_counters/fs_counters.h"
#include "sources/kernel_counters/kernel_counters.h"
#include "sources/kernel_counters/sockstat.h"
#include "sources/log_block.h"

namespace leakscope::sources::kernel_counters {
namespace {

using model::Metric;

void put(model::SampleSink& sink, Metric metric, std::optional<std::int64_t> value) {
  if (value) sink.put(metric, *value);
}

void put(model::SampleSink& sink, Metric metric, std::optional<Pages> pages, PageSize page_size) {
  if (const auto bytes = pages ? checked_mul(pages->count, page_size.bytes) : std::nullopt) sink.put(metric, *bytes);
}

void put_v4(model::SampleSink& sink, const Sockstat& v4, PageSize page_size) {
  put(sink, Metric::kSockSocketsUsed, v4.sockets_used);
  put(sink, Metric::kSockTcpInuse, v4.tcp_inuse);
  put(sink, Metric::kSockTcpOrphan, v4.tcp_orphan);
  put(sink, Metric::kSockTcpTw, v4.tcp_tw);
  put(sink, Metric::kSockTcpAlloc, v4.tcp_alloc);
  put(sink, Metric::kSockTcpMem, v4.tcp_mem, page_size);
  put(sink, Metric::kSockUdpInuse, v4.udp_inuse);
  put(sink, Metric::kSockUdpMem, v4.udp_mem, page_size);
  put(sink, Metric::kSockRawInuse, v4.raw_inuse);
  put(sink, Metric::kSockFragInuse, v4.frag_inuse);
  if (v4.frag_memory) sink.put(Metric::kSockFragMem, v4.frag_memory->count());
}

void put_v6(model::SampleSink& sink, const Sockstat& v6) {
  put(sink, Metric::kSockTcp6Inuse, v6.tcp_inuse);
  put(sink, Metric::kSockUdp6Inuse, v6.udp_inuse);
  if (v6.frag_memory) sink.put(Metric::kSockFrag6Mem, v6.frag_memory->count());
}

class SocketCounters final : public Source {
 public:
  SocketCounters(RootedDir root, PageSize page_size)
      : root_(std::move(root)),
        page_size_(page_size),
        sockstat_(root_, "sockstat", "proc/net/sockstat"),
        sockstat6_(root_, "sockstat6", "proc/net/sockstat6"),
        conntrack_count_(root_, "conntrack", "proc/sys/net/netfilter/nf_conntrack_count"),
        conntrack_max_(root_, "conntrack.max", "proc/sys/net/netfilter/nf_conntrack_max") {}

  [[nodiscard]] bool any_open() const {
    return sockstat_.is_open() || sockstat6_.is_open() || conntrack_count_.is_open();
  }
  [[nodiscard]] Error first_error() const { return *sockstat_.error(); }

  SourceInfo info() const override { return {.name = "sockstat", .period = {}}; }

  Result<> sample(model::SampleSink& sink) override {
    if (const auto v4 = read_parsed(sockstat_, parse_sockstat)) put_v4(sink, *v4, page_size_);
    if (const auto v6 = read_parsed(sockstat6_, parse_sockstat)) put_v6(sink, *v6);
    put(sink, Metric::kConntrackCount, read_parsed(conntrack_count_, parse_single));
    put(sink, Metric::kConntrackMax, read_parsed(conntrack_max_, parse_single));
    return {};
  }

  std::vector<model::Coverage> coverage() const override {
    return {sockstat_.coverage(), sockstat6_.coverage(), conntrack_count_.coverage()};
  }

 private:
  RootedDir root_;
  PageSize page_size_;
  CounterFile sockstat_;
  CounterFile sockstat6_;
  CounterFile conntrack_count_;
  CounterFile conntrack_max_;
};

bool begins_v4(std::string_view line) { return line.starts_with("sockets: used "); }
bool belongs_to_v4(std::string_view line) {
  constexpr auto kKeys = std::to_array<std::string_view>({"TCP: ", "UDP: ", "UDPLITE: ", "RAW: ", "FRAG: "});
  return std::ranges::any_of(kKeys, [&](std::string_view key) { return line.starts_with(key); });
}
bool is_v6(std::string_view line) {
  constexpr auto kKeys = std::to_array<std::string_view>({"TCP6: ", "UDP6: ", "UDPLITE6: ", "RAW6: ", "FRAG6: "});
  return std::ranges::any_of(kKeys, [&](std::string_view key) { return line.starts_with(key); });
}

/// Both files, which often stand one behind the other.
bool begins_sockstat(std::string_view line) { return begins_v4(line) || is_v6(line); }
bool belongs_to_sockstat(std::string_view line) { return belongs_to_v4(line) || is_v6(line); }

}  // namespace

std::unique_ptr<LogFormat> sockstat_log_format(PageSize page_size) {
  auto reader = [page_size](std::string_view text, model::SampleSink& sink, ParseFaults& /*faults*/) -> Result<> {
    const std::size_t v6_at = std::min(text.find("TCP6:"), text.size());
    if (v6_at > 0) {
      const auto v4 = parse_sockstat(text.substr(0, v6_at));
      if (!v4) return std::unexpected(v4.error());
      put_v4(sink, *v4, page_size);
    }
    if (v6_at == text.size()) return {};
    const auto v6 = parse_sockstat(text.substr(v6_at));
    if (!v6) return std::unexpected(v6.error());
    put_v6(sink, *v6);
    return {};
  };
  return std::make_unique<FileBlockFormat>(
      FileBlockFormat::Spec{.name = "sockstat", .begins = begins_sockstat, .belongs = belongs_to_sockstat},
      std::move(reader));
}

Result<std::unique_ptr<Source>> open_socket_counters(const RootedDir& root, PageSize page_size) {
  auto own_root = root.open_dir("");
  if (!own_root) return std::unexpected(std::move(own_root.error()));
  auto source = std::make_unique<SocketCounters>(std::move(*own_root), page_size);
  if (!source->any_open()) return std::unexpected(source->first_error());
  return source;
}

}  // namespace leakscope::sources::kernel_counters
