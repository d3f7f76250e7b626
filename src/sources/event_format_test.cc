#include "sources/event_format.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace leakscope::sources {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// "6.1-kmem-kmalloc"
EventFormat real_format(const std::string& name) {
  const std::string text = read_file(fmt::format("{}/event_format/{}.txt", LEAKSCOPE_TESTDATA, name));
  const std::size_t system = name.find('-') + 1;
  auto format = parse_event_format(text, name.substr(system, name.find('-', system) - system), name);
  EXPECT_TRUE(format) << name;
  return format ? *format : EventFormat{};
}

/// A record of an event, field by field.
class Record {
 public:
  Record(const EventFormat& format, ByteOrder order = ByteOrder::kLittle) : format_(&format), order_(order) {
    for (const EventField& field : format.fields) bytes_.resize(std::max(bytes_.size(), field.offset + field.size));
  }
  Record& set(std::string_view name, std::uint64_t value) {
    const EventField* field = format_->field(name);
    EXPECT_NE(field, nullptr) << name;
    if (field == nullptr) return *this;
    for (std::size_t i = 0; i < field->size; ++i) {
      const std::size_t at = order_ == ByteOrder::kLittle ? i : field->size - 1 - i;
      bytes_[field->offset + at] = static_cast<std::byte>(value >> (8 * i));
    }
    return *this;
  }
  Record& append(std::string_view text) {
    for (const char c : text) bytes_.push_back(static_cast<std::byte>(c));
    bytes_.push_back(std::byte{0});
    return *this;
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

 private:
  const EventFormat* format_;
  ByteOrder order_;
  std::vector<std::byte> bytes_;
};

struct Decoded {
  bool good = false;
  model::KmemEvent event;
  std::string cache;
};

Decoded decode(const EventFormat& format, std::span<const std::byte> record, const TraceMachine& machine = {}) {
  const auto decoder = KmemDecoder::make(format, machine);
  EXPECT_TRUE(decoder && *decoder) << format.name;
  Decoded decoded;
  if (!decoder || !*decoder) return decoded;
  model::NameTable names;
  decoded.good = (*decoder)->decode(record, names, decoded.event);
  decoded.cache = std::string(names.name(decoded.event.cache));
  return decoded;
}

TEST(EventFormat, ReadsEveryKernelsDescriptions) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("{}/event_format", LEAKSCOPE_TESTDATA))) {
    const std::string name = entry.path().stem().string();
    const EventFormat format = real_format(name);
    EXPECT_TRUE(name.ends_with(format.name)) << name;
    EXPECT_NE(format.field("common_pid"), nullptr);
    const auto decoder = KmemDecoder::make(format, {});
    ASSERT_TRUE(decoder) << name;
    EXPECT_EQ(decoder->has_value(), format.system != "ftrace") << name;
    ++files;
  }
  EXPECT_GE(files, 20U);
}

TEST(EventFormat, TellsNamesFromTypes) {
  const EventFormat stack = real_format("5.10-ftrace-kernel_stack");
  ASSERT_NE(stack.field("caller"), nullptr);
  EXPECT_EQ(stack.field("caller")->type, "unsigned long[8]");
  EXPECT_EQ(stack.field("caller")->offset, 16U);
  EXPECT_TRUE(stack.field("size")->is_signed);
  const EventFormat alloc = real_format("7.3-kmem-kmem_cache_alloc");
  EXPECT_EQ(alloc.field("name")->type, "__data_loc char[]");
  EXPECT_EQ(alloc.field("ptr")->type, "const void *");
  EXPECT_EQ(alloc.field("bytes_req")->offset, 32U);
  EXPECT_EQ(alloc.field("absent"), nullptr);
}

TEST(EventFormat, SaysWhichLineIsWrong) {
  const auto bad = parse_event_format("name: x\nID: 7\nformat:\n\tfield:int a;\toffset:zero;\tsize:4;\n", "kmem", "f");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().line, 4U);
  EXPECT_FALSE(parse_event_format("name: x\nformat:\n", "kmem", "f"));
  EXPECT_FALSE(parse_event_format("", "kmem", "f"));
  EXPECT_FALSE(parse_event_format("name: x\nID: -1\n", "kmem", "f"));
}

TEST(KmemDecoder, ReadsAnAllocation) {
  const EventFormat format = real_format("6.1-kmem-kmalloc");
  Record record(format);
  record.set("common_pid", 42).set("call_site", 0xffffffff81234567).set("ptr", 0xffff888012345678);
  record.set("bytes_req", 100).set("bytes_alloc", 128);
  const Decoded decoded = decode(format, record.bytes());
  ASSERT_TRUE(decoded.good);
  EXPECT_EQ(decoded.event.tid, Pid{42});
  EXPECT_EQ(decoded.event.call_site, 0xffffffff81234567U);
  EXPECT_EQ(decoded.event.address, 0xffff888012345678U);
  EXPECT_EQ(decoded.event.bytes_requested, 100U);
  EXPECT_EQ(decoded.event.bytes_allocated, 128U);
  EXPECT_EQ(decoded.event.allocator, model::Allocator::kSlab);
  EXPECT_FALSE(decoded.event.is_free);
}

TEST(KmemDecoder, ReadsTheCacheWhereItStands) {
  for (const std::string name :
       {"6.1-kmem-kmem_cache_free", "6.12-kmem-kmem_cache_free", "7.3-kmem-kmem_cache_alloc"}) {
    const EventFormat format = real_format(name);
    Record record(format);
    record.set("ptr", 0x1000);
    record.set("name", record.size() | (std::uint64_t{7} << 16U)).append("dentry");
    const Decoded decoded = decode(format, record.bytes());
    ASSERT_TRUE(decoded.good);
    EXPECT_EQ(decoded.cache, "dentry") << name;
    EXPECT_EQ(decoded.event.is_free, name.ends_with("free"));
  }
}

TEST(KmemDecoder, DoesNotFollowANameOutOfTheRecord) {
  const EventFormat format = real_format("6.1-kmem-kmem_cache_free");
  Record record(format);
  record.set("ptr", 0x1000).set("name", 0xFFFF0010);
  const Decoded decoded = decode(format, record.bytes());
  EXPECT_TRUE(decoded.good);
  EXPECT_EQ(decoded.event.cache, model::kNoName);
}

TEST(KmemDecoder, ReadsANameThatCountsFromItsField) {
  const auto format = parse_event_format(
      "name: kmem_cache_free\nID: 9\n\tfield:unsigned long call_site;\toffset:8;\tsize:8;\n"
      "\tfield:void * ptr;\toffset:16;\tsize:8;\n\tfield:__rel_loc char[] name;\toffset:24;\tsize:4;\n",
      "kmem", "f");
  ASSERT_TRUE(format);
  Record record(*format);
  record.set("ptr", 1).set("name", std::uint64_t{5} << 16U).append("filp");
  EXPECT_EQ(decode(*format, record.bytes()).cache, "filp");
}

TEST(KmemDecoder, LeavesOutFailuresAndShortRecords) {
  const EventFormat format = real_format("5.10-kmem-kmem_cache_alloc_node");
  Record record(format);
  record.set("bytes_req", 100);
  EXPECT_FALSE(decode(format, record.bytes()).good);
  record.set("ptr", 0x1000);
  EXPECT_TRUE(decode(format, record.bytes()).good);
  EXPECT_FALSE(decode(format, record.bytes().first(30)).good);
  EXPECT_FALSE(decode(format, {}).good);
  record.set("bytes_req", ~std::uint64_t{0});
  EXPECT_FALSE(decode(format, record.bytes()).good);
}

TEST(KmemDecoder, MakesAddressesOfFrames) {
  const TraceMachine machine{.order = ByteOrder::kLittle, .long_size = 8, .page_size = PageSize{65536}, .cpus = 1};
  const EventFormat format = real_format("6.1-kmem-mm_page_alloc");
  Record record(format);
  record.set("pfn", 0x1234).set("order", 2).set("gfp_flags", 0xcc0);
  const Decoded kernel = decode(format, record.bytes(), machine);
  ASSERT_TRUE(kernel.good);
  EXPECT_EQ(kernel.event.address, 0x12340000U);
  EXPECT_EQ(kernel.event.order, 2);
  EXPECT_EQ(kernel.event.bytes_allocated, 4U * 65536);
  EXPECT_EQ(kernel.event.allocator, model::Allocator::kPages);
  EXPECT_FALSE(kernel.event.for_user_pages);
  record.set("pfn", ~std::uint64_t{0});
  EXPECT_FALSE(decode(format, record.bytes(), machine).good);
  record.set("pfn", 1).set("order", 200);
  EXPECT_FALSE(decode(format, record.bytes(), machine).good);
}

TEST(KmemDecoder, KnowsPagesOfUsers) {
  const EventFormat format = real_format("5.10-kmem-mm_page_alloc");
  const auto is_user = [&](std::uint64_t gfp) {
    return decode(format, Record(format).set("pfn", 7).set("gfp_flags", gfp).bytes()).event.for_user_pages;
  };
  EXPECT_TRUE(is_user(0x100cca));   // GFP_HIGHUSER_MOVABLE
  EXPECT_TRUE(is_user(0x100cc2));   // GFP_HIGHUSER
  EXPECT_FALSE(is_user(0x100cc0));  // GFP_USER: may be a driver's
  EXPECT_FALSE(is_user(0xcc2));     // vmalloc: GFP_KERNEL with highmem
  EXPECT_FALSE(is_user(0xcc0));     // GFP_KERNEL
}

TEST(KmemDecoder, CountsEveryCpuOfAPerCpuAllocation) {
  const TraceMachine machine{.order = ByteOrder::kLittle, .long_size = 8, .page_size = {}, .cpus = 16};
  const EventFormat old = real_format("5.10-percpu-percpu_alloc_percpu");
  const Decoded first = decode(old, Record(old).set("ptr", 0x60).set("size", 8).bytes(), machine);
  EXPECT_EQ(first.event.bytes_requested, 128U);
  EXPECT_EQ(first.event.bytes_allocated, 128U);
  EXPECT_EQ(first.event.call_site, 0U);
  const EventFormat now = real_format("7.3-percpu-percpu_alloc_percpu");
  const Decoded second = decode(
      now, Record(now).set("ptr", 0x60).set("size", 8).set("bytes_alloc", 136).set("call_site", 5).bytes(), machine);
  EXPECT_EQ(second.event.bytes_requested, 128U);
  EXPECT_EQ(second.event.bytes_allocated, 136U);
  EXPECT_EQ(second.event.call_site, 5U);
  EXPECT_EQ(second.event.allocator, model::Allocator::kPercpu);
}

TEST(KmemDecoder, ReadsA32BitMachineOfTheOtherByteOrder) {
  const auto format = parse_event_format(
      "name: mm_page_alloc\nID: 9\n\tfield:int common_pid;\toffset:4;\tsize:4;\n"
      "\tfield:unsigned long pfn;\toffset:8;\tsize:4;\n\tfield:unsigned int order;\toffset:12;\tsize:4;\n",
      "kmem", "f");
  ASSERT_TRUE(format);
  const TraceMachine machine{.order = ByteOrder::kBig, .long_size = 4, .page_size = PageSize{4096}, .cpus = 1};
  Record record(*format, ByteOrder::kBig);
  record.set("pfn", 0x12345).set("order", 1).set("common_pid", 77);
  const Decoded decoded = decode(*format, record.bytes(), machine);
  ASSERT_TRUE(decoded.good);
  EXPECT_EQ(decoded.event.address, 0x12345000U);
  EXPECT_EQ(decoded.event.tid, Pid{77});
  record.set("pfn", 0xFFFFFFFF);
  EXPECT_FALSE(decode(*format, record.bytes(), machine).good);
}

TEST(KmemDecoder, PassesOverWhatIsNone) {
  const auto make = [](std::string_view name, std::string_view system, std::string_view fields) {
    const auto format = parse_event_format(fmt::format("name: {}\nID: 9\n{}", name, fields), system, "f");
    EXPECT_TRUE(format);
    return KmemDecoder::make(*format, {});
  };
  EXPECT_FALSE(*make("mm_page_free_batched", "kmem", ""));
  EXPECT_FALSE(*make("kmalloc", "other", ""));
  // Before 4.1: the struct's address and no frame.
  EXPECT_FALSE(*make("mm_page_alloc", "kmem", "\tfield:struct page * page;\toffset:8;\tsize:8;\n"));
  EXPECT_FALSE(make("kfree", "kmem", "\tfield:unsigned long call_site;\toffset:8;\tsize:8;\n"));
  EXPECT_FALSE(make("kfree", "kmem",
                    "\tfield:long call_site;\toffset:8;\tsize:8;\n\tfield:void * ptr;\toffset:99999;\tsize:8;\n"));
  EXPECT_FALSE(
      make("kfree", "kmem", "\tfield:long call_site;\toffset:8;\tsize:8;\n\tfield:void * ptr;\toffset:16;\tsize:7;\n"));
}

}  // namespace
}  // namespace leakscope::sources
