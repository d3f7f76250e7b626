#pragma once

#include <cstdint>
#include <optional>

#include "model/profile.h"
#include "model/site_tally.h"

namespace leakscope::analysis::matching {

/// The share of a site's frees that no event told, of those of which the fate is known: seen, or proven unseen by an
/// allocation at their address. Point and two-sided 99 % interval of Clopper and Pearson (1934), exact for every true
/// value. Nothing when no free is known at all. Where all known frees were seen the lower end is 0, and the upper end
/// says how many unseen ones could have stayed unproven by chance.
///
/// What an unseen free left is proven only once its address is handed out again. In a cache that reuses late, the last
/// of them are not proven yet, and the interval is too low by these: compare with the growth of the cache itself.
[[nodiscard]] std::optional<model::ShareInterval> blindness(std::uint64_t frees_seen, std::uint64_t unseen_frees);

/// How many of the objects that a site holds may in truth have been freed unseen, at the upper end of its blindness: of
/// all its allocations that share, less those that were proven. Between 0 and the count held. All of it where every
/// known free was unseen; 0 where no free is known: what is never freed cannot be told from what is never seen to be
/// freed by this alone.
/// `sampled_one_in`: the tally's figures were scaled by it, and rest on so many times fewer events.
[[nodiscard]] std::int64_t explained_by_blindness(const model::SiteTally& tally, std::uint32_t sampled_one_in = 1);

}  // namespace leakscope::analysis::matching
