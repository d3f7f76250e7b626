#include "sources/logs/byte_stream.h"

#include <archive.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sources/logs/unpacker.h"

namespace leakscope::sources::logs {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20U;
constexpr std::size_t kHead = 512;
constexpr std::size_t kUnpackedPiece = std::size_t{256} << 10U;

Result<std::size_t> read_some(int fd, char* into, std::size_t size, const std::string& name) {
  for (;;) {
    const ssize_t got = ::read(fd, into, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return std::unexpected(error_from_errno(errno, name, "read"));
  }
}

class PlainBytes final : public ByteStream {
 public:
  PlainBytes(UniqueFd fd, std::string name, std::string head)
      : fd_(std::move(fd)), name_(std::move(name)), head_(std::move(head)), buffer_(kPiece) {
    (void)::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }

  Result<std::string_view> next() override {
    if (!head_.empty() && !head_given_) {
      head_given_ = true;
      return std::string_view(head_);
    }
    const auto got = read_some(fd_.get(), buffer_.data(), buffer_.size(), name_);
    if (!got) return std::unexpected(got.error());
    return std::string_view(buffer_.data(), *got);
  }

 private:
  UniqueFd fd_;
  std::string name_;
  std::string head_;
  bool head_given_ = false;
  std::vector<char> buffer_;
};

/// gzip, xz and zstd: one stream, or several behind each other.
class StreamedBytes final : public ByteStream {
 public:
  StreamedBytes(UniqueFd fd, std::string name, std::string head, std::unique_ptr<Unpacker> unpacker)
      : plain_(std::move(fd), name, std::move(head)),
        name_(std::move(name)),
        unpacker_(std::move(unpacker)),
        buffer_(kUnpackedPiece) {}

  Result<std::string_view> next() override {
    std::size_t made = 0;
    while (made == 0 && !done_) {
      if (packed_.empty() && !more_waits_) {
        auto piece = plain_.next();
        if (!piece) return end_with(std::move(piece.error()));
        packed_ = *piece;
        if (packed_.empty() && unpacker_) return end_with(trouble("it was cut"));
        if (packed_.empty()) break;
      }
      if (!unpacker_ && !begin_another()) continue;
      Unpacker::Step step = unpacker_->step(packed_, buffer_);
      packed_.remove_prefix(step.taken);
      made = step.made;
      more_waits_ = !step.ended && made == buffer_.size();
      if (step.ended) unpacker_.reset();
      if (!step.trouble.empty()) {
        trouble_ = trouble(std::move(step.trouble));
        done_ = true;
      }
    }
    if (made > 0) return std::string_view(buffer_.data(), made);
    if (trouble_) return std::unexpected(*std::exchange(trouble_, {}));
    done_ = true;
    return std::string_view{};
  }
  [[nodiscard]] bool was_compressed() const override { return true; }

 private:
  // Behind the end of one: padding, another one, or what nobody can read.
  bool begin_another() {
    packed_.remove_prefix(std::min(packed_.find_first_not_of('\0'), packed_.size()));
    if (packed_.empty()) return false;
    unpacker_ = make_unpacker(packed_);
    if (unpacker_) return true;
    done_ = true;
    trouble_ = trouble("something else follows");
    return false;
  }
  std::unexpected<Error> end_with(Error error) {
    done_ = true;
    return std::unexpected(std::move(error));
  }
  [[nodiscard]] Error trouble(std::string what) const {
    return {Error::Kind::kTruncated, name_, 0, fmt::format("cannot be unpacked further: {}", what), {}};
  }

  PlainBytes plain_;
  std::string name_;
  std::unique_ptr<Unpacker> unpacker_;
  std::string_view packed_;
  std::vector<char> buffer_;
  bool more_waits_ = false;  ///< for room: the last piece was full
  std::optional<Error> trouble_;
  bool done_ = false;
};

struct FreeArchive {
  void operator()(archive* a) const { (void)archive_read_free(a); }
};

/// The rarer ones, by libarchive as a filter alone: its "raw" format gives the unpacked bytes as one entry.
class UnpackedBytes final : public ByteStream {
 public:
  UnpackedBytes(UniqueFd fd, std::string name, std::string head)
      : plain_(std::move(fd), name, std::move(head)), name_(std::move(name)) {}

  Result<std::string_view> next() override {
    if (!archive_) {
      if (auto opened = open(); !opened) {
        done_ = true;
        return std::unexpected(std::move(opened.error()));
      }
    }
    while (!done_) {
      const void* data = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int got = archive_read_data_block(archive_.get(), &data, &size, &offset);
      if (got == ARCHIVE_EOF) break;
      if (got < ARCHIVE_WARN) {
        done_ = true;
        return std::unexpected(trouble());
      }
      if (size > 0) return std::string_view(static_cast<const char*>(data), size);
    }
    done_ = true;
    return std::string_view{};
  }
  [[nodiscard]] bool was_compressed() const override { return true; }

 private:
  Result<> open() {
    archive_.reset(archive_read_new());
    if (!archive_) return fail(Error::Kind::kIo, name_, "no memory to unpack it");
    // Each by name: "all" would take filters that run other programs.
    (void)archive_read_support_filter_bzip2(archive_.get());
    (void)archive_read_support_filter_lzma(archive_.get());
    (void)archive_read_support_filter_lz4(archive_.get());
    (void)archive_read_support_format_raw(archive_.get());
    if (archive_read_open(archive_.get(), this, nullptr, &UnpackedBytes::give, nullptr) != ARCHIVE_OK) {
      return std::unexpected(trouble());
    }
    archive_entry* entry = nullptr;
    const int header = archive_read_next_header(archive_.get(), &entry);
    if (header == ARCHIVE_EOF) {
      done_ = true;
    } else if (header < ARCHIVE_WARN) {
      return std::unexpected(trouble());
    }
    return {};
  }

  static la_ssize_t give(archive* a, void* self, const void** data) {
    auto& stream = *static_cast<UnpackedBytes*>(self);
    const auto piece = stream.plain_.next();
    if (!piece) {
      archive_set_error(a, EIO, "%s", piece.error().what.c_str());
      return ARCHIVE_FATAL;
    }
    *data = piece->data();
    return static_cast<la_ssize_t>(piece->size());
  }

  [[nodiscard]] Error trouble() const {
    const char* words = archive_error_string(archive_.get());
    return {Error::Kind::kTruncated,
            name_,
            0,
            fmt::format("cannot be unpacked further: {}", words == nullptr ? "unknown error" : words),
            {}};
  }

  PlainBytes plain_;
  std::string name_;
  std::unique_ptr<archive, FreeArchive> archive_;
  bool done_ = false;
};

bool is_rarely_compressed(std::string_view head) {
  using namespace std::string_view_literals;
  constexpr auto kMagics = std::to_array<std::string_view>({"BZh"sv, "\x04\x22\x4d\x18"sv, "\x5d\0\0"sv});
  return std::ranges::any_of(kMagics, [&](std::string_view magic) { return head.starts_with(magic); });
}

}  // namespace

Result<std::unique_ptr<ByteStream>> open_bytes(UniqueFd fd, std::string name, std::string head) {
  std::array<char, kHead> more{};
  while (head.size() < kHead) {
    const auto got = read_some(fd.get(), more.data(), kHead - head.size(), name);
    if (!got) return std::unexpected(got.error());
    if (*got == 0) break;
    head.append(more.data(), *got);
  }
  if (auto unpacker = make_unpacker(head))
    return std::make_unique<StreamedBytes>(std::move(fd), std::move(name), std::move(head), std::move(unpacker));
  if (is_rarely_compressed(head))
    return std::make_unique<UnpackedBytes>(std::move(fd), std::move(name), std::move(head));
  return std::make_unique<PlainBytes>(std::move(fd), std::move(name), std::move(head));
}

}  // namespace leakscope::sources::logs
