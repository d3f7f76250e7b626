#include "sources/redaction/file_redaction.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/text_cursor.h"

namespace leakscope::sources::redaction {
namespace {

using Rewrite = std::string (*)(std::string_view text, const Pseudonyms& names);

std::string as_it_is(std::string_view text, const Pseudonyms& /*names*/) { return std::string(text); }

/// Line by line; a line end that was missing stays missing.
template <class Line>
std::string by_line(std::string_view text, Line rewrite) {
  std::string said;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    said += rewrite(*line, lines.number());
    if (!lines.unterminated()) said += '\n';
  }
  return said;
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  FieldCursor cursor(line);
  while (const auto field = cursor.next()) fields.push_back(*field);
  return fields;
}

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    line += word;
  }
  return line;
}

std::string one_word(std::string_view text, const Pseudonyms& names) { return names.word(trim(text)) + "\n"; }

std::string boot_id(std::string_view text, const Pseudonyms& names) { return names.boot_id(trim(text)) + "\n"; }

/// "Linux version 6.1.0 (builder@host) (gcc ...) #1 SMP ...": who built it stands in the first parentheses.
std::string version(std::string_view text, const Pseudonyms& /*names*/) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.find(')', open == std::string_view::npos ? 0 : open);
  if (close == std::string_view::npos) return std::string(text.substr(0, open));
  return std::string(text.substr(0, open)) + "(redacted)" + std::string(text.substr(close + 1));
}

/// "123 (name) S ...": the name may hold anything, parentheses included.
std::string pid_stat(std::string_view text, const Pseudonyms& names) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return {};
  return std::string(text.substr(0, open + 1)) + names.word(text.substr(open + 1, close - open - 1)) +
         std::string(text.substr(close));
}

std::string pid_status(std::string_view text, const Pseudonyms& names) {
  return by_line(text, [&](std::string_view line, std::uint32_t) {
    if (line.starts_with("Name:")) return "Name:\t" + names.word(trim(line.substr(5)));
    if (line.starts_with("Groups:")) return std::string("Groups:\t");
    if (!line.starts_with("Uid:") && !line.starts_with("Gid:")) return std::string(line);
    std::string said(line.substr(0, 4));
    for (const std::string_view number : fields_of(line.substr(4))) said += "\t" + names.id(number);
    return said;
  });
}

/// "4:memory:/system.slice/x.service", "0::/user.slice"
std::string pid_cgroup(std::string_view text, const Pseudonyms& names) {
  return by_line(text, [&](std::string_view line, std::uint32_t) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) return std::string{};
    return std::string(line.substr(0, second + 1)) + names.path(line.substr(second + 1));
  });
}

std::string first_word(std::string_view text, const Pseudonyms& names) {
  return names.path(text.substr(0, text.find('\0')));
}

bool is_of_kernel(std::string_view path) {
  return path == "/sys" || path == "/proc" || path.starts_with("/sys/") || path.starts_with("/proc/");
}

std::string mount_options(std::string_view type, std::string_view options) {
  std::string kept;
  const bool of_cgroup = type == "cgroup" || type == "cgroup2";
  while (!options.empty()) {
    const std::size_t comma = options.find(',');
    const std::string_view option = options.substr(0, comma);
    options = comma == std::string_view::npos ? std::string_view{} : options.substr(comma + 1);
    const bool plain = option == "rw" || option == "ro" || option.starts_with("size=") ||
                       option.starts_with("nr_inodes=") || option.starts_with("huge=") ||
                       (of_cgroup && option.find('=') == std::string_view::npos);
    if (!plain) continue;
    if (!kept.empty()) kept += ',';
    kept += option;
  }
  return kept.empty() ? "rw" : kept;
}

/// "24 30 0:22 / /sys/fs/cgroup rw,nosuid shared:4 - tmpfs tmpfs ro,mode=755"
std::string mountinfo(std::string_view text, const Pseudonyms& names) {
  return by_line(text, [&](std::string_view line, std::uint32_t) {
    const std::vector<std::string_view> fields = fields_of(line);
    const auto dash = std::ranges::find(fields, "-");
    const auto at = static_cast<std::size_t>(dash - fields.begin());
    if (at < 6 || at + 2 >= fields.size()) return std::string{};
    const std::string_view type = fields[at + 1];
    const std::string_view source = fields[at + 2];
    std::vector<std::string> said(fields.begin(), dash);
    said[3] = names.path(fields[3]);
    said[4] = is_of_kernel(fields[4]) ? std::string(fields[4]) : names.path(fields[4]);
    said.emplace_back("-");
    said.emplace_back(type);
    said.push_back(source == type || source == "none" ? std::string(source) : names.path(source));
    said.push_back(at + 3 < fields.size() ? mount_options(type, fields[at + 3]) : "rw");
    return joined(said);
  });
}

std::string swaps(std::string_view text, const Pseudonyms& names) {
  return by_line(text, [&](std::string_view line, std::uint32_t number) {
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    return number == 1 ? std::string(line) : names.path(line.substr(0, end)) + std::string(line.substr(end));
  });
}

/// "  eth0: 1234 ..."
std::string net_dev(std::string_view text, const Pseudonyms& names) {
  return by_line(text, [&](std::string_view line, std::uint32_t number) {
    const std::size_t colon = line.find(':');
    if (number <= 2) return std::string(line);
    if (colon == std::string_view::npos) return std::string{};
    const std::string_view name = trim(line.substr(0, colon));
    return (name == "lo" ? "lo" : names.word(name)) + std::string(line.substr(colon));
  });
}

/// "dentry(123:x.service) ...": caches of cgroups, before 5.9.
std::string slabinfo(std::string_view text, const Pseudonyms& names) {
  return by_line(text, [&](std::string_view line, std::uint32_t number) {
    const std::size_t blank = line.find(' ');
    const std::size_t open = line.find('(');
    if (number <= 2 || open == std::string_view::npos || open > blank) return std::string(line);
    const std::size_t close = std::min(line.find(')', open), blank);
    return std::string(line.substr(0, open + 1)) + names.word(line.substr(open + 1, close - open - 1)) +
           std::string(line.substr(std::min(close, line.size())));
  });
}

/// The first line names the columns.
std::string sysvipc(std::string_view text, const Pseudonyms& names) {
  std::vector<bool> is_id;
  return by_line(text, [&](std::string_view line, std::uint32_t number) {
    const std::vector<std::string_view> fields = fields_of(line);
    if (number == 1) {
      for (const std::string_view name : fields) {
        is_id.push_back(name == "uid" || name == "gid" || name == "cuid" || name == "cgid");
      }
      return std::string(line);
    }
    std::vector<std::string> said;
    said.reserve(fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
      said.push_back(i < is_id.size() && is_id[i] ? names.id(fields[i]) : std::string(fields[i]));
    }
    return joined(said);
  });
}

struct Rule {
  std::string_view path;  ///< a whole path, or a beginning that ends in '/'
  Rewrite rewrite;
};
constexpr auto kRules = std::to_array<Rule>({
    {"proc/meminfo", as_it_is},
    {"proc/vmstat", as_it_is},
    {"proc/zoneinfo", as_it_is},
    {"proc/buddyinfo", as_it_is},
    {"proc/stat", as_it_is},
    {"proc/uptime", as_it_is},
    {"proc/version", version},
    {"proc/loadavg", as_it_is},
    {"proc/swaps", swaps},
    {"proc/diskstats", as_it_is},
    {"proc/slabinfo", slabinfo},
    {"proc/modules", as_it_is},
    {"proc/cgroups", as_it_is},
    {"proc/cpuinfo", as_it_is},
    {"proc/vmallocinfo", as_it_is},
    {"proc/cmdline", as_it_is},
    {"proc/pressure/", as_it_is},
    {"proc/net/dev", net_dev},
    {"proc/net/sockstat", as_it_is},
    {"proc/net/sockstat6", as_it_is},
    {"proc/self/mountinfo", mountinfo},
    {"proc/sys/kernel/hostname", one_word},
    {"proc/sys/kernel/random/boot_id", boot_id},
    {"proc/sys/", as_it_is},
    {"proc/sysvipc/", sysvipc},
    {"proc/spl/kstat/zfs/", as_it_is},
    {"sys/devices/system/", as_it_is},
    {"sys/kernel/mm/", as_it_is},
    {"sys/kernel/slab/", as_it_is},
    {"sys/kernel/tracing/", as_it_is},
    {"sys/kernel/debug/vmmemctl", as_it_is},
    {"sys/kernel/dmabuf/buffers/", as_it_is},
    {"sys/block/zram", as_it_is},
    {"sys/hypervisor/type", as_it_is},
    {"sys/class/dmi/id/", as_it_is},
    {"sys/class/drm/", as_it_is},
    {"sys/fs/cgroup/", as_it_is},
    {".dockerenv", as_it_is},
    {"run/systemd/container", as_it_is},
});
// Of /proc/PID.
constexpr auto kProcessRules = std::to_array<Rule>({
    {"stat", pid_stat},
    {"status", pid_status},
    {"statm", as_it_is},
    {"cgroup", pid_cgroup},
    {"limits", as_it_is},
    {"cmdline", first_word},
    {"smaps_rollup", as_it_is},
});

/// "stat" of "proc/12/stat".
std::optional<std::string_view> file_of_process(std::string_view path) {
  if (!path.starts_with("proc/")) return std::nullopt;
  path.remove_prefix(5);
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos || !parse_number<std::int32_t>(path.substr(0, slash))) return std::nullopt;
  return path.substr(slash + 1);
}

Rewrite rule_for(std::string_view path) {
  if (const auto file = file_of_process(path)) {
    const auto rule = std::ranges::find(kProcessRules, *file, &Rule::path);
    return rule == kProcessRules.end() ? nullptr : rule->rewrite;
  }
  for (const Rule& rule : kRules) {
    const bool beginning = rule.path.ends_with('/') || rule.path.ends_with("zram");
    if (beginning ? path.starts_with(rule.path) : path == rule.path) return rule.rewrite;
  }
  return nullptr;
}

}  // namespace

std::optional<std::string> redact_file(std::string_view path, std::string_view text, const Pseudonyms& names) {
  const Rewrite rewrite = rule_for(path);
  return rewrite == nullptr ? std::nullopt : std::optional(rewrite(text, names));
}

std::string redact_file_path(std::string_view path, const Pseudonyms& names) {
  for (const std::string_view top : {"sys/fs/cgroup/", "sys/kernel/tracing/instances/"}) {
    if (!path.starts_with(top)) continue;
    const std::size_t slash = path.rfind('/');
    if (top.starts_with("sys/k")) {
      const std::size_t end = path.find('/', top.size());
      return std::string(top) + names.word(path.substr(top.size(), end - top.size())) + std::string(path.substr(end));
    }
    if (slash + 1 == top.size()) return std::string(path);
    return std::string(top) + names.path(path.substr(top.size(), slash - top.size())) + std::string(path.substr(slash));
  }
  return std::string(path);
}

bool can_redact_file(std::string_view path) { return rule_for(path) != nullptr; }

}  // namespace leakscope::sources::redaction
