#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace leakscope::sources::redaction {

/// What pseudonyms are made with: the same name has the same pseudonym under the same key, and without the key nobody
/// can try out which name it was.
using Key = std::array<std::uint64_t, 2>;

/// From the system's random numbers.
[[nodiscard]] Result<Key> random_key();
/// From a file of at least 16 bytes: the same file gives the same pseudonyms in every run.
[[nodiscard]] Result<Key> key_from_file(const std::string& path);

/// Replaces names by words that say nothing, "pk3x9c2mqa4": SipHash-2-4 of the name under the key.
class Pseudonyms {
 public:
  explicit Pseudonyms(const Key& key) : key_(key) {}

  /// "nginx" becomes "p3jx0c2mqa41"; nothing stays nothing. At most 13 characters, so that it is a process's name, too.
  [[nodiscard]] std::string word(std::string_view name) const;
  /// One name of a path or a systemd unit: what every machine has stays ("usr", "system.slice"), of others the ending
  /// that tells what it is (".service", ".scope", ".slice").
  [[nodiscard]] std::string component(std::string_view name) const;
  /// Component by component, so that what lies in one directory still does: "/usr/bin/p3jx0c2mqa41".
  [[nodiscard]] std::string path(std::string_view path) const;
  /// Words of a sentence that are paths outside of /proc and /sys (cgroups are inside and count), or stand in quotes.
  [[nodiscard]] std::string text(std::string_view sentence) const;
  /// A user or group id: 0 stays, others become a number from 100000 on.
  [[nodiscard]] std::string id(std::string_view number) const;
  /// A boot id: 32 hex digits with dashes, as the kernel writes them.
  [[nodiscard]] std::string boot_id(std::string_view id) const;

 private:
  [[nodiscard]] std::uint64_t hash(std::string_view text) const;
  Key key_;
};

}  // namespace leakscope::sources::redaction
