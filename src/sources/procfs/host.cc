#include "sources/procfs/host.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/text_cursor.h"
#include "sources/procfs/boot_parameters.h"
#include "sources/procfs/fields.h"
#include "sources/procfs/page_size.h"
#include "sources/procfs/virtualization.h"

namespace leakscope::sources::procfs {
namespace {

/// Reads the facts one by one, and keeps what could not be had.
class HostReader {
 public:
  explicit HostReader(const RootedDir& root) : root_(root) {}

  /// The whole file without blanks at its ends; empty when it cannot be read, which the coverage then says.
  std::string needed(std::string_view path, std::string_view remedy = {}) {
    auto text = root_.read(path, buffer_);
    if (text) return std::string(trim(*text));
    coverage_.push_back(model::coverage_from_error("host", text.error(), std::string(remedy)));
    return {};
  }
  /// Like needed(), for files that many good machines lack.
  std::string wanted(std::string_view path) {
    const auto text = root_.read(path, buffer_);
    return text ? std::string(trim(*text)) : std::string();
  }
  void note(std::string why) { coverage_.push_back({"host", model::Coverage::State::kPartial, std::move(why), {}}); }

  std::string machine(std::string_view release) {
    if (root_.is_live()) {
      utsname names{};
      if (::uname(&names) == 0) return names.machine;
    }
    if (std::string arch = wanted("proc/sys/kernel/arch"); !arch.empty()) return arch;  // 6.1 and newer
    return std::string(machine_from_release(release));
  }

  std::optional<std::int64_t> cpus() {
    if (root_.is_live()) {
      const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
      if (online > 0) return online;
    }
    if (const auto count = count_cpu_list(wanted("sys/devices/system/cpu/online"))) return count;
    const std::string stat = wanted("proc/stat");
    LineCursor lines(stat);
    std::int64_t count = 0;
    while (const auto line = lines.next()) {
      if (line->starts_with("cpu") && line->size() > 3 && (*line)[3] >= '0' && (*line)[3] <= '9') ++count;
    }
    return count > 0 ? std::optional(count) : std::nullopt;
  }

  /// proc/mounts is a symbolic link on a live machine and a file in most recorded trees.
  std::optional<int> cgroup_version() {
    for (const std::string_view path : {"proc/self/mountinfo", "proc/self/mounts", "proc/1/mountinfo", "proc/mounts"}) {
      if (const auto version = cgroup_version_from_mounts(wanted(path))) return version;
    }
    return std::nullopt;
  }

  std::vector<std::string> modules() {
    std::vector<std::string> names;
    auto text = root_.read("proc/modules", buffer_);
    // The source of the modules says so itself.
    if (!text) return names;
    LineCursor lines(*text);
    while (const auto line = lines.next()) {
      FieldCursor fields(*line);
      const auto name = fields.next();
      if (name && !lines.unterminated()) names.emplace_back(*name);
    }
    std::ranges::sort(names);
    return names;
  }

  std::vector<model::Coverage> take_coverage() { return std::move(coverage_); }

 private:
  const RootedDir& root_;
  FileBuffer buffer_;
  std::vector<model::Coverage> coverage_;
};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

struct Mount {
  std::string_view type;
  std::string_view options;  ///< of the super block
};

std::optional<Mount> parse_mount(std::string_view line) {
  const std::size_t dash = line.find(" - ");
  FieldCursor fields(dash == std::string_view::npos ? line : line.substr(dash + 3));
  Mount mount;
  if (dash == std::string_view::npos) {  // device, mount point, type, options
    (void)fields.next();
    (void)fields.next();
    mount.type = fields.next().value_or("");
  } else {  // type, device, options
    mount.type = fields.next().value_or("");
    (void)fields.next();
  }
  mount.options = fields.next().value_or("");
  if (mount.options.empty()) return std::nullopt;
  return mount;
}

}  // namespace

std::optional<int> cgroup_version_from_mounts(std::string_view mounts) {
  bool v2 = false;
  bool memory_in_v1 = false;
  LineCursor lines(mounts);
  while (const auto line = lines.next()) {
    const auto mount = parse_mount(*line);
    if (!mount) continue;
    if (mount->type == "cgroup2") v2 = true;
    if (mount->type == "cgroup" && std::ranges::count(split(mount->options, ','), "memory") > 0) memory_in_v1 = true;
  }
  if (memory_in_v1) return v2 ? 12 : 1;
  return v2 ? std::optional(2) : std::nullopt;
}

std::string_view bracketed_word(std::string_view text) {
  const std::size_t open = text.find('[');
  const std::size_t close = text.find(']', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) return {};
  return text.substr(open + 1, close - open - 1);
}

std::optional<std::int64_t> count_cpu_list(std::string_view text) {
  text = trim(text);
  if (text.empty()) return std::nullopt;
  std::int64_t count = 0;
  for (const std::string_view range : split(text, ',')) {
    const std::size_t dash = range.find('-');
    const auto first = parse_amount(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_amount(range.substr(dash + 1));
    constexpr std::int64_t kMostCpus = 1 << 20;
    if (!first || !last || *last < *first || *last >= kMostCpus || count >= kMostCpus) return std::nullopt;
    count += *last - *first + 1;
  }
  return count;
}

std::string_view machine_from_release(std::string_view release) {
  struct Suffix {
    std::string_view text;
    std::string_view machine;
  };
  constexpr auto kSuffixes = std::to_array<Suffix>({{".x86_64", "x86_64"},
                                                    {"-amd64", "x86_64"},
                                                    {".aarch64", "aarch64"},
                                                    {"-arm64", "aarch64"},
                                                    {".ppc64le", "ppc64le"},
                                                    {"-powerpc64le", "ppc64le"},
                                                    {".s390x", "s390x"},
                                                    {"-s390x", "s390x"},
                                                    {".riscv64", "riscv64"},
                                                    {"-riscv64", "riscv64"}});
  const auto found = std::ranges::find_if(kSuffixes, [&](const Suffix& s) { return release.ends_with(s.text); });
  return found == kSuffixes.end() ? std::string_view() : found->machine;
}

HostReading read_host(const RootedDir& root) {
  HostReader reader(root);
  model::Host host;
  host.hostname = reader.needed("proc/sys/kernel/hostname");
  host.kernel_release = reader.needed("proc/sys/kernel/osrelease");
  host.kernel_version = reader.needed("proc/version");
  host.boot_id = reader.needed("proc/sys/kernel/random/boot_id");
  const std::string command_line = reader.needed("proc/cmdline", "run as root");
  host.command_line = without_private_values(command_line);
  host.machine = reader.machine(host.kernel_release);
  if (host.machine.empty()) reader.note("nothing says which architecture the machine has");
  host.virtualization = detect_virtualization(root);
  host.transparent_hugepages = bracketed_word(reader.wanted("sys/kernel/mm/transparent_hugepage/enabled"));
  host.cgroup_version = reader.cgroup_version();
  host.cpus = reader.cpus();
  if (!host.cpus) reader.note("nothing says how many CPUs the machine has");
  PageSizeAnswer page = page_size_of(root);
  host.page_size = page.size;
  if (!page.note.empty()) reader.note(std::move(page.note));
  host.modules = reader.modules();
  return {std::move(host), reader.take_coverage()};
}

}  // namespace leakscope::sources::procfs
