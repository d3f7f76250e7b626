#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace leakscope {

/// An amount of memory in bytes, or the difference of two amounts (hence signed). 2^63 bytes are 8 EiB.
class Bytes {
 public:
  constexpr Bytes() = default;
  constexpr explicit Bytes(std::int64_t count) : count_(count) {}

  [[nodiscard]] static constexpr Bytes from_kib(std::int64_t kib) { return Bytes(kib * 1024); }
  [[nodiscard]] static constexpr Bytes from_mib(std::int64_t mib) { return Bytes(mib * 1024 * 1024); }

  [[nodiscard]] constexpr std::int64_t count() const { return count_; }

  friend constexpr auto operator<=>(Bytes, Bytes) = default;
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return Bytes(a.count_ + b.count_); }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return Bytes(a.count_ - b.count_); }
  constexpr Bytes& operator+=(Bytes other) { return *this = *this + other; }
  constexpr Bytes& operator-=(Bytes other) { return *this = *this - other; }

 private:
  std::int64_t count_ = 0;
};

/// The size of the kernel's base page (getconf PAGESIZE): 4 KiB on x86, up to 64 KiB on arm64 and ppc64.
/// A recorded tree carries the one of its machine, so this is a value and not a global.
struct PageSize {
  std::int64_t bytes = 4096;
  friend constexpr bool operator==(PageSize, PageSize) = default;
};
[[nodiscard]] PageSize page_size_of_this_machine();

/// A number of base pages.
struct Pages {
  std::int64_t count = 0;
  friend constexpr auto operator<=>(Pages, Pages) = default;
  [[nodiscard]] constexpr Bytes bytes(PageSize size) const { return Bytes(count * size.bytes); }
};

/// a + b for figures that come from files: nothing when it does not fit into 64 bits.
[[nodiscard]] constexpr std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}
/// a * b for figures that come from files: nothing when it does not fit into 64 bits.
[[nodiscard]] constexpr std::optional<std::int64_t> checked_mul(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

/// "39.8 MiB", "512 B", "-1.5 GiB": three significant digits, binary units.
[[nodiscard]] std::string to_human(Bytes bytes);

}  // namespace leakscope
