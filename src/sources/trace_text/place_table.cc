#include "sources/trace_text/place_table.h"

#include <algorithm>

namespace leakscope::sources::trace_text {
namespace {

// Texts whose place is remembered; further ones are looked at each time.
constexpr std::size_t kMostTexts = std::size_t{1} << 18U;
// perf's word for a place without a name.
constexpr std::string_view kNoName = "[unknown]";
// Functions of one name that are told apart.
constexpr std::size_t kMostOfOneName = 64;

}  // namespace

Place PlaceTable::of_call_site(std::string_view text) {
  if (const auto known = sites_.find(text); known != sites_.end()) return known->second;
  const auto told = parse_code_place(text);
  const Place place = told ? place_of(*told) : Place{};
  if (sites_.size() < kMostTexts) sites_.emplace(text, place);
  return place;
}

std::optional<Place> PlaceTable::of_stack_line(std::string_view line) {
  if (const auto known = lines_.find(line); known != lines_.end()) return known->second;
  const auto told = parse_stack_line(line);
  if (!told) return std::nullopt;
  Place place;
  if (told->of_user_space) {
    place.of_user_space = true;
  } else {
    place = place_of(told->place);
  }
  if (lines_.size() < kMostTexts) lines_.emplace(line, place);
  return place;
}

Place PlaceTable::place_of(const CodePlace& told) {
  Place place;
  place.address = told.address;
  if (told.function.empty() || told.function == "0" || told.offset >= kLongestFunction) return place;
  place.function = function_of(told);
  if (place.function == Place::kNoFunction) {
    ++refused_;
    return place;
  }
  place.offset = static_cast<std::uint32_t>(told.offset);
  place.has_offset = told.has_offset;
  if (told.address == 0) {
    functions_[place.function].made_up_used = true;
    place.is_made_up = true;
    place.address = kFirst + place.function * kStep + told.offset;
  } else if (told.address > told.offset && told.address + 1 != 0) {
    note_extent(told.address - told.offset, told.address + 1, place.function);
  }
  return place;
}

// A name without a module is the first function of that name, which takes the first module that is told of it.
std::uint32_t PlaceTable::function_of(const CodePlace& told) {
  const auto known = indices_.find(told.function);
  std::uint32_t last = Place::kNoFunction;
  std::size_t passed = 0;
  for (std::uint32_t i = known == indices_.end() ? Place::kNoFunction : known->second; i != Place::kNoFunction;
       i = functions_[i].next) {
    last = i;
    if (++passed > kMostOfOneName) return Place::kNoFunction;
    if (!told.module_known || (functions_[i].module_known && functions_[i].module == told.module)) return i;
    if (functions_[i].module_known) continue;
    functions_[i].module = told.module;
    functions_[i].module_known = true;
    return i;
  }
  if (functions_.size() >= kMostFunctions) return Place::kNoFunction;
  const auto index = static_cast<std::uint32_t>(functions_.size());
  functions_.push_back(Function{
      .name = std::string(told.function), .module = std::string(told.module), .module_known = told.module_known});
  if (last == Place::kNoFunction) {
    indices_.emplace(told.function, index);
  } else {
    functions_[last].next = index;
  }
  return index;
}

void PlaceTable::note_extent(std::uint64_t start, std::uint64_t end, std::uint32_t function) {
  const auto known = extents_.find(start);
  if (known != extents_.end()) {
    known->second.end = std::max(known->second.end, end);
  } else if (extents_.size() < kMostFunctions) {
    extents_.emplace(start, Extent{function, end});
  }
}

void PlaceTable::finish() {
  for (std::size_t i = 0; i < functions_.size(); ++i) {
    if (functions_[i].made_up_used) symbols_.add(kFirst + i * kStep, functions_[i].name, functions_[i].module);
  }
  for (const auto& [start, extent] : extents_) {
    symbols_.add(start, functions_[extent.function].name, functions_[extent.function].module);
  }
  // After all names, which win where one begins at such an end.
  for (const auto& [start, extent] : extents_) symbols_.add(extent.end, kNoName, {});
  symbols_.finish();
}

}  // namespace leakscope::sources::trace_text
