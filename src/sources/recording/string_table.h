#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sources/recording/block_format.h"
#include "sources/recording/byte_stream.h"

namespace leakscope::sources::recording {

/// The strings of a block, each once. Index 0 is the empty string.
class StringTable {
 public:
  StringTable() { clear(); }

  /// The index of the text, which is cut at kMaxStringSize; 0 for all that come after kMaxStrings of them.
  std::uint32_t index(std::string_view text) {
    text = text.substr(0, kMaxStringSize);
    if (const auto found = index_.find(text); found != index_.end()) return found->second;
    if (texts_.size() == kMaxStrings) return 0;
    const auto fresh = static_cast<std::uint32_t>(texts_.size());
    const auto entry = index_.emplace(text, fresh).first;
    texts_.push_back(&entry->first);
    bytes_ += text.size();
    return fresh;
  }
  void encode(std::string& out) const {
    ByteWriter writer(out);
    writer.varint(texts_.size());
    for (const std::string* text : texts_) writer.bytes(*text);
  }
  void clear() {
    index_.clear();
    texts_.clear();
    bytes_ = 0;
    index({});
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_ + texts_.size() * kBytesPerText; }

 private:
  // What a node of the map and its way there take, beside the text.
  static constexpr std::size_t kBytesPerText = 80;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  // Nodes of the map stay where they are, so the texts can be pointed at.
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> index_;
  std::vector<const std::string*> texts_;
  std::size_t bytes_ = 0;
};

}  // namespace leakscope::sources::recording
