// docs/metrics.md is made from the table: LEAKSCOPE_ACCEPT=1 rewrites it, otherwise it must be up to date.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/metric.h"

namespace leakscope::model {
namespace {

std::string page() {
  std::string text =
      "# Metrics\n\n"
      "Every quantity that leakscope samples, records and judges: its name in recordings\n"
      "and documents, what it is about, its unit, and the file where a person can look it up. A counter only rises and "
      "starts\n"
      "anew at boot; a gauge is a level. A metric that this kernel does not have, or that may not be read, is absent:\n"
      "never 0.\n";
  std::string_view subject;
  for (const MetricInfo& metric : all_metrics()) {
    if (to_string(metric.subject) != subject) {
      subject = to_string(metric.subject);
      text += fmt::format("\n## {}\n\n| name | unit | kind | source | meaning |\n|---|---|---|---|---|\n", subject);
    }
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", metric.name, to_string(metric.unit),
                        metric.kind == MetricKind::kCounter ? "counter" : "gauge", metric.source, metric.meaning);
  }
  return text;
}

TEST(MetricsPage, IsUpToDate) {
  const auto path = std::filesystem::path(LEAKSCOPE_TESTDATA).parent_path() / "../../docs/metrics.md";
  if (std::getenv("LEAKSCOPE_ACCEPT") != nullptr) std::ofstream(path) << page();
  std::ifstream in(path);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  EXPECT_EQ(text, page()) << "rewrite it: LEAKSCOPE_ACCEPT=1 ./dev test";
}

}  // namespace
}  // namespace leakscope::model
