#include "sources/trace_dat/page_feed.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sources/trace_dat/unpack.h"
#include "sources/wire_number.h"

namespace leakscope::sources::trace_dat {

PageFeed::PageFeed(const DatFile& file, const DatHeader& header, const CpuData& data, std::uint32_t page_size,
                   std::size_t block_bytes)
    : file_(&file),
      order_(header.order),
      packing_(header.packing),
      data_(data),
      page_size_(page_size),
      block_bytes_(std::max<std::size_t>(block_bytes / page_size, 1) * page_size),
      at_(std::min(data.offset, file.size())),
      end_(data.size > file.size() - at_ ? file.size() : at_ + data.size) {
  // A file that was cut: the rest of this CPU's data is not there.
  missing_ = data.size - (end_ - at_);
  // The size of packed data does not count what stands before each chunk: only the chunks tell where they end.
  if (data_.packed) end_ = file.size();
}

bool PageFeed::end_early(Error error) {
  const std::uint64_t read = at_ - std::min(data_.offset, at_);
  missing_ = std::max(missing_, data_.size - std::min(data_.size, read));
  error_ = std::move(error);
  ended_ = true;
  return false;
}

std::optional<std::uint32_t> PageFeed::number_at(std::uint64_t offset) {
  std::array<std::byte, 4> bytes{};
  if (offset > end_ || end_ - offset < bytes.size()) return std::nullopt;
  const auto got = file_->read_at(offset, bytes);
  if (!got || *got != bytes.size()) return std::nullopt;
  return load_number<std::uint32_t>(bytes.data(), order_);
}

bool PageFeed::fill_plain() {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(block_bytes_, end_ - at_));
  block_.resize(wanted);
  auto got = wanted > 0 ? file_->read_at(at_, block_) : Result<std::size_t>(std::size_t{0});
  if (!got) return end_early(std::move(got.error()));
  block_.resize(*got);
  at_ += *got;
  if (*got < wanted) missing_ += wanted - *got;
  if (*got == 0) ended_ = true;
  return *got > 0;
}

bool PageFeed::fill_chunk() {
  if (!chunks_left_) {
    chunks_left_ = number_at(at_);
    if (!chunks_left_) {
      ended_ = true;
      return false;
    }
    at_ += 4;
  }
  if (*chunks_left_ == 0) {
    ended_ = true;
    return false;
  }
  --*chunks_left_;
  const auto packed_size = number_at(at_);
  const auto unpacked_size = packed_size ? number_at(at_ + 4) : std::nullopt;
  if (!unpacked_size || *packed_size > kLargestBlock || *packed_size > end_ - at_ - 8) {
    return end_early({Error::Kind::kTruncated, file_->name(), 0, "ends within a packed block", {}});
  }
  packed_.resize(*packed_size);
  auto got = file_->read_at(at_ + 8, packed_);
  if (!got) return end_early(std::move(got.error()));
  if (*got != packed_.size()) {
    return end_early({Error::Kind::kTruncated, file_->name(), 0, "ends within a packed block", {}});
  }
  if (auto done = unpack(packing_, packed_, *unpacked_size, block_, file_->name()); !done) {
    return end_early(std::move(done.error()));
  }
  at_ += 8 + std::uint64_t{*packed_size};
  return true;
}

bool PageFeed::fill() {
  taken_ = 0;
  block_.clear();
  while (!ended_ && block_.empty()) {
    if (!(data_.packed ? fill_chunk() : fill_plain())) return false;
  }
  return !block_.empty();
}

std::optional<std::span<const std::byte>> PageFeed::next() {
  if (taken_ >= block_.size() && (ended_ || !fill())) return std::nullopt;
  const std::size_t length = std::min<std::size_t>(page_size_, block_.size() - taken_);
  const auto page = std::span<const std::byte>(block_).subspan(taken_, length);
  taken_ += length;
  return page;
}

}  // namespace leakscope::sources::trace_dat
