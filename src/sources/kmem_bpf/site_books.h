#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/profile.h"

namespace leakscope::sources::kmem_bpf {

/// The counters of all sites over time, scaled by what part of the addresses was sampled when they were taken. Bounded:
/// of a long window every second point is forgotten, again and again.
class SiteBooks {
 public:
  static constexpr std::size_t kMostPoints = 240;

  explicit SiteBooks(std::uint32_t sampled_one_in) : factor_(sampled_one_in) {}

  /// As counted since the start, of sampled addresses.
  struct Counts {
    std::uint64_t allocs = 0;
    std::uint64_t frees = 0;
    std::uint64_t unseen_frees = 0;
  };
  /// A moment later than those before; update() then sets what was counted by it.
  void begin_point(double seconds);
  void update(std::size_t site, const Counts& counts);

  /// Sampling is `sampled_one_in` from here on. `forgotten`: live objects of each site that are no longer sampled.
  /// After an update() of all sites with what was counted until then.
  void coarsen(std::uint32_t sampled_one_in, std::span<const std::uint64_t> forgotten);

  /// Of all addresses, as far as can be told from those sampled.
  struct Figures {
    std::uint64_t allocs = 0;
    std::uint64_t frees = 0;
    std::uint64_t unseen_frees = 0;
    std::int64_t held = 0;
  };
  [[nodiscard]] Figures figures(std::size_t site) const;
  /// What the site held at each point.
  [[nodiscard]] std::vector<model::SitePoint> history(std::size_t site, std::int64_t bytes_each) const;
  /// Objects that count as live, sampled ones, all sites together.
  [[nodiscard]] std::uint64_t sampled_live() const;
  [[nodiscard]] std::size_t size() const { return books_.size(); }

 private:
  struct Book {
    Counts counts;      // as counted
    Counts before;      // counted by the last coarsen()
    Counts until_then;  // the same, scaled
    std::uint64_t forgotten = 0;
    std::size_t first_point = 0;
    std::vector<std::int64_t> held;  // scaled, from first_point on
    [[nodiscard]] std::int64_t live() const;
  };
  void thin();

  std::uint64_t factor_;
  std::vector<double> points_;
  std::vector<Book> books_;
};

}  // namespace leakscope::sources::kmem_bpf
