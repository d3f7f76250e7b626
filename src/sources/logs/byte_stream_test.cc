#include "sources/logs/byte_stream.h"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include <gtest/gtest.h>

#include "sources/logs/made_log.h"

namespace leakscope::sources::logs {
namespace {

std::string gzip_of(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  std::string copy(text);
  stream.next_in = reinterpret_cast<Bytef*>(copy.data());
  stream.avail_in = static_cast<uInt>(copy.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  (void)deflateEnd(&stream);
  return packed;
}

std::string xz_of(std::string_view text) {
  std::string packed(lzma_stream_buffer_bound(text.size()), '\0');
  std::size_t size = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()),
                                    text.size(), reinterpret_cast<std::uint8_t*>(packed.data()), &size, packed.size()),
            LZMA_OK);
  packed.resize(size);
  return packed;
}

std::string zstd_of(std::string_view text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  return packed;
}

struct Form {
  std::string name;
  std::string (*pack)(std::string_view text);
  std::size_t whole = 0;  ///< bytes that are unpacked together or not at all
};

class Compressed : public testing::TestWithParam<Form> {
 protected:
  [[nodiscard]] static std::string pack(std::string_view text) { return GetParam().pack(text); }
};

struct Read {
  std::string text;
  std::optional<Error> failure;
};

Read read_all(const std::string& packed) {
  const auto bytes = bytes_of(packed);
  EXPECT_TRUE(bytes->was_compressed());
  Read read;
  for (;;) {
    const auto piece = bytes->next();
    if (!piece) {
      read.failure = piece.error();
      const auto after = bytes->next();
      EXPECT_TRUE(after && after->empty()) << "an error ends the stream";
      return read;
    }
    if (piece->empty()) return read;
    read.text += *piece;
  }
}

std::string numbers(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "free " + std::to_string(static_cast<unsigned>(i) * 2654435761U) + "\n";
  return text;
}

TEST_P(Compressed, GivesAll) {
  for (const int count : {0, 1, 30'000}) {
    const Read read = read_all(pack(numbers(count)));
    EXPECT_EQ(read.text, numbers(count));
    EXPECT_FALSE(read.failure) << read.failure->what;
  }
}

TEST_P(Compressed, GivesSeveralBehindEachOther) {
  const std::string two = pack("one\n") + pack("") + pack("two\n");
  EXPECT_EQ(read_all(two).text, "one\ntwo\n");
  EXPECT_EQ(read_all(two + std::string(512, '\0')).text, "one\ntwo\n");
  EXPECT_FALSE(read_all(two + std::string(512, '\0')).failure);
  const Read more = read_all(two + "what is this");
  EXPECT_EQ(more.text, "one\ntwo\n");
  ASSERT_TRUE(more.failure);
}

TEST_P(Compressed, GivesOfACutFileWhatThereIs) {
  const std::string text = numbers(20'000);  // 300 KiB
  const std::string packed = pack(text);
  std::size_t before = 0;
  for (std::size_t size = 6; size < packed.size(); size += 5003) {
    const Read read = read_all(packed.substr(0, size));
    ASSERT_TRUE(read.failure) << size;
    EXPECT_EQ(read.failure->kind, Error::Kind::kTruncated);
    EXPECT_TRUE(text.starts_with(read.text)) << size;
    EXPECT_GE(read.text.size(), before) << size;
    before = read.text.size();
  }
  const Read read = read_all(packed.substr(0, packed.size() - 30));
  EXPECT_GT(read.text.size(), text.size() - 1000 - GetParam().whole);
}

TEST_P(Compressed, SurvivesDamage) {
  const std::string packed = pack(numbers(3000));
  for (std::size_t at = 8; at < packed.size(); at += 101) {
    std::string damaged = packed;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    EXPECT_LE(read_all(damaged).text.size(), std::size_t{64} << 20U) << at;
  }
}

// All of a cut file may have been taken in while some of its text still waits for room in the piece that is given out.
TEST(ByteStream, GivesWhatWaitsForRoomAtACut) {
  const std::string text = numbers(18'000);  // 270 KiB, a little more than one piece
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  std::string packed(ZSTD_compressBound(text.size()) + 4096, '\0');
  ZSTD_outBuffer out{packed.data(), packed.size(), 0};
  constexpr std::size_t kBlock = 100'000;
  for (std::size_t at = 0; at < text.size(); at += kBlock) {
    const std::size_t size = std::min(kBlock, text.size() - at);
    ZSTD_inBuffer in{text.data() + at, size, 0};
    ASSERT_EQ(ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_flush), 0U);
  }
  packed.resize(out.pos);
  const Read read = read_all(packed);
  EXPECT_TRUE(read.failure);
  EXPECT_EQ(read.text.size(), text.size());
  EXPECT_TRUE(read.text == text);
}

INSTANTIATE_TEST_SUITE_P(Of, Compressed,
                         testing::Values(Form{"gzip", gzip_of, 0}, Form{"xz", xz_of, 0},
                                         Form{"zstd", zstd_of, 128U << 10U}),
                         [](const auto& form) { return form.param.name; });

}  // namespace
}  // namespace leakscope::sources::logs
