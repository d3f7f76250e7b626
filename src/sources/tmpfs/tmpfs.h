#pragma once

#include <memory>

#include "base/error.h"
#include "base/rooted_dir.h"
#include "sources/source.h"

namespace leakscope::sources::tmpfs {

/// Files that live in RAM: tmpfs.used, tmpfs.files and tmpfs.size of each tmpfs and devtmpfs, and hugetlbfs.used of
/// each hugetlbfs with a limit, by mount point; SubjectInfo.detail is "device 0:23, tmpfs". Of our mount namespace; a
/// file system mounted at several places counts once. Live only: statfs cannot be replayed. Only these types are asked
/// (a network file system could hang), and by a descriptor that is checked to be of the device meant, so that a mount
/// hidden under another one is told apart. What statfs does not tell (ramfs; mounts with size=0) is left out and stands
/// in coverage.
[[nodiscard]] Result<std::unique_ptr<Source>> open_tmpfs(const RootedDir& root);

}  // namespace leakscope::sources::tmpfs
