#pragma once

#include <cstdint>

namespace leakscope::sources::recording {

/// The sections of a block's payload: each is a varint id, a varint size and so many bytes. A reader skips ids that it
/// does not know; an id stands at most once.
enum class Section : std::uint8_t {
  kStrings = 1,   ///< every string of the block, once: count, then each with its size
  kMetrics = 2,   ///< metric names: count, then string indices
  kSubjects = 3,  ///< what the block is about, and how that changed within it
  kRows = 4,      ///< times and numbers of the samples
  kHeads = 5,     ///< columns: see column.h
  kGaps = 6,
  kRuns = 7,
  kValues = 8,
  kEvents = 9,
  kRetired = 10,   ///< which subjects ended, and at which row
  kCoverage = 11,  ///< what the sources could see by the end of the block
  kLosses = 12,    ///< what they had not seen by then, counted from the start of the session
  kBoot = 13,      ///< the boot id: a block can be placed without its session frame
};

/// Bounds of a block, for writers and readers alike; with the size of a payload they bound a reader's memory and time.
inline constexpr std::uint32_t kMaxRows = 1U << 16U;
inline constexpr std::uint32_t kMaxColumns = 1U << 21U;
inline constexpr std::uint32_t kMaxSubjects = 1U << 18U;
inline constexpr std::uint32_t kMaxStrings = 1U << 19U;
inline constexpr std::uint32_t kMaxStringSize = 1U << 12U;
inline constexpr std::uint32_t kMaxEvents = 1U << 18U;
inline constexpr std::uint32_t kMaxRetired = 1U << 20U;
inline constexpr std::uint32_t kMaxStates = 1U << 12U;  ///< entries of coverage, and of losses
/// Texts are shared within a block: of its subjects together, and of its events, they may not make more than this.
inline constexpr std::uint64_t kMaxExpandedText = std::uint64_t{128} << 20U;
inline constexpr std::uint64_t kMaxPoints = std::uint64_t{1} << 26U;

/// Flags of a subject's record.
inline constexpr std::uint8_t kSubjectIsProcess = 1;
inline constexpr std::uint8_t kSubjectHasParent = 2;

}  // namespace leakscope::sources::recording
