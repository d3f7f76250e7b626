#include "session/matched_document.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace leakscope::session {

analysis::matching::Options matching_options(const TraceOptions& options) {
  analysis::matching::Options matching;
  matching.older = options.older;
  matching.pages = options.pages;
  matching.percpu = options.percpu;
  matching.vmalloc = options.vmalloc;
  return matching;
}

void put_matched(analysis::matching::Matched matched, const sources::KmemStream& stream,
                 const model::KernelSymbols& symbols, IsReclaimable is_reclaimable, const TraceOptions& options,
                 const std::string& name, report::Document& document) {
  std::ranges::move(stream.coverage(), std::back_inserter(document.coverage));
  std::ranges::move(stream.losses(), std::back_inserter(document.losses));
  if (matched.unseen_frees > 0) {
    document.losses.push_back({name, "frees that no event told, proven by an allocation at the same address",
                               matched.unseen_frees, matched.allocs});
  }
  CountedSites counted;
  counted.tallies = std::move(matched.sites);
  counted.stacks = &stream.stacks();
  counted.names = &stream.names();
  counted.symbols = &symbols;
  counted.seconds = static_cast<double>(matched.last_time - matched.first_time) / 1e9;
  counted.start = stream.facts().start;
  counted.sampled_one_in = matched.sampled_one_in;
  counted.older = options.older;
  counted.judge.is_reclaimable = std::move(is_reclaimable);
  put_into(document, profile_from(std::move(counted)), options.view);
}

}  // namespace leakscope::session
