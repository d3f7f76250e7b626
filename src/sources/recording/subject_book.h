#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/registry.h"
#include "sources/recording/string_table.h"

namespace leakscope::sources::recording {

/// The subjects of a block while it is being filled: which there are, and what was known of them when. The block
/// numbers them on its own, so that it can be read without any other.
class SubjectBook {
 public:
  SubjectBook() { grow(1024); }

  /// The block's number of the subject; nothing when there are more than kMaxSubjects. Allocates nothing once the
  /// tables have grown.
  std::optional<std::uint32_t> touch(model::SubjectId subject);
  /// Of a subject that was touched.
  [[nodiscard]] std::uint32_t number(model::SubjectId subject) const { return buckets_[bucket(subject)]; }
  /// The subject ended: what is known of it by the next note() is final.
  void retire(model::SubjectId subject);
  /// Asks the registry what is known of the subjects by now; what changed since the last time holds from `row` on.
  /// `veil` changes it before it is kept; empty: nothing is changed.
  void note(const model::Registry& registry, std::uint32_t row, StringTable& strings,
            const std::function<void(model::SubjectInfo&)>& veil);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t bytes() const {
    return records_.size() + entries_.size() * sizeof(Entry) + changes_.size() * sizeof(Change) +
           buckets_.size() * sizeof(std::uint32_t);
  }
  [[nodiscard]] std::size_t bytes_held() const {
    return records_.capacity() + entries_.capacity() * sizeof(Entry) + changes_.capacity() * sizeof(Change) +
           buckets_.capacity() * sizeof(std::uint32_t);
  }
  /// Appends the contents of the kSubjects section: all have been noted.
  void encode(std::string& out) const;
  void clear();

 private:
  struct Record {
    std::size_t at = 0;
    std::size_t size = 0;
  };
  struct Entry {
    model::SubjectId subject;
    Record first;
    Record newest;
    bool noted = false;
    bool retired = false;
    bool settled = false;  // nothing new will be known
  };
  struct Change {
    std::uint32_t number = 0;
    std::uint32_t row = 0;
    Record record;
  };
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// Where the subject's number stands, or would.
  [[nodiscard]] std::size_t bucket(model::SubjectId subject) const;
  void grow(std::size_t buckets);
  void describe(const model::SubjectInfo& info, StringTable& strings);
  [[nodiscard]] std::string_view text(Record record) const {
    return std::string_view(records_).substr(record.at, record.size);
  }

  std::vector<Entry> entries_;
  std::vector<Change> changes_;
  // Open addressing, a power of two, at most half full: what it takes depends on the block alone, not on how many
  // subjects there were in all the months before.
  std::vector<std::uint32_t> buckets_;
  std::string records_;
  std::string scratch_;
};

}  // namespace leakscope::sources::recording
