#include "sources/page_holders/zfs_arc.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::page_holders {
namespace {

constexpr std::string_view kArcstats = "proc/spl/kstat/zfs/arcstats";
constexpr std::string_view kAbdstats = "proc/spl/kstat/zfs/abdstats";

constexpr std::array<std::pair<std::string_view, std::optional<Bytes> ZfsKstat::*>, 5> kFields{{
    {"size", &ZfsKstat::size},
    {"data_size", &ZfsKstat::data_size},
    {"metadata_size", &ZfsKstat::metadata_size},
    {"scatter_data_size", &ZfsKstat::scatter_data_size},
    {"scatter_chunk_waste", &ZfsKstat::scatter_chunk_waste},
}};

Bytes sum(std::optional<Bytes> a, std::optional<Bytes> b) {
  const auto total = checked_add(a.value_or(Bytes()).count(), b.value_or(Bytes()).count());
  return Bytes(total.value_or(INT64_MAX));
}

class ZfsArc final : public Holder {
 public:
  ZfsArc() : Holder("zfs-arc") {}

  Result<std::vector<Level>> read(const RootedDir& root) override {
    const auto text = root.read(kArcstats, buffer_);
    if (!text) return std::unexpected(text.error());
    const auto arc = parse_zfs_kstat(*text);
    if (!arc) return std::unexpected(arc.error());
    if (!arc->size) return malformed(root.display(kArcstats), 0, "want a line 'size <type> <bytes>'");

    Bytes pages = sum(arc->data_size, arc->metadata_size);
    const auto abd_text = root.read(kAbdstats, buffer_);
    const auto abd = abd_text ? parse_zfs_kstat(*abd_text) : Result<ZfsKstat>(ZfsKstat{});
    if (abd && abd->scatter_data_size) pages = sum(abd->scatter_data_size, abd->scatter_chunk_waste);
    pages = std::min(pages, *arc->size);
    const std::string detail = fmt::format("{} size", root.display(kArcstats));
    return std::vector<Level>{{"zfs-arc", pages, false, detail},
                              {"zfs-arc-slab", *arc->size - pages, true, detail + ", the part in slab caches"}};
  }

 private:
  FileBuffer buffer_;
};

}  // namespace

Result<ZfsKstat> parse_zfs_kstat(std::string_view text) {
  constexpr std::string_view kFile = "/proc/spl/kstat/zfs";
  ZfsKstat out;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) return fail(Error::Kind::kTruncated, std::string(kFile), "ends within a line");
    FieldCursor fields(*line);
    const auto name = fields.next();
    if (!name) continue;
    const auto* const field = std::ranges::find(kFields, *name, [](const auto& entry) { return entry.first; });
    if (field == kFields.end()) continue;
    (void)fields.next();  // the type
    const auto value = fields.next_number<std::int64_t>();
    if (!value || *value < 0) {
      return malformed(std::string(kFile), lines.number(), fmt::format("want '{} <type> <bytes>'", *name));
    }
    out.*field->second = Bytes(*value);
  }
  return out;
}

std::unique_ptr<Holder> make_zfs_arc() { return std::make_unique<ZfsArc>(); }

}  // namespace leakscope::sources::page_holders
