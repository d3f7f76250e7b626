#include "sources/slab/slab.h"

#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "sources/slab/cache_table.h"
#include "sources/slab/slabinfo.h"

namespace leakscope::sources::slab {
namespace {

constexpr std::string_view kName = "slabinfo";
constexpr std::string_view kSlabinfo = "proc/slabinfo";
constexpr std::string_view kRemedy = "Run as root: the slab files are mode 0400";

std::vector<model::Coverage> with_attributes(model::Coverage first, const CacheTable& table) {
  std::vector<model::Coverage> entries{std::move(first)};
  if (const auto& error = table.alias_error()) {
    entries.push_back(model::coverage_from_error("slab.aliases", *error));
  }
  if (const auto& error = table.attribute_error()) {
    entries.push_back(model::coverage_from_error(
        "slab.reclaim_account", *error, error->kind == Error::Kind::kDenied ? std::string(kRemedy) : std::string()));
  }
  return entries;
}

class SlabinfoSource final : public Source {
 public:
  SlabinfoSource(RootedDir root, UniqueFd file, PageSize page_size)
      : name_(root.display(kSlabinfo)), file_(std::move(file)), page_size_(page_size), table_(std::move(root)) {}

  SourceInfo info() const override {
    return {.name = kName,
            .period = {.live = std::chrono::seconds(5), .recording = std::chrono::seconds(15)},
            .may_block = true};
  }

  Result<> sample(model::SampleSink& sink) override {
    const auto text = read_whole(file_.get(), buffer_, name_);
    if (!text) return std::unexpected(text.error());
    if (auto parsed = parse_slabinfo(*text, slabinfo_); !parsed) return parsed;
    table_.begin();
    for (const CacheRow& row : slabinfo_.rows) {
      table_.add(row.name, {row.active_objects, row.total_objects, row.object_size, row.bytes(page_size_)});
    }
    table_.finish(sink, slabinfo_.lines_left_out == 0 && !slabinfo_.cut);
    lines_left_out_ += slabinfo_.lines_left_out + (slabinfo_.cut ? 1 : 0);
    lines_ += slabinfo_.rows.size() + slabinfo_.lines_left_out + (slabinfo_.cut ? 1 : 0);
    if (!slabinfo_.problems.empty()) last_problem_ = to_string(slabinfo_.problems.front());
    return {};
  }

  std::vector<model::Coverage> coverage() const override {
    model::Coverage own{.source = std::string(kName), .state = {}, .why = {}, .remedy = {}};
    if (lines_left_out_ > 0) {
      own.state = model::Coverage::State::kPartial;
      own.why = last_problem_.empty() ? "the file ends within a line" : last_problem_;
    }
    return with_attributes(std::move(own), table_);
  }

  std::vector<model::Loss> losses() const override {
    if (lines_left_out_ == 0) return {};
    return {{std::string(kName), "lines that could not be read", lines_left_out_, lines_}};
  }

 private:
  std::string name_;
  UniqueFd file_;
  PageSize page_size_;
  FileBuffer buffer_;
  Slabinfo slabinfo_;
  CacheTable table_;
  std::uint64_t lines_left_out_ = 0;
  std::uint64_t lines_ = 0;
  std::string last_problem_;
};

/// Stands in where /proc/slabinfo may not be read but /sys/kernel/slab may (some containers, older kernels): five
/// files per cache, hence rarely.
class SysfsSlabSource final : public Source {
 public:
  SysfsSlabSource(RootedDir root, RootedDir table_root, PageSize page_size, Error slabinfo_error)
      : root_(std::move(root)),
        page_size_(page_size),
        slabinfo_error_(std::move(slabinfo_error)),
        table_(std::move(table_root)) {}

  SourceInfo info() const override {
    return {.name = kName,
            .period = {.live = std::chrono::seconds(15), .recording = std::chrono::seconds(60)},
            .may_block = true};
  }

  Result<> sample(model::SampleSink& sink) override {
    auto names = root_.list(kSysfsSlab);
    if (!names) return std::unexpected(std::move(names.error()));
    auto aliases = read_aliases(root_);
    if (!aliases) return std::unexpected(std::move(aliases.error()));
    table_.begin();
    bool complete = true;
    for (const std::string& name : *names) {
      // Of a merged cache the first name in the order of the alphabet stands for all.
      const std::string_view directory = aliases->directory_of(name);
      if (name.starts_with(':')) continue;
      if (directory != name && aliases->others(name).size() > 0 && aliases->others(name).front() < name) continue;
      complete &= add(name, directory);
    }
    table_.finish(sink, complete);
    return {};
  }

  std::vector<model::Coverage> coverage() const override {
    return with_attributes({std::string(kName), model::Coverage::State::kPartial,
                            fmt::format("{}; read /sys/kernel/slab instead, less often", to_string(slabinfo_error_)),
                            std::string(kRemedy)},
                           table_);
  }

 private:
  std::optional<std::int64_t> number(std::string_view directory, std::string_view file) {
    const auto text = root_.read(fmt::format("{}/{}/{}", kSysfsSlab, directory, file), buffer_, 64 * 1024);
    return text ? FieldCursor(trim(*text)).next_number<std::int64_t>() : std::nullopt;
  }

  bool add(std::string_view name, std::string_view directory) {
    const auto objects = number(directory, "objects");
    const auto total = number(directory, "total_objects");
    const auto size = number(directory, "slab_size");
    CacheDetails details;
    details.slabs = number(directory, "slabs");
    details.order = number(directory, "order");
    if (!objects || !total || !size) return false;
    table_.add(name, {*objects, *total, Bytes(*size), details.bytes(page_size_)});
    return true;
  }

  RootedDir root_;
  PageSize page_size_;
  Error slabinfo_error_;
  FileBuffer buffer_;
  CacheTable table_;
};

bool sysfs_is_readable(const RootedDir& root) {
  const auto names = root.list(kSysfsSlab);
  if (!names || names->empty()) return false;
  FileBuffer buffer;
  for (const std::string& name : *names) {
    // A symbolic link as a component in the middle is followed, so aliases serve as well.
    if (root.read(fmt::format("{}/{}/total_objects", kSysfsSlab, name), buffer, 64 * 1024)) return true;
    if (name.starts_with(':')) return false;  // all have the same mode: one look is enough
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<Source>> open_slab(const RootedDir& root, PageSize page_size) {
  auto own_root = root.open_dir("");
  if (!own_root) return std::unexpected(std::move(own_root.error()));
  auto file = root.open_file(kSlabinfo);
  if (file) return std::make_unique<SlabinfoSource>(std::move(*own_root), std::move(*file), page_size);

  Error error = std::move(file.error());
  if (sysfs_is_readable(root)) {
    auto table_root = root.open_dir("");
    if (!table_root) return std::unexpected(std::move(table_root.error()));
    return std::make_unique<SysfsSlabSource>(std::move(*own_root), std::move(*table_root), page_size, std::move(error));
  }
  if (error.kind == Error::Kind::kDenied) error.hint = kRemedy;
  return std::unexpected(std::move(error));
}

}  // namespace leakscope::sources::slab
