#include "sources/trace_text/stack_pairing.h"

#include <algorithm>

namespace leakscope::sources::trace_text {

void StackPairing::Waiting::push(std::size_t event) {
  if (count == kMost) {
    std::shift_left(events.begin(), events.end(), 1);
    --count;
  }
  events[count++] = event;
}

StackPairing::Waiting& StackPairing::waiting_on(std::uint16_t cpu) {
  if (waiting_.size() <= cpu) waiting_.resize(std::size_t{cpu} + 1);
  return waiting_[cpu];
}

void StackPairing::add(const model::KmemEvent& event, const Place& site) {
  if (given_ > 0) drop_given();
  waiting_on(event.cpu).push(events_.size());
  events_.push_back(event);
  sites_.push_back(site);
}

void StackPairing::pass_over(std::uint16_t cpu) { waiting_on(cpu).push(kForeign); }

void StackPairing::forget(std::uint16_t cpu) { waiting_on(cpu).count = 0; }

void StackPairing::begin_stack(std::uint16_t cpu) {
  if (given_ > 0) drop_given();
  collecting_ = true;
  frames_.clear();
  target_ = waiting_on(cpu).pop();
  if (target_ == kGone) ++stray_;
}

void StackPairing::begin_foreign_stack() {
  collecting_ = true;
  frames_.clear();
  target_ = kForeign;
}

void StackPairing::add_frame(const Place& frame) {
  if (target_ >= kForeign || frame.of_user_space || frame.address == 0) return;
  if (frames_.size() < model::StackTable::kMostFrames) frames_.push_back(frame);
}

void StackPairing::end_stack() {
  if (!collecting_) return;
  collecting_ = false;
  if (target_ >= kForeign || frames_.empty()) return;
  ++stacks_seen_;
  settle_call_site(events_[target_], sites_[target_]);
  addresses_.clear();
  for (const Place& frame : frames_) addresses_.push_back(frame.address);
  events_[target_].stack = stacks_.intern(addresses_);
  target_ = kForeign;
}

// The innermost frame in the function that the call site names is the call site: whichever of them is told more
// exactly gives its address to the other.
void StackPairing::settle_call_site(model::KmemEvent& event, const Place& site) {
  if (site.function == Place::kNoFunction || !site.is_made_up) return;
  for (Place& frame : frames_) {
    if (frame.function != site.function) continue;
    if (frame.has_offset && site.has_offset && frame.offset != site.offset) continue;
    if (frame.is_made_up && !frame.has_offset) {
      frame.address = site.address;
    } else {
      event.call_site = frame.address;
    }
    return;
  }
}

std::span<const model::KmemEvent> StackPairing::ready(bool at_end) {
  if (given_ > 0) drop_given();
  given_ = at_end ? events_.size() : events_.size() - std::min(events_.size(), kHeldBack);
  return std::span(events_).first(given_);
}

void StackPairing::drop_given() {
  const auto given = static_cast<std::ptrdiff_t>(given_);
  events_.erase(events_.begin(), events_.begin() + given);
  sites_.erase(sites_.begin(), sites_.begin() + given);
  const auto move = [this](std::size_t& event) {
    if (event < kForeign) event = event < given_ ? kGone : event - given_;
  };
  for (Waiting& waiting : waiting_) std::for_each_n(waiting.events.begin(), waiting.count, move);
  move(target_);
  given_ = 0;
}

}  // namespace leakscope::sources::trace_text
