#include "sources/perf_data/tracing_data.h"

#include <string>

#include <gtest/gtest.h>

#include "sources/perf_data/made_perf_data.h"

namespace leakscope::sources::perf_data {
namespace {

Result<TracingData> parse(std::string_view text) { return parse_tracing_data(std::as_bytes(std::span(text)), "made"); }

TEST(TracingData, HasTheFormats) {
  for (const ByteOrder order : {ByteOrder::kLittle, ByteOrder::kBig}) {
    const auto data = parse(made::tracing_data(order));
    ASSERT_TRUE(data);
    EXPECT_FALSE(data->is_cut);
    EXPECT_EQ(data->order, order);
    EXPECT_EQ(data->long_size, 8U);
    EXPECT_EQ(data->page_size, 4096U);
    ASSERT_EQ(data->formats.size(), 2U);
    EXPECT_EQ(data->formats[0].name, "kmalloc");
    EXPECT_EQ(data->formats[1].id, made::kKfreeId);
  }
}

TEST(TracingData, CutAnywhereKeepsWhatCameBefore) {
  const std::string all = made::tracing_data(ByteOrder::kLittle);
  std::size_t formats = 0;
  for (std::size_t size = 0; size + 13 < all.size(); ++size) {  // without what is not read at its end
    const auto data = parse(std::string_view(all).substr(0, size));
    if (!data) continue;
    EXPECT_TRUE(data->is_cut);
    EXPECT_GE(data->formats.size(), formats);
    formats = data->formats.size();
  }
  EXPECT_EQ(formats, 2U);
}

TEST(TracingData, RefusesWhatIsNone) {
  EXPECT_FALSE(parse(""));
  EXPECT_FALSE(parse("\x17\x08\x44tracing"));
  std::string pages = made::tracing_data(ByteOrder::kLittle);
  pages[16] = 3;  // the size of a page
  EXPECT_FALSE(parse(pages));
}

}  // namespace
}  // namespace leakscope::sources::perf_data
