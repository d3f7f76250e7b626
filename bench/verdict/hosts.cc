#include "verdict/hosts.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace leakscope::bench::verdict {

std::vector<Host> read_hosts(const std::string& folder) {
  std::vector<Host> hosts;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".csv") continue;
    Host host{entry.path().stem().string(), {}};
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      const std::size_t comma = line.find(',');
      if (comma == std::string::npos) continue;
      const auto seconds = std::strtoll(line.c_str(), nullptr, 10);
      const double percent = std::strtod(line.c_str() + comma + 1, nullptr);
      host.series.push_back({BootTime{std::chrono::seconds(seconds)}, std::llround(percent * 1000)});
    }
    if (!host.series.empty()) hosts.push_back(std::move(host));
  }
  std::sort(hosts.begin(), hosts.end(), [](const Host& a, const Host& b) { return a.name < b.name; });
  return hosts;
}

}  // namespace leakscope::bench::verdict
