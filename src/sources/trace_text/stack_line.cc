#include "sources/trace_text/stack_line.h"

#include "base/text_cursor.h"

namespace leakscope::sources::trace_text {
namespace {

constexpr std::size_t kLongestName = 512;  // KSYM_NAME_LEN, include/linux/kallsyms.h
// Kernel addresses have the highest bit set (64 bits), made-up ones have not.
constexpr std::uint64_t kKernelHalf = std::uint64_t{1} << 63U;

bool is_good_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestName) return false;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') return false;
  }
  return true;
}

std::optional<std::uint64_t> parse_address(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  if (text.size() < 8 || text.size() > 16) return std::nullopt;
  return parse_number<std::uint64_t>(text, 16);
}

// "+0x2a/0x60" behind the name.
bool take_offset(std::string_view& text, CodePlace& place) {
  const std::size_t plus = text.rfind("+0x");
  if (plus == std::string_view::npos) return true;
  std::string_view digits = text.substr(plus + 3);
  digits = digits.substr(0, digits.find('/'));
  const auto offset = parse_number<std::uint64_t>(digits, 16);
  if (!offset) return false;
  place.offset = *offset;
  // "+0x2a/0x60" is the kernel's %pS, which tells modules; trace-cmd and perf print "+0x2a" and never do.
  place.module_known = place.module_known || digits.size() != text.size() - plus - 3;
  place.has_offset = true;
  text = text.substr(0, plus);
  return true;
}

// "[9pnet]" at the end.
void take_module(std::string_view& text, CodePlace& place) {
  if (text.empty() || text.back() != ']') return;
  const std::size_t bracket = text.rfind('[');
  if (bracket == std::string_view::npos || bracket == 0) return;
  place.module = trim(text.substr(bracket + 1, text.size() - bracket - 2));
  place.module_known = true;
  text = trim(text.substr(0, bracket));
}

// "(/lib/modules/6.1.0/kernel/fs/ext4/ext4.ko.xz)" -> "ext4", "([ext4])" -> "ext4", "([kernel.kallsyms])" -> "".
std::string_view module_of(std::string_view object) {
  if (object.starts_with('[')) {
    object = object.substr(1, object.find(']') - 1);
    return object.starts_with("kernel") || object.starts_with("guest.kernel") ? std::string_view{} : object;
  }
  const std::size_t suffix = object.rfind(".ko");
  if (suffix == std::string_view::npos) return {};  // vmlinux
  object = object.substr(0, suffix);
  return object.substr(object.rfind('/') + 1);
}

// "__fput+0x141/0x2a0", "__fput <ffffffff816d8b21>", "__fput (ffffffff9b575b8b)" behind the arrow.
std::optional<StackLine> parse_arrow(std::string_view text) {
  StackLine line;
  std::optional<std::uint64_t> address;
  if (!text.empty() && (text.back() == '>' || text.back() == ')')) {
    const std::size_t bracket = text.find_last_of("<(");
    if (bracket == std::string_view::npos) return std::nullopt;
    address = parse_address(text.substr(bracket + 1, text.size() - bracket - 2));
    if (!address) return std::nullopt;
    text = trim(text.substr(0, bracket));
  }
  const auto place = parse_code_place(text);
  if (!place && !address) return std::nullopt;
  if (place) line.place = *place;
  if (address) line.place.address = *address;
  return line;
}

std::optional<StackLine> parse_perf(std::string_view text) {
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos || blank > 16) return std::nullopt;
  const auto address = parse_number<std::uint64_t>(text.substr(0, blank), 16);
  const std::size_t bracket = text.rfind(" (");
  if (!address || bracket == std::string_view::npos || bracket < blank || text.back() != ')') return std::nullopt;
  const std::string_view symbol = trim(text.substr(blank, bracket - blank));
  const std::string_view object = text.substr(bracket + 2, text.size() - bracket - 3);
  StackLine line;
  line.of_user_space = (*address & kKernelHalf) == 0;
  if (symbol != "[unknown]") {
    if (const auto place = parse_code_place(symbol)) line.place = *place;
  }
  line.place.address = *address;
  line.place.module = module_of(object);
  line.place.module_known = true;
  return line;
}

}  // namespace

std::optional<CodePlace> parse_code_place(std::string_view text) {
  text = trim(text);
  CodePlace place;
  if (const auto address = parse_address(text)) {
    place.address = *address;
    return place;
  }
  take_module(text, place);
  if (!take_offset(text, place)) return std::nullopt;
  place.function = text;
  if (!is_good_name(place.function) || (!place.module.empty() && !is_good_name(place.module))) return std::nullopt;
  return place;
}

std::optional<StackLine> parse_stack_line(std::string_view line) {
  const std::string_view text = trim(line);
  if (text.starts_with("=> ")) return parse_arrow(trim(text.substr(3)));
  if (text.empty() || line.front() != '\t') return std::nullopt;
  return parse_perf(text);
}

}  // namespace leakscope::sources::trace_text
