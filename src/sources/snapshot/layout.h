#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/rooted_dir.h"

namespace leakscope::sources::snapshot {

/// How a file of the live machine becomes a file of a snapshot.
enum class Care : std::uint8_t {
  kWhole,              ///< as it is
  kWaits,              ///< as it is; reading it may wait for a lock of another process
  kFirstWord,          ///< /proc/PID/cmdline: argv[0] alone, since what follows may be secret
  kKernelCommandLine,  ///< parameters and only those values that say something about memory
  kPresence,           ///< that it is there matters, what it says does not: an empty file
};

/// Files of one kind of directory, relative to the root. In `directory` and `files` '*' stands for any characters of
/// one name (not of those that begin with ':', SLUB's names for merged caches), '#' for digits, and a last component
/// "**" for the directory itself and all below it.
struct Row {
  std::string_view directory;
  std::span<const std::string_view> files;
  Care care = Care::kWhole;
};

/// Everything that the sources read from files: the one table of what a snapshot keeps and of what is taken from an
/// archive. Whatever is not in it is never copied, which keeps environments, memory, keys and logs of others out; a
/// test compares what the sources see of the live machine and of its snapshot, so that a new source cannot be
/// forgotten.
[[nodiscard]] std::span<const Row> rows();

/// Whether a row names the path: "proc/12/stat".
[[nodiscard]] bool is_kept(std::string_view path);

/// What tools printed, in files of a sosreport and its like: "sos_commands/memory/free", "var/log/messages". Formats of
/// logs may read them where the files of /proc are missing.
[[nodiscard]] bool is_text_of_a_tool(std::string_view path);

/// Those below the root, smallest path first.
[[nodiscard]] std::vector<std::string> texts_of_tools(const RootedDir& root);

/// Whether the name fits a pattern of '*' and '#'.
[[nodiscard]] bool name_matches(std::string_view pattern, std::string_view name);

/// The directories below the root that fit the row's pattern; most of them at most, and `cut` says whether there are
/// more. Links are followed in sysfs only where the pattern names one level.
struct Directories {
  std::vector<std::string> paths;
  bool cut = false;
};
[[nodiscard]] Directories directories_of(const RootedDir& root, std::string_view pattern, std::size_t most);

}  // namespace leakscope::sources::snapshot
