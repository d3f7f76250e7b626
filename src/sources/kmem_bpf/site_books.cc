#include "sources/kmem_bpf/site_books.h"

#include <algorithm>

namespace leakscope::sources::kmem_bpf {

// Counters are read while programs count: a free may be in and its allocation not yet.
std::int64_t SiteBooks::Book::live() const {
  const std::uint64_t gone = counts.frees + counts.unseen_frees + forgotten;
  return counts.allocs > gone ? static_cast<std::int64_t>(counts.allocs - gone) : 0;
}

void SiteBooks::begin_point(double seconds) {
  if (points_.size() >= kMostPoints) thin();
  points_.push_back(seconds);
}

void SiteBooks::thin() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < points_.size(); i += 2) points_[kept++] = points_[i];
  points_.resize(kept);
  for (Book& book : books_) {
    kept = 0;
    for (std::size_t i = book.first_point % 2; i < book.held.size(); i += 2) book.held[kept++] = book.held[i];
    book.held.resize(kept);
    book.first_point = (book.first_point + 1) / 2;
  }
}

void SiteBooks::update(std::size_t site, const Counts& counts) {
  if (site >= books_.size()) books_.resize(site + 1);
  Book& book = books_[site];
  book.counts = counts;
  if (points_.empty()) return;
  if (book.held.empty()) book.first_point = points_.size() - 1;
  const std::int64_t held = book.live() * static_cast<std::int64_t>(factor_);
  // A second update at one point replaces the first; a point without one stays as it was.
  const std::int64_t last = book.held.empty() ? 0 : book.held.back();
  book.held.resize(points_.size() - book.first_point, last);
  book.held.back() = held;
}

void SiteBooks::coarsen(std::uint32_t sampled_one_in, std::span<const std::uint64_t> forgotten) {
  for (std::size_t i = 0; i < books_.size(); ++i) {
    Book& book = books_[i];
    const Counts& now = book.counts;
    book.until_then.allocs += (now.allocs - book.before.allocs) * factor_;
    book.until_then.frees += (now.frees - book.before.frees) * factor_;
    book.until_then.unseen_frees += (now.unseen_frees - book.before.unseen_frees) * factor_;
    book.before = now;
    if (i < forgotten.size()) book.forgotten += forgotten[i];
  }
  factor_ = sampled_one_in;
}

SiteBooks::Figures SiteBooks::figures(std::size_t site) const {
  if (site >= books_.size()) return {};
  const Book& book = books_[site];
  Figures figures;
  figures.held = book.live() * static_cast<std::int64_t>(factor_);
  figures.unseen_frees = book.until_then.unseen_frees + (book.counts.unseen_frees - book.before.unseen_frees) * factor_;
  const auto gone = static_cast<std::uint64_t>(figures.held) + figures.unseen_frees;
  figures.allocs = book.until_then.allocs + (book.counts.allocs - book.before.allocs) * factor_;
  // After coarsen() the three come from different samples; what is held is the best known, and frees are the rest.
  figures.allocs = std::max(figures.allocs, gone);
  figures.frees = figures.allocs - gone;
  return figures;
}

std::vector<model::SitePoint> SiteBooks::history(std::size_t site, std::int64_t bytes_each) const {
  std::vector<model::SitePoint> history;
  history.reserve(points_.size());
  const Book* book = site < books_.size() ? &books_[site] : nullptr;
  std::int64_t held = 0;
  for (std::size_t i = 0; i < points_.size(); ++i) {
    if (book != nullptr && i >= book->first_point && i - book->first_point < book->held.size()) {
      held = book->held[i - book->first_point];
    }
    history.push_back({points_[i], held * bytes_each, held});
  }
  return history;
}

std::uint64_t SiteBooks::sampled_live() const {
  std::uint64_t live = 0;
  for (const Book& book : books_) live += static_cast<std::uint64_t>(book.live());
  return live;
}

}  // namespace leakscope::sources::kmem_bpf
