#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/rooted_dir.h"

namespace leakscope::sources::page_holders {

/// What one holder has at one time.
struct Level {
  std::string name;  ///< of the subject: "zfs-arc"
  Bytes bytes;
  bool counted = false;  ///< these pages stand in another row of the ledger already, or outside its total
  std::string detail;    ///< the file or question it comes from, and what helps to understand it
  friend bool operator==(const Level&, const Level&) = default;
};

/// One way of learning what pages somebody holds.
class Holder {
 public:
  explicit Holder(std::string_view source) : source_(source) {}
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  virtual ~Holder() = default;

  /// The word of coverage.
  [[nodiscard]] std::string_view source() const { return source_; }
  /// The levels now; none when there is nothing to hold. kNotFound and kUnsupported: not on this machine.
  [[nodiscard]] virtual Result<std::vector<Level>> read(const RootedDir& root) = 0;
  /// What read() by its nature, or as of late, does not see; empty when it sees all.
  [[nodiscard]] virtual std::string blind_spot() const { return {}; }

 private:
  std::string_view source_;
};

}  // namespace leakscope::sources::page_holders
