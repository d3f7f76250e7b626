#include "symbols/dwarf_lines.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#ifdef LEAKSCOPE_HAVE_LIBDW
#include <gelf.h>

#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#endif

namespace leakscope::symbols {

#ifdef LEAKSCOPE_HAVE_LIBDW

class DwarfLines::Impl {
 public:
  explicit Impl(Elf* elf) : elf_(elf), dwarf_(dwarf_begin_elf(elf, DWARF_C_READ, nullptr)) { find_units(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (dwarf_ != nullptr) dwarf_end(dwarf_);
    elf_end(elf_);
  }

  [[nodiscard]] LineInfo line_of(std::uint64_t address) const {
    const auto above = std::ranges::upper_bound(ranges_, address, {}, &Range::begin);
    if (above == ranges_.begin()) return {};
    const Range& range = *std::prev(above);
    if (address >= range.end) return {};
    Dwarf_Die unit = units_[range.unit];
    Dwarf_Line* const line = dwarf_getsrc_die(&unit, address);
    int number = 0;
    if (line == nullptr || dwarf_lineno(line, &number) != 0 || number <= 0) return {};
    const char* const file = dwarf_linesrc(line, nullptr, nullptr);
    if (file == nullptr) return {};
    return {file, static_cast<std::uint32_t>(number)};
  }

  [[nodiscard]] std::string build_id() const {
    const void* bytes = nullptr;
    const ssize_t size = dwelf_elf_gnu_build_id(elf_, &bytes);
    std::string text;
    for (ssize_t i = 0; i < size && i < 64; ++i) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      const unsigned byte = static_cast<const unsigned char*>(bytes)[i];
      text += kDigits[byte >> 4U];
      text += kDigits[byte & 0xFU];
    }
    return text;
  }

  [[nodiscard]] std::optional<std::uint64_t> symbol(std::string_view name) const {
    for (Elf_Scn* section = elf_nextscn(elf_, nullptr); section != nullptr; section = elf_nextscn(elf_, section)) {
      GElf_Shdr header;
      if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_SYMTAB || header.sh_entsize == 0) continue;
      Elf_Data* const data = elf_getdata(section, nullptr);
      if (data == nullptr) continue;
      const std::size_t count = data->d_size / header.sh_entsize;
      for (std::size_t i = 0; i < count && i < kMostSymbols; ++i) {
        GElf_Sym symbol;
        if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) break;
        const char* const text = elf_strptr(elf_, header.sh_link, symbol.st_name);
        if (text != nullptr && name == text) return symbol.st_value;
      }
    }
    return std::nullopt;
  }

 private:
  struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::size_t unit = 0;
  };
  // Functions that the linker left out keep a range, at 0 or close to it.
  static constexpr std::uint64_t kFirstCode = 4096;
  static constexpr std::size_t kMostSymbols = std::size_t{1} << 24U;

  // .debug_aranges would do, but clang writes none.
  void find_units() {
    if (dwarf_ == nullptr) return;
    Dwarf_CU* unit = nullptr;
    std::uint8_t type = 0;
    Dwarf_Die die;
    while (dwarf_get_units(dwarf_, unit, &unit, nullptr, &type, &die, nullptr) == 0) {
      if (type != kCompileUnit) continue;
      units_.push_back(die);
      std::uint64_t base = 0;
      std::uint64_t begin = 0;
      std::uint64_t end = 0;
      for (std::ptrdiff_t at = 0; (at = dwarf_ranges(&die, at, &base, &begin, &end)) > 0;) {
        if (begin < end && begin >= kFirstCode) ranges_.push_back({begin, end, units_.size() - 1});
      }
    }
    std::ranges::sort(ranges_, {}, &Range::begin);
  }

  static constexpr std::uint8_t kCompileUnit = 1;  // DW_UT_compile

  Elf* elf_;
  Dwarf* dwarf_;
  std::vector<Dwarf_Die> units_;
  std::vector<Range> ranges_;
};

std::optional<DwarfLines> DwarfLines::open(int fd) {
  if (elf_version(EV_CURRENT) == EV_NONE) return std::nullopt;
  Elf* const elf = elf_begin(fd, ELF_C_READ_MMAP, nullptr);
  if (elf == nullptr) return std::nullopt;
  if (elf_kind(elf) != ELF_K_ELF) {
    elf_end(elf);
    return std::nullopt;
  }
  return DwarfLines(std::make_unique<Impl>(elf));
}

bool DwarfLines::is_supported() { return true; }

#else

class DwarfLines::Impl {
 public:
  [[nodiscard]] LineInfo line_of(std::uint64_t) const { return {}; }
  [[nodiscard]] std::string build_id() const { return {}; }
  [[nodiscard]] std::optional<std::uint64_t> symbol(std::string_view) const { return std::nullopt; }
};

std::optional<DwarfLines> DwarfLines::open(int) { return std::nullopt; }

bool DwarfLines::is_supported() { return false; }

#endif

DwarfLines::DwarfLines(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DwarfLines::DwarfLines(DwarfLines&&) noexcept = default;
DwarfLines& DwarfLines::operator=(DwarfLines&&) noexcept = default;
DwarfLines::~DwarfLines() = default;

LineInfo DwarfLines::line_of(std::uint64_t address) const { return impl_->line_of(address); }
std::string DwarfLines::build_id() const { return impl_->build_id(); }
std::optional<std::uint64_t> DwarfLines::symbol(const std::string& name) const { return impl_->symbol(name); }

}  // namespace leakscope::symbols
