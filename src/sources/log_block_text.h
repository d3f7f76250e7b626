#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace leakscope::sources {

/// What names a line, up to its first number or colon: the size of "MemTotal:", "Node 0, zone      DMA      ".
[[nodiscard]] std::size_t key_size(std::string_view line);

/// "MemTotal: 24.683.620 kB" as "MemTotal: 24683620 kB": the kernel prints whole numbers without any sign between their
/// digits, so that what parts them in threes (a point, a comma, a blank, thin or not) was put there by whoever wrote
/// the log. Empty where nothing parts them, or not in threes and by one sign throughout ("24.68", "24.683,620").
[[nodiscard]] std::string ungrouped(std::string_view line);

/// A block in which two writers' lines stand between each other.
struct PartedBlock {
  std::string text;               ///< of the writer that was ahead: the first line of each key
  std::uint32_t others = 0;       ///< lines that are left out
  std::uint32_t first_other = 0;  ///< 1: the block's first line
};

/// Each key stands once in a block: a line whose key came before is another writer's. `before`: the lines of the first
/// writer that came before the other one began. Nothing is left out where each key stands once in the block itself.
[[nodiscard]] PartedBlock parted_block(std::string_view before, std::string_view block);

}  // namespace leakscope::sources
