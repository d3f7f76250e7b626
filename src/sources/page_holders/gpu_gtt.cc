#include "sources/page_holders/gpu_gtt.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "sources/page_holders/keyed_number.h"

namespace leakscope::sources::page_holders {
namespace {

constexpr std::string_view kClass = "sys/class/drm";

std::string gtt_file(std::string_view card) { return fmt::format("{}/{}/device/mem_info_gtt_used", kClass, card); }

// "card0", not its connectors "card0-DP-1".
bool is_card(std::string_view name) {
  return name.starts_with("card") && name.size() > 4 && parse_number<unsigned>(name.substr(4)).has_value();
}

class GpuGtt final : public Holder {
 public:
  GpuGtt() : Holder("gpu-gtt") {}

  Result<std::vector<Level>> read(const RootedDir& root) override {
    Bytes total;
    std::size_t cards = 0;
    for (const std::string& name : root.list(kClass).value_or(std::vector<std::string>{})) {
      if (!is_card(name)) continue;
      const auto text = root.read(gtt_file(name), buffer_, 4096);
      if (!text) continue;
      const auto bytes = parse_number<std::int64_t>(trim(*text));
      const auto sum = bytes && *bytes >= 0 ? checked_add(total.count(), *bytes) : std::nullopt;
      if (!sum) return malformed(root.display(gtt_file(name)), 1, "want a number of bytes");
      total = Bytes(*sum);
      ++cards;
    }
    if (cards == 0) return fail(Error::Kind::kNotFound, root.display(kClass), "no card has mem_info_gtt_used");
    const bool counted = keyed_number(root, "proc/vmstat", "nr_gpu_active", buffer_).has_value();
    return std::vector<Level>{{"gpu-gtt", total, counted, root.display(gtt_file("card*"))}};
  }

 private:
  FileBuffer buffer_;
};

}  // namespace

std::unique_ptr<Holder> make_gpu_gtt() { return std::make_unique<GpuGtt>(); }

bool has_gtt_counter(const RootedDir& root) {
  const auto names = root.list(kClass);
  return names && std::ranges::any_of(
                      *names, [&](const std::string& name) { return is_card(name) && root.exists(gtt_file(name)); });
}

}  // namespace leakscope::sources::page_holders
