#include "sources/process/pid_status.h"

#include <array>
#include <string>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text_cursor.h"

namespace leakscope::sources::process {
namespace {

constexpr const char* kWhere = "/proc/PID/status";

struct SizeField {
  std::string_view key;
  std::optional<std::int64_t> PidStatus::* member;
};
constexpr auto kSizeFields = std::to_array<SizeField>({
    {"VmSize", &PidStatus::vm_size},
    {"VmHWM", &PidStatus::vm_hwm},
    {"VmRSS", &PidStatus::vm_rss},
    {"VmStk", &PidStatus::vm_stack},
    {"VmPTE", &PidStatus::vm_pte},
    {"VmSwap", &PidStatus::vm_swap},
    {"RssAnon", &PidStatus::rss_anon},
    {"RssFile", &PidStatus::rss_file},
    {"RssShmem", &PidStatus::rss_shmem},
    {"HugetlbPages", &PidStatus::hugetlb},
});

std::optional<std::int64_t> kib_field(std::string_view value) {
  FieldCursor fields(value);
  const auto kib = fields.next_number<std::int64_t>();
  if (!kib || *kib < 0 || fields.next() != "kB" || !fields.rest().empty()) return std::nullopt;
  return checked_mul(*kib, 1024);
}

template <class T>
bool number_field(std::string_view value, int skip, std::optional<T>& out) {
  FieldCursor fields(value);
  for (int i = 0; i < skip; ++i) (void)fields.next();
  out = fields.next_number<T>();
  return out.has_value();
}

// The kernel writes \n for a newline and \\ for a backslash (proc_task_name); other bytes stand as they are.
Comm unescape(std::string_view name) {
  Comm comm;
  std::size_t length = 0;
  for (std::size_t i = 0; i < name.size() && length + 1 < comm.bytes.size(); ++i) {
    char c = name[i];
    if (c == '\\' && i + 1 < name.size() && (name[i + 1] == 'n' || name[i + 1] == '\\')) {
      c = name[++i] == 'n' ? '\n' : '\\';
    }
    comm.bytes[length++] = c;
  }
  return comm;
}

// True when the value is fine or the key is none of ours.
bool read_size(PidStatus& status, std::string_view key, std::string_view value) {
  if (key == "VmPMD") {
    const auto more = kib_field(value);
    const auto sum = more ? checked_add(status.vm_pte.value_or(0), *more) : std::nullopt;
    if (sum) status.vm_pte = sum;
    return sum.has_value();
  }
  for (const SizeField& field : kSizeFields) {
    if (field.key != key) continue;
    const auto bytes = kib_field(value);
    if (bytes) status.*field.member = bytes;
    return bytes.has_value();
  }
  return true;
}

bool read_field(PidStatus& status, std::string_view key, std::string_view value) {
  switch (key.empty() ? '\0' : key.front()) {
    case 'V':
    case 'R':
    case 'H':
      return read_size(status, key, value);
    case 'N':
      if (key == "Name") status.name = unescape(value.starts_with('\t') ? value.substr(1) : value);
      return true;
    case 'S':
      if (key == "State") {
        const std::string_view state = trim(value);
        if (state.empty()) return false;
        status.state = state.front();
      }
      return true;
    case 'T':
      return key != "Threads" || number_field(value, 0, status.threads);
    case 'P':
      if (key == "Pid") return number_field(value, 0, status.pid);
      return key != "PPid" || number_field(value, 0, status.parent);
    case 'U':
      return key != "Uid" || number_field(value, 1, status.uid);
    case 'K':
      if (key == "Kthread") {
        std::optional<int> flag;
        if (!number_field(value, 0, flag)) return false;
        status.kernel_thread = *flag != 0;
      }
      return true;
    default:
      return true;
  }
}

}  // namespace

Result<PidStatus> parse_pid_status(std::string_view text) {
  PidStatus status;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      return std::unexpected(Error{Error::Kind::kTruncated, kWhere, lines.number(), "ends within a line", {}});
    }
    const std::size_t colon = line->find(':');
    if (colon == std::string_view::npos) continue;
    if (!read_field(status, line->substr(0, colon), line->substr(colon + 1))) {
      return malformed(kWhere, lines.number(), fmt::format("want '<name>: <number> [kB]', got '{}'", *line));
    }
  }
  return status;
}

}  // namespace leakscope::sources::process
