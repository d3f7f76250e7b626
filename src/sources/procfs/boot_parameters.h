#pragma once

#include <string>
#include <string_view>

namespace leakscope::sources::procfs {

/// What may be kept of a kernel command line (/proc/cmdline): the names of all parameters, and values only of those
/// that say something about memory ("page_owner=on", "slub_debug=U", "hugepages=512"), for a command line may carry
/// secrets. "name=value" of others becomes "name". What stands behind "--" is for init and is dropped. Quoted values
/// ("a b") are one value. Parameters are separated by one blank in the answer.
[[nodiscard]] std::string without_private_values(std::string_view command_line);

}  // namespace leakscope::sources::procfs
