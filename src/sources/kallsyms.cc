#include "sources/kallsyms.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/text_cursor.h"

namespace leakscope::sources {
namespace {

constexpr std::string_view kWant = "want lines '<address> <type> <name>'";

// The value of each hexadecimal digit, kNoDigit for all else: names outnumber everything here, and a table is several
// times as fast as std::from_chars.
constexpr std::uint8_t kNoDigit = 0xFF;
constexpr std::array<std::uint8_t, 256> kDigits = [] {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (std::uint8_t i = 0; i < 10; ++i) digits['0' + i] = i;
  for (std::uint8_t i = 0; i < 6; ++i) {
    digits['a' + i] = static_cast<std::uint8_t>(10 + i);
    digits['A' + i] = static_cast<std::uint8_t>(10 + i);
  }
  return digits;
}();

struct Line {
  std::uint64_t address = 0;
  char type = 0;
  std::string_view name;
  std::string_view module;
};

// "ext4_sync_file\t[ext4]"; copies may have a blank for the tab.
bool split_name(std::string_view text, Line& line) {
  if (!text.empty() && text.back() == ']') {
    const std::size_t bracket = text.rfind('[');
    if (bracket != std::string_view::npos && bracket >= 2 && (text[bracket - 1] == '\t' || text[bracket - 1] == ' ')) {
      line.module = text.substr(bracket + 1, text.size() - bracket - 2);
      text = text.substr(0, bracket - 1);
    }
  }
  line.name = trim(text);
  return !line.name.empty();
}

std::optional<Line> parse_line(std::string_view text) {
  Line line;
  std::size_t at = 0;
  while (at < text.size() && kDigits[static_cast<unsigned char>(text[at])] != kNoDigit) {
    line.address = (line.address << 4U) | kDigits[static_cast<unsigned char>(text[at])];
    ++at;
  }
  // Eight digits on kernels of 32 bits, sixteen on the others.
  if (at == 0 || at > 16 || text.size() < at + 4 || text[at] != ' ' || text[at + 2] != ' ') return std::nullopt;
  line.type = text[at + 1];
  if (!split_name(text.substr(at + 3), line)) return std::nullopt;
  return line;
}

bool is_function(char type) { return type == 't' || type == 'T' || type == 'w' || type == 'W'; }

}  // namespace

Result<model::KernelSymbols> parse_kallsyms(std::string_view text, std::string_view name) {
  model::KernelSymbols symbols;
  LineCursor lines(text);
  std::size_t read = 0;
  std::size_t strange = 0;
  std::size_t without_address = 0;
  while (const auto text_line = lines.next()) {
    if (lines.unterminated()) break;  // a name that is cut off is another name
    if (text_line->empty()) continue;
    ++read;
    const auto line = parse_line(*text_line);
    if (!line) {
      ++strange;
    } else if (is_function(line->type)) {
      if (line->address == 0) {
        ++without_address;
      } else {
        symbols.add(line->address, line->name, line->module);
      }
    }
  }
  if (strange * 2 > read || read == 0) return malformed(std::string(name), 1, std::string(kWant));
  if (symbols.size() == 0 && without_address > 0) {
    return fail(Error::Kind::kDenied, std::string(name), "the kernel shows no addresses",
                "Run as root; if that does not help: sysctl kernel.kptr_restrict=1");
  }
  symbols.finish();
  return symbols;
}

}  // namespace leakscope::sources
