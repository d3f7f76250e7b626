#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/kernel_symbols.h"
#include "sources/trace_text/stack_line.h"

namespace leakscope::sources::trace_text {

/// A place in code of the trace.
struct Place {
  static constexpr std::uint32_t kNoFunction = 0xFFFF'FFFF;

  std::uint64_t address = 0;             ///< 0: cannot be told
  std::uint32_t function = kNoFunction;  ///< equal numbers are equal functions
  std::uint32_t offset = 0;
  bool has_offset = false;
  bool is_made_up = false;  ///< no address was told
  bool of_user_space = false;
};

/// Gives each place in code an address: the one that was told, else one that is made up. Functions without addresses
/// stand 2 MiB apart from 0x1000 on, so "seq_open+0x2a" is 0x2a behind the address of seq_open; for symbols() all
/// addresses are the same. It also knows the functions of addresses that came with a name, but only as far as they were
/// seen: behind the last such address of each stands a symbol "[unknown]", since what follows is not known.
class PlaceTable {
 public:
  /// A call site's text: "seq_open+0x2a/0x60", "0xffffffff8132aa11".
  [[nodiscard]] Place of_call_site(std::string_view text);
  /// A frame on a line of its own; nothing known when it is none.
  [[nodiscard]] std::optional<Place> of_stack_line(std::string_view line);

  /// After the last place. Once.
  void finish();
  /// Empty before finish().
  [[nodiscard]] const model::KernelSymbols& symbols() const { return symbols_; }
  /// Places that got no address, because there were too many functions.
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

  static constexpr std::uint64_t kFirst = 0x1000;
  static constexpr std::uint64_t kStep = 0x20'0000;
  static constexpr std::uint64_t kLongestFunction = 0x10'0000;
  static constexpr std::size_t kMostFunctions = std::size_t{1} << 18U;

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  template <class T>
  using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;
  struct Function {
    std::string name;
    std::string module;
    bool module_known = false;
    bool made_up_used = false;
    std::uint32_t next = Place::kNoFunction;  // of the same name, in another module
  };
  struct Extent {
    std::uint32_t function = 0;
    std::uint64_t end = 0;
  };

  [[nodiscard]] Place place_of(const CodePlace& told);
  [[nodiscard]] std::uint32_t function_of(const CodePlace& told);
  void note_extent(std::uint64_t start, std::uint64_t end, std::uint32_t function);

  TextMap<Place> sites_;
  TextMap<Place> lines_;
  TextMap<std::uint32_t> indices_;  // by name, the first of it
  std::vector<Function> functions_;
  std::map<std::uint64_t, Extent> extents_;  // by where the function starts
  model::KernelSymbols symbols_;
  std::uint64_t refused_ = 0;
};

}  // namespace leakscope::sources::trace_text
