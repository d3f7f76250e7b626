#include "render/pprof/pprof.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>

#include <gtest/gtest.h>

#include "base/printable.h"
#include "render/pprof/gzip.h"
#include "render/pprof/protobuf.h"
#include "report/testing/sample_documents.h"

namespace leakscope::render::pprof {
namespace {

using report::Document;

std::string gunzip(std::string_view bytes) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::array<char, 4096> block{};
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    result = inflate(&stream, Z_NO_FLUSH);
    out.append(block.data(), block.size() - stream.avail_out);
  }
  EXPECT_EQ(result, Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0U);
  inflateEnd(&stream);
  return out;
}

/// A message as its fields: numbers and byte strings by field, in order.
struct Decoded {
  std::map<std::uint32_t, std::vector<std::uint64_t>> numbers;
  std::map<std::uint32_t, std::vector<std::string>> texts;

  std::uint64_t number(std::uint32_t field) const {
    const auto found = numbers.find(field);
    return found == numbers.end() ? 0 : found->second.back();
  }
};

std::optional<std::uint64_t> take_varint(std::string_view& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

Decoded decode(std::string_view in) {
  Decoded out;
  while (!in.empty()) {
    const auto key = take_varint(in);
    const auto value = take_varint(in);
    if (!key || !value || (*key & 7U) % 2 != 0) {
      ADD_FAILURE() << "not the wire format";
      return out;
    }
    const auto field = static_cast<std::uint32_t>(*key >> 3U);
    if ((*key & 7U) == 0) {
      out.numbers[field].push_back(*value);
    } else if (*value > in.size()) {
      ADD_FAILURE() << "a field is longer than its message";
      return out;
    } else {
      out.texts[field].emplace_back(in.substr(0, *value));
      in.remove_prefix(*value);
    }
  }
  return out;
}

std::vector<std::int64_t> unpacked(std::string_view in) {
  std::vector<std::int64_t> out;
  while (!in.empty()) {
    const auto value = take_varint(in);
    if (!value) break;
    out.push_back(static_cast<std::int64_t>(*value));
  }
  return out;
}

/// What a reader of profile.proto makes of it.
struct Reader {
  explicit Reader(const Document& document) : profile(decode(gunzip(to_pprof(document).value()))) {
    for (const std::string& text : profile.texts[5]) {
      const Decoded function = decode(text);
      functions[function.number(1)] = string(function.number(2));
      files[function.number(1)] = string(function.number(4));
    }
    for (const std::string& text : profile.texts[3]) {
      const Decoded mapping = decode(text);
      mappings[mapping.number(1)] = string(mapping.number(5));
    }
    for (const std::string& text : profile.texts[4]) {
      const Decoded location = decode(text);
      locations[location.number(1)] = location;
    }
  }

  std::string string(std::uint64_t index) const { return profile.texts.at(6).at(index); }

  /// "acct_add_rule nf_acct_ng", "seq_open [kernel.kallsyms] fs/seq_file.c:573".
  std::string place(std::uint64_t id) const {
    const Decoded& location = locations.at(id);
    std::string out;
    if (location.texts.contains(4)) {
      const Decoded line = decode(location.texts.at(4).front());
      out = functions.at(line.number(1));
      if (location.number(2) != 0) out += " " + mappings.at(location.number(2));
      if (!files.at(line.number(1)).empty())
        out += " " + files.at(line.number(1)) + ":" + std::to_string(line.number(2));
    } else {
      out = "at " + std::to_string(location.number(3));
    }
    return out;
  }

  std::map<std::string, std::string> labels(const Decoded& sample) const {
    std::map<std::string, std::string> out;
    if (!sample.texts.contains(3)) return out;
    for (const std::string& text : sample.texts.at(3)) {
      const Decoded label = decode(text);
      out[string(label.number(1))] = label.number(2) != 0
                                         ? string(label.number(2))
                                         : std::to_string(label.number(3)) + " " + string(label.number(4));
    }
    return out;
  }

  Decoded profile;
  std::map<std::uint64_t, std::string> functions;
  std::map<std::uint64_t, std::string> files;
  std::map<std::uint64_t, std::string> mappings;
  std::map<std::uint64_t, Decoded> locations;
};

TEST(Pprof, ValuesAreThoseOfAHeapProfile) {
  const Reader reader(report::testing::kernel_trace());
  std::vector<std::string> types;
  for (const std::string& text : reader.profile.texts.at(1)) {
    const Decoded type = decode(text);
    types.push_back(reader.string(type.number(1)) + "/" + reader.string(type.number(2)));
  }
  EXPECT_EQ(types, (std::vector<std::string>{"alloc_objects/count", "alloc_space/bytes", "inuse_objects/count",
                                             "inuse_space/bytes"}));
  EXPECT_EQ(reader.string(reader.profile.number(14)), "inuse_space");
  EXPECT_EQ(reader.string(0), "");
}

TEST(Pprof, ASiteIsASampleWithItsStackInnermostFirst) {
  const Document doc = report::testing::kernel_trace();
  const Reader reader(doc);
  ASSERT_EQ(reader.profile.texts.at(2).size(), doc.profile->sites.size());
  const Decoded sample = decode(reader.profile.texts.at(2).front());
  EXPECT_EQ(unpacked(sample.texts.at(2).front()),
            (std::vector<std::int64_t>{10'204, 10'204 * 4096, 10'189, doc.profile->sites.front().bytes}));
  std::vector<std::string> stack;
  for (const std::int64_t id : unpacked(sample.texts.at(1).front())) {
    stack.push_back(reader.place(static_cast<std::uint64_t>(id)));
  }
  EXPECT_EQ(stack,
            (std::vector<std::string>{
                "acct_add_rule nf_acct_ng", "acct_ioctl nf_acct_ng", "__x64_sys_ioctl [kernel.kallsyms] fs/ioctl.c:870",
                "do_syscall_64 [kernel.kallsyms] arch/x86/entry/common.c:80",
                "entry_SYSCALL_64_after_hwframe [kernel.kallsyms] arch/x86/entry/entry_64.S:121"}));
  EXPECT_EQ(reader.labels(sample), (std::map<std::string, std::string>{{"site", site_id(doc.profile->sites.front())},
                                                                       {"state", "growing"},
                                                                       {"allocator", "slab"},
                                                                       {"cache", "kmalloc-4k"},
                                                                       {"bytes", "4095 bytes"}}));
}

TEST(Pprof, CodeWithoutNameHasItsAddress) {
  const Reader reader(report::testing::kernel_trace());
  const Decoded sample = decode(reader.profile.texts.at(2).at(3));
  const std::vector<std::int64_t> stack = unpacked(sample.texts.at(1).front());
  ASSERT_EQ(stack.size(), 2U);
  EXPECT_EQ(reader.place(static_cast<std::uint64_t>(stack[0])), "at " + std::to_string(0xffffffffc0712345));
  EXPECT_EQ(reader.mappings.at(reader.locations.at(static_cast<std::uint64_t>(stack[0])).number(2)), "vendor_blob");
  EXPECT_EQ(reader.place(static_cast<std::uint64_t>(stack[1])), "[unknown]");
  for (const auto& [id, location] : reader.locations) {
    EXPECT_TRUE(location.number(3) == 0 || !location.texts.contains(4)) << reader.place(id);
  }
}

TEST(Pprof, TheKernelIsWhatWasWatched) {
  const Reader reader(report::testing::kernel_trace());
  EXPECT_EQ(reader.string(decode(reader.profile.texts.at(3).front()).number(5)), "[kernel.kallsyms]");
  EXPECT_EQ(reader.profile.texts.at(3).size(), 3U);
}

TEST(Pprof, TimeSamplingAndWhatItCannotSeeAreSaid) {
  Document doc = report::testing::kernel_trace();
  doc.profile->sampled_one_in = 16;
  const Reader reader(doc);
  EXPECT_EQ(reader.profile.number(9), static_cast<std::uint64_t>(doc.profile->start->since_epoch.count()));
  EXPECT_EQ(reader.profile.number(10), 60'000'000'000U);
  EXPECT_EQ(reader.profile.number(12), 16U);
  std::string comments;
  for (const std::int64_t index : unpacked(reader.profile.texts.at(13).front())) {
    comments += reader.string(static_cast<std::uint64_t>(index)) + "\n";
  }
  EXPECT_EQ(comments,
            "kernel memory taken in 60 s and not given back\n"
            "bytes as allocated\n"
            "sampled: 1 address in 16, scaled up\n"
            "not seen: bulk frees (absent): this kernel lets nobody attach to them\n"
            "lost: kmem events: 12 of 913002 allocations that found the table full\n");
}

TEST(Pprof, NoProfileIsAnErrorAndNoSitesIsAProfile) {
  const auto none = to_pprof(report::testing::clean());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, Error::Kind::kUsage);
  Document empty;
  empty.profile.emplace();
  const Reader reader(empty);
  EXPECT_FALSE(reader.profile.texts.contains(2));
}

TEST(Pprof, EveryIdThatIsReferredToExistsWhateverTheNames) {
  for (const std::string& name : report::testing::hostile_texts()) {
    const Document doc = report::testing::with_every_field(name);
    const Reader reader(doc);
    std::set<std::string> seen;
    for (const std::string& text : reader.profile.texts.at(6)) {
      EXPECT_TRUE(seen.insert(text).second) << text;
      // Escaped already: no control characters, and UTF-8, as proto3 demands of strings.
      EXPECT_TRUE(std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
    }
    for (const std::string& text : reader.profile.texts.at(2)) {
      const Decoded sample = decode(text);
      EXPECT_EQ(unpacked(sample.texts.at(2).front()).size(), 4U);
      for (const std::int64_t id : unpacked(sample.texts.at(1).front())) {
        EXPECT_FALSE(reader.place(static_cast<std::uint64_t>(id)).empty());
      }
      (void)reader.labels(sample);
    }
  }
}

TEST(Pprof, TheSameAnswerGivesTheSameFile) {
  EXPECT_EQ(to_pprof(report::testing::kernel_trace()).value(), to_pprof(report::testing::kernel_trace()).value());
}

TEST(Protobuf, WritesVarintsAsTheirDocumentationDoes) {
  Message message;
  message.integer(1, std::uint64_t{150});
  EXPECT_EQ(message.written(), "\x08\x96\x01");
  message.integer(1, std::uint64_t{0});
  EXPECT_EQ(message.written().size(), 3U);
  Message negative;
  negative.integer(1, std::int64_t{-2});
  EXPECT_EQ(negative.written(), "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  Message text;
  text.bytes(2, "testing");
  EXPECT_EQ(text.written(), "\x12\x07testing");
  Message packed;
  packed.packed(4, std::to_array<std::int64_t>({3, 270, 86942}));
  EXPECT_EQ(packed.written(), "\x22\x06\x03\x8e\x02\x9e\xa7\x05");
}

TEST(Gzip, GivesBackWhatWentIn) {
  for (const std::size_t size : {0U, 1U, 65'536U, 300'000U}) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>((i * i) >> 3U);
    EXPECT_EQ(gunzip(gzip(text).value()), text);
  }
}

}  // namespace
}  // namespace leakscope::render::pprof
