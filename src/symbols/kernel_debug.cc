#include "symbols/kernel_debug.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "base/unique_fd.h"
#include "symbols/build_id.h"
#include "symbols/confined_child.h"
#include "symbols/dwarf_lines.h"

namespace leakscope::symbols {
namespace {

constexpr std::string_view kBuildId = "build-id ";
constexpr std::string_view kStext = "_stext ";

bool is_file_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && text != "." && text != ".." &&
         text.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

// In the child.
void tell_facts(int in, int out) {
  const auto file = DwarfLines::open(in);
  if (!file) return;
  std::string text = fmt::format("{}{}\n", kBuildId, file->build_id());
  if (const auto stext = file->symbol("_stext")) text += fmt::format("{}{:x}\n", kStext, *stext);
  (void)!::write(out, text.data(), text.size());  // less than a pipe holds
}

Result<DebugFileFacts> read_facts(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.is_open()) return std::unexpected(error_from_errno(errno, path, "open"));
  const auto output = run_confined(file.get(), tell_facts);
  if (!output) return std::unexpected(output.error());
  if (output->text.empty()) return fail(Error::Kind::kMalformed, path, "is no ELF file that can be read");
  return parse_file_facts(output->text);
}

}  // namespace

DebugFileFacts parse_file_facts(std::string_view text) {
  DebugFileFacts facts;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) break;
    if (line->starts_with(kBuildId) && is_build_id(line->substr(kBuildId.size()))) {
      facts.build_id = std::string(line->substr(kBuildId.size()));
    } else if (line->starts_with(kStext)) {
      facts.stext = parse_number<std::uint64_t>(line->substr(kStext.size()), 16);
    }
  }
  return facts;
}

std::vector<std::string> debug_places(std::string_view release, std::string_view build_id) {
  std::vector<std::string> places;
  if (is_build_id(build_id)) {
    places.push_back(fmt::format("/usr/lib/debug/.build-id/{}/{}.debug", build_id.substr(0, 2), build_id.substr(2)));
  }
  if (!is_file_name(release)) return places;
  places.push_back(fmt::format("/usr/lib/debug/boot/vmlinux-{}", release));             // Debian, Ubuntu
  places.push_back(fmt::format("/usr/lib/debug/lib/modules/{}/vmlinux", release));      // Fedora, RHEL
  places.push_back(fmt::format("/usr/lib/debug/usr/lib/modules/{}/vmlinux", release));  // SUSE
  places.push_back(fmt::format("/lib/modules/{}/build/vmlinux", release));              // a kernel's build folder
  places.push_back(fmt::format("/boot/vmlinux-{}", release));
  return places;
}

Result<KernelDebug> fit_kernel_debug(const std::string& path, const KernelIdentity& kernel) {
  if (!DwarfLines::is_supported()) {
    return fail(Error::Kind::kUnsupported, path, "this leakscope was built without libdw");
  }
  const auto facts = read_facts(path);
  if (!facts) return std::unexpected(facts.error());
  if (!kernel.build_id.empty() && facts->build_id != kernel.build_id) {
    return fail(Error::Kind::kNotFound, path, "belongs to another build of the kernel");
  }
  if (!facts->stext || kernel.stext_address == 0) {
    return fail(Error::Kind::kNotFound, path, "_stext is not known, so that addresses cannot be compared");
  }
  return KernelDebug{path, kernel.stext_address - *facts->stext};
}

Result<KernelDebug> find_kernel_debug(const KernelIdentity& kernel, const std::string& root) {
  std::string reasons;
  for (const std::string& place : debug_places(kernel.release, kernel.build_id)) {
    auto debug = fit_kernel_debug(root + place, kernel);
    if (debug || debug.error().kind == Error::Kind::kUnsupported) return debug;
    // A file that is not there is no reason, and /boot/vmlinux of a distribution may be a compressed image.
    if (::access((root + place).c_str(), F_OK) == 0) reasons += fmt::format("; {}", to_string(debug.error()));
  }
  return fail(Error::Kind::kNotFound, fmt::format("vmlinux of {}", kernel.release),
              fmt::format("no debug information of this kernel was found{}", reasons),
              fmt::format("Install it (Debian: linux-image-{}-dbg), or give --debuginfod", kernel.release));
}

}  // namespace leakscope::symbols
