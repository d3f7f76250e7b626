#include "base/bytes.h"

#include <unistd.h>

#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

namespace leakscope {

PageSize page_size_of_this_machine() { return PageSize{::sysconf(_SC_PAGESIZE)}; }

std::string to_human(Bytes bytes) {
  static constexpr std::array<std::string_view, 7> kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes.count());
  std::size_t unit = 0;
  // 999.5 would print as "1000"; 1023.6 KiB should read "1.00 MiB".
  while (std::abs(value) >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", bytes.count());
  const double magnitude = std::abs(value);
  const int decimals = magnitude < 9.995 ? 2 : magnitude < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, decimals, kUnits[unit]);
}

}  // namespace leakscope
