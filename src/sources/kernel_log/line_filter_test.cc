#include "sources/kernel_log/line_filter.h"

#include <string>

#include <gtest/gtest.h>

#include "sources/kernel_log/memory_message.h"

namespace leakscope::sources::kernel_log {
namespace {

TEST(LineFilter, LetsEveryKnownPhrasePassWhereverItStands) {
  std::vector<std::string_view> phrases(memory_phrases().begin(), memory_phrases().end());
  for (const std::string_view more :
       {"Linux version ", "callbacks suppressed", "printk messages dropped", "Killed process ", "Kill process ",
        "Mem-Info:", "Tasks state (memory values in pages):", " killed as a result of limit of ",
        "Memory cgroup stats for ", "oom_reaper: reaped process", "Unreclaimable slab info:",
        "active_anon:1 inactive_anon:2", "kB min:8kB low:9kB high:9kB active_anon:0kB", "memory: usage 8kB, limit 8kB",
        "swapents oom_score_adj name", "HugeTLB: allocating 5 of page size 2 failed", "hugetlb: only allocated"}) {
    phrases.push_back(more);
  }
  for (const std::string_view phrase : phrases) {
    for (std::size_t before = 0; before < 40; ++before) {
      const std::string line = std::string(before, '.') + std::string(phrase);
      EXPECT_TRUE(may_speak_of_memory(line)) << phrase << " behind " << before;
      EXPECT_TRUE(may_speak_of_memory(line + std::string(before, '.'))) << phrase << " around " << before;
    }
  }
}

TEST(LineFilter, StopsWhatIsNotAboutMemory) {
  for (const std::string_view line :
       {"", "abc", "[    1.338231] EXT4-fs (vda): mounted filesystem r/w without journal. Quota mode: none.",
        "Aug 12 03:54:03 db-17 kernel: usb 1-1: new high-speed USB device number 5 using xhci_hcd",
        "Aug 12 03:54:03 db-17 kernel: IN=eth0 OUT= MAC=00:11:22 SRC=10.0.0.1 DST=10.0.0.2 LEN=40 TTL=64"}) {
    EXPECT_FALSE(may_speak_of_memory(line)) << line;
  }
}

TEST(LineFilter, ReadsNothingBeyondTheLine) {
  const std::string text = "xxxx Out of memory";
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_EQ(may_speak_of_memory(std::string_view(text).substr(0, length)), length >= 17) << length;
  }
}

}  // namespace
}  // namespace leakscope::sources::kernel_log
