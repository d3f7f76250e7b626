#include "sources/logs/exports/exports.h"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "sources/logs/exports/exporter_series.h"
#include "sources/logs/tables/kept_log.h"

namespace leakscope::sources::logs {
namespace {

std::string text_of(const std::string& name) {
  std::ifstream file(std::string(LEAKSCOPE_TESTDATA) + "/exports/" + name);
  EXPECT_TRUE(file.good()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

KeptLog::Kept first_with(const KeptLog& log, const std::string& key) {
  for (const auto& kept : log.moments) {
    if (kept.values.contains(key)) return kept;
  }
  ADD_FAILURE() << key << " was never put";
  return {};
}

TEST(ExporterSeries, OnlyWholeNumbersThatFit) {
  EXPECT_EQ(parse_exporter_value("5.7524224e+07"), 57524224);
  EXPECT_EQ(parse_exporter_value("-1"), -1);
  for (const char* wrong : {"", "NaN", "+Inf", "1e30", "x", "1 "}) EXPECT_FALSE(parse_exporter_value(wrong)) << wrong;
}

TEST(ExporterSeries, NamesThatMeanSomething) {
  for (const char* name : {"node_memory_bytes", "node_memory__bytes", "node_vmstat_"})
    EXPECT_FALSE(meaning_of({name, {}})) << name;
  EXPECT_EQ(meaning_of({"node_memory_SUnreclaim_bytes", {}})->metric, model::Metric::kMeminfoSUnreclaim);
  EXPECT_EQ(meaning_of({"node_memory_Active_anon_bytes", {}})->metric, model::Metric::kMeminfoActiveAnon);
  EXPECT_EQ(meaning_of({"node_vmstat_oom_kill", {}})->metric, model::Metric::kVmstatOomKill);
  EXPECT_FALSE(meaning_of({"node_vmstat_nr_free_pages", {}})) << "pages of a size that is not told";
  EXPECT_EQ(meaning_of({"process_resident_memory_bytes", {{"job", "api"}}})->subject.name, "api");
  EXPECT_FALSE(meaning_of({"process_resident_memory_bytes", {}}));
  EXPECT_FALSE(meaning_of({"process_mem_rss_bytes", {{"pid", "x"}}}));
  EXPECT_FALSE(meaning_of({"http_requests_total", {}}));
}

TEST(Exposition, NodeExporterScrapedInALoop) {
  const auto format = exposition_format();
  KeptLog log(*format);
  log.read(text_of("6.1-x86_64-guest-node_exporter.txt"));
  EXPECT_GT(first_with(log, "meminfo.MemAvailable").values.at("meminfo.MemAvailable"), 0);
  EXPECT_GT(first_with(log, "dentry slab.active_objects").values.at("dentry slab.active_objects"), 0);
  EXPECT_TRUE(log.refused.empty());
}

TEST(Exposition, ASeriesThatComesAgainIsAnotherMoment) {
  const auto format = exposition_format();
  KeptLog log(*format);
  log.read("node_memory_MemFree_bytes 1\nnode_memory_MemFree_bytes 2\nnode_memory_MemFree_bytes 3\n");
  ASSERT_GE(log.moments.size(), 3U);
  EXPECT_EQ(log.moments[2].values.at("meminfo.MemFree"), 3);
}

TEST(Exposition, BelowWithItsTimes) {
  const auto format = exposition_format();
  KeptLog log(*format);
  log.read(text_of("below-openmetrics-made.txt"));
  ASSERT_GE(log.moments.size(), 2U);
  EXPECT_EQ(log.moments[0].time->value, std::chrono::seconds(1795178684));
  EXPECT_EQ(log.moments[0].values.at("web-server process.rss_anon"), 11653120);
  EXPECT_EQ(log.moments[0].values.at("/system.slice cgroup.anon"), 11653120);
  EXPECT_EQ(log.moments[1].values.at("meminfo.MemFree"), 833776000);
}

TEST(Exposition, EscapesAndFaults) {
  const auto format = exposition_format();
  KeptLog log(*format);
  log.read(
      "node_slabinfo_active_objects{slab=\"a\\\"b\\\\c\"} 5 1795178684000\n"
      "node_slabinfo_active_objects{slab=\"open 5\n"
      "node_slabinfo_active_objects{slab=\"x\"} five\n"
      "node_slabinfo_active_objects{slab=\"x\"} NaN\n");
  EXPECT_EQ(log.refused.size(), 2U);
  const auto kept = first_with(log, "a\"b\\c slab.active_objects");
  EXPECT_EQ(kept.time->value, std::chrono::seconds(1795178684)) << "milliseconds";
}

TEST(PrometheusAnswer, OneMachineOfSeveral) {
  const auto format = prometheus_answer_format();
  KeptLog log(*format);
  log.read(text_of("prometheus-range-made.json"));
  ASSERT_GE(log.moments.size(), 2U);
  EXPECT_EQ(log.moments[0].values.at("meminfo.MemAvailable"), 800000000);
  EXPECT_EQ(log.moments[0].values.at("dentry slab.active_objects"), 11172);
  EXPECT_EQ(log.moments[1].values.size(), 1U) << "NaN is a gap";
  ASSERT_FALSE(log.blind_spots.empty());
  EXPECT_NE(log.blind_spots[0].why.find('b'), std::string::npos);
}

TEST(PrometheusAnswer, SaysWhatIsWrong) {
  for (const char* text : {"{\"status\":\"error\"}\n", "{\"status\":\"success\",\"data\":{\"result\":[\n",
                           "{\"status\":\"success\",\"data\":{\"result\":[{\"metric\":5}]}}\n", "{\"status\":]}\n"}) {
    const auto format = prometheus_answer_format();
    KeptLog log(*format);
    log.read(text);
    EXPECT_FALSE(log.refused.empty()) << text;
  }
}

TEST(SadfJson, LevelsWithTheirTimes) {
  const auto format = sadf_json_format();
  KeptLog log(*format);
  const std::string head = text_of("6.1-x86_64-guest-sadf.json");
  const std::size_t cut = head.rfind("},\n\t\t\t\t{");
  ASSERT_NE(cut, std::string::npos);
  log.read(head.substr(0, cut + 1) + "\n]}]}}\n");
  const auto kept = first_with(log, "meminfo.MemAvailable");
  ASSERT_TRUE(kept.time);
  EXPECT_EQ(kept.time->kind, LogTime::Kind::kWall);
  EXPECT_GT(kept.values.at("meminfo.AnonPages"), 0);
  EXPECT_GE(log.moments.size(), 5U);
}

TEST(SadfJson, CutInTheMiddleIsSaid) {
  const auto format = sadf_json_format();
  KeptLog log(*format);
  log.read(text_of("6.1-x86_64-guest-sadf.json"));
  EXPECT_EQ(log.refused.size(), 1U);
}

TEST(AtopLines, MachineAndProcesses) {
  const auto format = atop_format();
  KeptLog log(*format);
  log.read(
      "RESET\n"
      "MEM guest 1795179179 2026/11/20 12:52:59 32 4096 240761 216858 5796 0 4341 0 2345 0 95 0 0 2097152 0\n"
      "SWP guest 1795179179 2026/11/20 12:52:59 32 4096 100 90 0 23410 120380 0 0 0\n"
      "PRM guest 1795179179 2026/11/20 12:52:59 32 140 (web (1) server) S 4096 2584 932 76 0 0 361 13 15 23 13 7 1 y "
      "0\n"
      "PRM guest 1795179179 2026/11/20 12:52:59 32 2 (kthreadd) S 4096 0 0 0 0 0 0 0 0 0 0 0 2 y 0 0\n"
      "PRM guest 1795179179 2026/11/20 12:52:59 32 9 (x) S 4096 no\n"
      "SEP\n"
      "MEM guest 1795179183 2026/11/20 12:53:03 4 4096 240761 214090 6740 0 4498 0 2453 0 95 0 0 2097152 0\n");
  ASSERT_GE(log.moments.size(), 2U);
  const auto& values = log.moments[0].values;
  EXPECT_EQ(values.at("meminfo.MemFree"), 216858 * 4096);
  EXPECT_EQ(values.at("meminfo.SUnreclaim"), (4341 - 2345) * 4096);
  EXPECT_EQ(values.at("tools.free_and_cache"), (216858 + 5796 + 2345) * 4096);
  EXPECT_EQ(values.at("meminfo.SwapFree"), 90 * 4096);
  EXPECT_EQ(values.at("web (1) server process.rss"), 932 * 1024);
  EXPECT_EQ(values.at("web (1) server process.swap"), 7 * 1024);
  EXPECT_EQ(values.count("kthreadd process.rss"), 0U);
  EXPECT_EQ(log.refused.size(), 1U);
  EXPECT_EQ(log.moments[1].time->value, std::chrono::seconds(1795179183));
}

}  // namespace
}  // namespace leakscope::sources::logs
