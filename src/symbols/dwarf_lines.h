#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace leakscope::symbols {

/// A line of source.
struct LineInfo {
  std::string file;        ///< as the compiler was told; empty: not known
  std::uint32_t line = 0;  ///< 0: not known

  friend bool operator==(const LineInfo&, const LineInfo&) = default;
};

/// What debug information of an ELF file tells. It is parsed by libdw, which is large and was not made for hostile
/// files: only within run_confined().
class DwarfLines {
 public:
  /// Of an open file; nothing when it is no ELF file.
  [[nodiscard]] static std::optional<DwarfLines> open(int fd);
  DwarfLines(DwarfLines&&) noexcept;
  DwarfLines& operator=(DwarfLines&&) noexcept;
  ~DwarfLines();

  /// The line of an address as the file counts them; nothing known where it has no debug information.
  [[nodiscard]] LineInfo line_of(std::uint64_t address) const;
  /// Hexadecimal; empty: it has none.
  [[nodiscard]] std::string build_id() const;
  /// The value of a symbol of its symbol table.
  [[nodiscard]] std::optional<std::uint64_t> symbol(const std::string& name) const;

  /// False when this was built without libdw.
  [[nodiscard]] static bool is_supported();

 private:
  class Impl;
  explicit DwarfLines(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace leakscope::symbols
