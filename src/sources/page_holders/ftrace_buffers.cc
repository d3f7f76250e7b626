#include "sources/page_holders/ftrace_buffers.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::page_holders {
namespace {

constexpr std::array<std::string_view, 2> kPlaces{"sys/kernel/tracing", "sys/kernel/debug/tracing"};
constexpr std::string_view kRemedy = "mount -t tracefs nodev /sys/kernel/tracing";

// ":16;" of "offset:16;", after its key.
std::optional<std::int64_t> number_after(std::string_view line, std::string_view key) {
  const std::size_t at = line.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  line.remove_prefix(at + key.size());
  const auto value = parse_number<std::int64_t>(trim(line.substr(0, line.find(';'))));
  return value && *value >= 0 ? value : std::nullopt;
}

class FtraceBuffers final : public Holder {
 public:
  FtraceBuffers() : Holder("ftrace-buffers") {}

  Result<std::vector<Level>> read(const RootedDir& root) override {
    unread_ = 0;
    const auto place = find_tracefs(root);
    if (!place) return std::unexpected(place.error());
    const auto page_text = root.read(fmt::format("{}/events/header_page", *place), buffer_);
    if (!page_text) return std::unexpected(page_text.error());
    const auto page = parse_header_page(*page_text);
    if (!page) return std::unexpected(page.error());
    const auto cpus = online_cpus(root, *place);
    if (!cpus) return std::unexpected(cpus.error());

    auto total = instance_bytes(root, *place, *page, *cpus);
    if (!total) return std::unexpected(total.error());
    std::size_t instances = 0;
    for (const std::string& name :
         root.list(fmt::format("{}/instances", *place)).value_or(std::vector<std::string>{})) {
      const auto bytes = instance_bytes(root, fmt::format("{}/instances/{}", *place, name), *page, *cpus);
      if (!bytes) {
        // One that was removed since it was listed is no loss.
        unread_ += bytes.error().kind == Error::Kind::kNotFound ? 0U : 1U;
        continue;
      }
      ++instances;
      *total += *bytes;
    }
    return std::vector<Level>{{"ftrace-buffers", *total, false,
                               fmt::format("{} of the top level and {} instances",
                                           root.display(fmt::format("{}/buffer_size_kb", *place)), instances)}};
  }

  std::string blind_spot() const override {
    return unread_ == 0 ? "" : fmt::format("{} tracing instances that could not be read", unread_);
  }

 private:
  static Result<std::string_view> find_tracefs(const RootedDir& root) {
    bool denied = false;
    for (const std::string_view place : kPlaces) {
      const auto file = root.open_file(fmt::format("{}/buffer_size_kb", place));
      if (file) return place;
      denied |= file.error().kind == Error::Kind::kDenied;
    }
    if (denied) return fail(Error::Kind::kDenied, root.display(kPlaces[0]), "cannot be read", "Run as root");
    if (root.exists(kPlaces[0])) {
      return fail(Error::Kind::kNotFound, root.display(kPlaces[0]), "tracefs is not mounted", std::string(kRemedy));
    }
    return fail(Error::Kind::kNotFound, root.display(kPlaces[0]), "this kernel has no tracing");
  }

  // Rings exist for CPUs that were online at some time; those that went offline since are not known.
  Result<std::vector<int>> online_cpus(const RootedDir& root, std::string_view place) {
    if (const auto text = root.read("sys/devices/system/cpu/online", buffer_)) return parse_cpu_list(*text);
    const auto names = root.list(fmt::format("{}/per_cpu", place));
    if (!names) return std::unexpected(names.error());
    std::vector<int> cpus;
    for (const std::string_view name : *names) {
      if (!name.starts_with("cpu")) continue;
      if (const auto number = parse_number<int>(name.substr(3))) cpus.push_back(*number);
    }
    return cpus;
  }

  // Base pages per page of the ring may differ from instance to instance.
  RingPage page_of(const RootedDir& root, std::string_view instance, RingPage page) {
    const auto text = root.read(fmt::format("{}/buffer_subbuf_size_kb", instance), buffer_);
    const auto kib = text ? parse_number<std::int64_t>(trim(*text)) : std::nullopt;
    if (kib && *kib > 0 && *kib < (1 << 20)) page.bytes = *kib * 1024;
    return page;
  }

  Result<RingSize> size_of(const RootedDir& root, const std::string& file) {
    const auto text = root.read(file, buffer_);
    if (!text) return std::unexpected(text.error());
    auto size = parse_buffer_size(*text);
    if (!size) size.error().where = root.display(file);
    return size;
  }

  Result<Bytes> instance_bytes(const RootedDir& root, std::string_view instance, RingPage page,
                               const std::vector<int>& cpus) {
    page = page_of(root, instance, page);
    const auto common = size_of(root, fmt::format("{}/buffer_size_kb", instance));
    if (!common) return std::unexpected(common.error());
    Bytes total;
    for (const int cpu : cpus) {
      auto kib = common->kib_per_cpu;
      if (!kib) {
        const auto own = size_of(root, fmt::format("{}/per_cpu/cpu{}/buffer_size_kb", instance, cpu));
        if (!own) return std::unexpected(own.error());
        kib = own->kib_per_cpu;
      }
      const auto bytes = kib ? ring_bytes(*kib, page) : std::nullopt;
      const auto sum = bytes ? checked_add(total.count(), bytes->count()) : std::nullopt;
      if (!sum) return malformed(root.display(instance), 0, "the size of a ring makes no sense");
      total = Bytes(*sum);
    }
    return total;
  }

  FileBuffer buffer_;
  std::size_t unread_ = 0;
};

}  // namespace

Result<RingSize> parse_buffer_size(std::string_view text) {
  const auto first = FieldCursor(trim(text)).next();
  if (first && text.ends_with('\n')) {
    if (*first == "X") return RingSize{};
    const auto kib = parse_number<std::int64_t>(*first);
    if (kib && *kib >= 0) return RingSize{kib};
  }
  return malformed("buffer_size_kb", 1, "want '<KiB>', '<KiB> (expanded: <KiB>)' or 'X'");
}

Result<RingPage> parse_header_page(std::string_view text) {
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated() || line->find("char data;") == std::string_view::npos) continue;
    const auto offset = number_after(*line, "offset:");
    const auto size = number_after(*line, "size:");
    const auto bytes = offset && size ? checked_add(*offset, *size) : std::nullopt;
    if (bytes && *size > 0) return RingPage{*offset, *bytes};
  }
  return malformed("events/header_page", 0, "want 'field: char data; offset:<number>; size:<number>;'");
}

Result<std::vector<int>> parse_cpu_list(std::string_view text) {
  constexpr int kMostCpus = 65536;
  std::vector<int> cpus;
  std::string_view rest = trim(text);
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    const std::size_t dash = part.find('-');
    const auto first = parse_number<int>(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_number<int>(part.substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first || *last >= kMostCpus ||
        (!cpus.empty() && *first <= cpus.back())) {
      return malformed("/sys/devices/system/cpu/online", 1, "want rising numbers like '0-3,8'");
    }
    for (int cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

std::optional<Bytes> ring_bytes(std::int64_t kib, RingPage page) {
  const std::int64_t data_bytes = page.bytes - page.header_bytes;
  const auto wanted = checked_mul(kib, 1024);
  if (!wanted || *wanted < 0 || data_bytes <= 0) return std::nullopt;
  const std::int64_t pages = std::max<std::int64_t>(2, *wanted / data_bytes + (*wanted % data_bytes > 0 ? 1 : 0));
  const auto bytes = checked_mul(pages + 1, page.bytes);
  if (!bytes) return std::nullopt;
  return Bytes(*bytes);
}

std::unique_ptr<Holder> make_ftrace_buffers() { return std::make_unique<FtraceBuffers>(); }

}  // namespace leakscope::sources::page_holders
