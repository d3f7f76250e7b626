#include "sources/page_holders/bio_integrity.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

namespace leakscope::sources::page_holders {
namespace {

constexpr std::string_view kTypes = "sys/kernel/btf/vmlinux";
constexpr std::string_view kFunction = "bio_integrity_alloc_buf";
constexpr Bytes kPool{2 * (std::int64_t{2} << 20)};
constexpr std::size_t kMostOfTypes = std::size_t{64} << 20U;

Result<bool> knows_function(const RootedDir& root) {
  const auto file = root.open_file(kTypes);
  if (!file) return std::unexpected(file.error());
  NameSearch search(kFunction);
  std::array<char, std::size_t{64} << 10U> piece{};
  for (std::size_t seen = 0; seen < kMostOfTypes;) {
    const ssize_t got = ::read(file->get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(error_from_errno(errno, root.display(kTypes), "read"));
    if (got == 0) break;
    if (search.feed({piece.data(), static_cast<std::size_t>(got)})) return true;
    seen += static_cast<std::size_t>(got);
  }
  return false;
}

class BioIntegrity final : public Holder {
 public:
  BioIntegrity() : Holder("bio-integrity") {}

  Result<std::vector<Level>> read(const RootedDir& root) override {
    // The kernel does not change while it runs.
    if (!has_pool_) {
      const auto knows = knows_function(root);
      if (!knows) return std::unexpected(knows.error());
      has_pool_ = *knows;
    }
    if (!*has_pool_) return fail(Error::Kind::kNotFound, root.display(kTypes), "this kernel has no such reserve");
    return std::vector<Level>{
        {"bio-integrity", kPool, false,
         root.display(kTypes) + " knows bio_integrity_alloc_buf: two buffers of 2 MiB since boot"}};
  }

 private:
  std::optional<bool> has_pool_;
};

}  // namespace

bool NameSearch::feed(std::string_view piece) {
  tail_ += piece;
  if (tail_.find(wanted_) != std::string::npos) return true;
  const std::size_t kept = std::min(tail_.size(), wanted_.size() - 1);
  tail_.erase(0, tail_.size() - kept);
  return false;
}

std::unique_ptr<Holder> make_bio_integrity() { return std::make_unique<BioIntegrity>(); }

}  // namespace leakscope::sources::page_holders
