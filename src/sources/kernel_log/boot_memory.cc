#include "sources/kernel_log/boot_memory.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/text_cursor.h"
#include "sources/kernel_log/kmsg_record.h"
#include "sources/kernel_log/log_remedy.h"

namespace leakscope::sources::kernel_log {
namespace {

constexpr std::string_view kName = "boot_log";
// The ring holds 2^25 bytes at the most (CONFIG_LOG_BUF_SHIFT), a record takes 32 and more.
constexpr int kMostRecords = 1 << 20;

/// The number behind `key`; nothing when it is not there.
std::optional<std::int64_t> number_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(at + key.size());
  return parse_number<std::int64_t>(rest.substr(0, std::min(rest.find_first_not_of("0123456789"), rest.size())));
}

bool made_before_the_page_allocator(std::string_view table) {
  static constexpr auto kEarly =
      std::to_array<std::string_view>({"Dentry cache", "Inode-cache", "PID", "PV qspinlock", "PV ticketlock"});
  return std::ranges::find(kEarly, table) != kEarly.end();
}

/// Bytes of the table that the line tells of, if they came from the page allocator: "NAME hash table entries: N (order:
/// K, BYTES bytes, linear)". 5.10 ends in "bytes, linear)" or "bytes)"; older kernels know no kind.
std::int64_t table_bytes(std::string_view message) {
  const std::size_t at = message.find(" hash table entries: ");
  if (at == std::string_view::npos || made_before_the_page_allocator(message.substr(0, at))) return 0;
  const bool in_vmalloc = message.find("vmalloc") != std::string_view::npos;
  for (const std::string_view before : {std::string_view(", "), std::string_view("(")}) {
    const std::size_t end = message.find(" bytes");
    if (in_vmalloc || end == std::string_view::npos) return 0;
    const std::size_t start = message.rfind(before, end);
    if (start == std::string_view::npos) continue;
    const auto bytes = parse_number<std::int64_t>(message.substr(start + before.size(), end - start - before.size()));
    // A table is never larger than the machine; a line that some program made up must not break the sum.
    constexpr std::int64_t kLargestTable = std::int64_t{1} << 40U;
    if (bytes && *bytes > 0 && *bytes <= kLargestTable) return *bytes;
  }
  return 0;
}

class BootMemorySource final : public Source {
 public:
  BootMemorySource(const BootMemory& seen, PageSize page_size)
      : first_chunk_(seen.percpu_first_chunk(page_size)), tables_(seen.tables(page_size)) {}

  [[nodiscard]] SourceInfo info() const override {
    return {kName, Period{std::chrono::seconds(60), std::chrono::seconds(60)}, false};
  }
  [[nodiscard]] Result<> sample(model::SampleSink& sink) override {
    if (first_chunk_) sink.put(model::Metric::kPercpuFirstChunk, first_chunk_->count());
    if (tables_) sink.put(model::Metric::kBootTables, tables_->count());
    return {};
  }
  [[nodiscard]] std::vector<model::Coverage> coverage() const override {
    if (first_chunk_ && tables_) return {{std::string(kName), model::Coverage::State::kOk, {}, {}}};
    return {{std::string(kName), model::Coverage::State::kPartial,
             "the kernel log no longer holds the boot: memory taken then stands in the rest of the ledger",
             "add log_buf_len=16M to the boot line"}};
  }

 private:
  std::optional<Bytes> first_chunk_;
  std::optional<Bytes> tables_;
};

}  // namespace

void BootMemory::feed(std::string_view message) {
  if (message.starts_with("setup_percpu: ")) cpu_ids_ = number_after(message, "nr_cpu_ids:");
  if (message.starts_with("percpu: Embedded ")) {
    percpu_pages_per_cpu_ = number_after(message, "Embedded ");
    boot_seen_ = true;
  }
  table_bytes_ += table_bytes(message);
  if (message.starts_with("ftrace: allocated ")) ftrace_pages_ = number_after(message, "allocated ").value_or(0);
}

std::optional<Bytes> BootMemory::percpu_first_chunk(PageSize page_size) const {
  if (!percpu_pages_per_cpu_ || !cpu_ids_) return std::nullopt;
  const auto pages = checked_mul(*percpu_pages_per_cpu_, *cpu_ids_);
  const auto bytes = pages ? checked_mul(*pages, page_size.bytes) : std::nullopt;
  return bytes ? std::optional(Bytes(*bytes)) : std::nullopt;
}

std::optional<Bytes> BootMemory::tables(PageSize page_size) const {
  if (!boot_seen_) return std::nullopt;
  const auto ftrace = checked_mul(ftrace_pages_, page_size.bytes);
  const auto sum = ftrace ? checked_add(*ftrace, table_bytes_) : std::nullopt;
  return sum ? std::optional(Bytes(*sum)) : std::nullopt;
}

Result<std::unique_ptr<Source>> open_boot_memory(const RootedDir& root, PageSize page_size) {
  constexpr std::string_view kPath = "dev/kmsg";
  if (!root.is_live()) {
    return fail(Error::Kind::kUnsupported, root.display(kPath), "only the log of the running kernel tells of its boot");
  }
  auto log = root.open_file(kPath);
  if (!log) return std::unexpected(with_log_remedy(std::move(log.error())));
  if (::lseek(log->get(), 0, SEEK_SET) < 0) {
    return std::unexpected(error_from_errno(errno, root.display(kPath), "seek to the beginning of"));
  }
  BootMemory seen;
  std::array<char, 8192> buffer{};
  for (int i = 0; i < kMostRecords; ++i) {
    const ssize_t got = ::read(log->get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == EPIPE)) continue;
    if (got <= 0) break;
    const auto record = parse_kmsg_record({buffer.data(), static_cast<std::size_t>(got)});
    if (record && record->facility == 0) seen.feed(unescape_kmsg(record->text));
  }
  return std::make_unique<BootMemorySource>(seen, page_size);
}

}  // namespace leakscope::sources::kernel_log
