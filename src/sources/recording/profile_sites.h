#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/profile.h"
#include "sources/recording/string_table.h"

namespace leakscope::sources::recording {

/// The payload of a frame kProfileSites: sections, each a varint id, a varint size and so many bytes. It needs no other
/// frame: strings, frames and stacks that its sites speak of are in it, each once.
enum class SitesSection : std::uint8_t {
  kPlace = 1,    ///< number of the first site within the profile, how many there are
  kStrings = 2,  ///< count, then each with its size
  kFrames = 3,   ///< count, then each: symbol, module, file (strings), address, offset, line
  kStacks = 4,   ///< count, then each: how many frames, which
  kSites = 5,    ///< count, then each with its size: a list of fields
};

/// Bounds, for writers and readers alike.
inline constexpr std::size_t kSitesPerFrame = 1024;            ///< that a writer puts into one
inline constexpr std::uint32_t kMaxSitesPerFrame = 1U << 16U;  ///< that a reader takes
inline constexpr std::uint32_t kMaxStackFrames = 1U << 10U;
inline constexpr std::uint32_t kMaxFrameRecords = 1U << 19U;
inline constexpr std::uint32_t kMaxProcesses = 1U << 12U;
inline constexpr std::uint32_t kMaxSitePoints = 1U << 16U;
/// Texts and stacks are shared within a frame: spelled out for each site they may not make more than this.
inline constexpr std::uint64_t kMaxExpandedSites = std::uint64_t{64} << 20U;

/// Collects sites for one frame.
class ProfileSitesBuilder {
 public:
  /// What is longer than the bounds is cut, figures that are no numbers are left out: see parts_cut().
  void add(const model::Site& site);
  [[nodiscard]] bool full() const;
  [[nodiscard]] std::size_t size() const { return count_; }
  void encode(std::uint64_t first, std::string& out) const;
  void clear();

  /// How many texts, lists and figures of the site add() would cut or leave out.
  [[nodiscard]] static std::uint64_t parts_cut(const model::Site& site);

 private:
  struct Record {
    std::uint32_t symbol = 0;
    std::uint32_t module = 0;
    std::uint32_t file = 0;
    std::uint32_t line = 0;
    std::uint64_t address = 0;
    std::uint64_t offset = 0;
    friend auto operator<=>(const Record&, const Record&) = default;
  };
  [[nodiscard]] std::uint32_t frame_index(const model::Frame& frame);
  [[nodiscard]] std::uint32_t stack_index(const std::vector<model::Frame>& stack);

  StringTable strings_;
  std::map<Record, std::uint32_t> frame_ids_;
  std::vector<Record> frames_;
  std::map<std::vector<std::uint32_t>, std::uint32_t> stack_ids_;
  std::vector<const std::vector<std::uint32_t>*> stacks_;  // keys of the map stay where they are
  std::string sites_;
  std::string record_;
  std::size_t count_ = 0;
  std::uint64_t expanded_ = 0;
};

/// What a frame holds.
struct ProfileSites {
  std::uint64_t first = 0;  ///< number of its first site within the profile
  std::uint64_t count = 0;  ///< that it has, those of unknown kinds included
  std::vector<model::Site> sites;
  std::uint64_t expanded = 0;  ///< bytes that these take in memory, roughly
};
/// Sites in a state or of an allocator that this build does not know are left out.
[[nodiscard]] Result<ProfileSites> parse_profile_sites(std::string_view payload);

/// Bytes that a site takes in memory, roughly.
[[nodiscard]] std::uint64_t expanded_size(const model::Site& site);

}  // namespace leakscope::sources::recording
