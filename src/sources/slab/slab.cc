#include "sources/slab/slab.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "sources/line_losses.h"
#include "sources/log_block.h"
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

/// One text of /proc/slabinfo into readings, live or from a log.
class SlabinfoReader {
 public:
  SlabinfoReader(std::optional<RootedDir> root, PageSize page_size) : page_size_(page_size), table_(std::move(root)) {}

  Result<> read(std::string_view text, model::SampleSink& sink, bool may_be_part) {
    if (auto parsed = parse_slabinfo(text, slabinfo_); !parsed) return parsed;
    table_.begin();
    for (const CacheRow& row : slabinfo_.rows) {
      table_.add(row.name, {row.active_objects, row.total_objects, row.object_size, row.bytes(page_size_)});
    }
    table_.finish(sink, !may_be_part && slabinfo_.lines_left_out == 0 && !slabinfo_.cut);
    return {};
  }

  [[nodiscard]] const Slabinfo& last() const { return slabinfo_; }
  [[nodiscard]] const CacheTable& table() const { return table_; }

 private:
  PageSize page_size_;
  Slabinfo slabinfo_;
  CacheTable table_;
};

class SlabinfoSource final : public Source {
 public:
  SlabinfoSource(RootedDir root, UniqueFd file, PageSize page_size)
      : name_(root.display(kSlabinfo)), file_(std::move(file)), reader_(std::move(root), page_size) {}

  SourceInfo info() const override {
    return {.name = kName,
            .period = {.live = std::chrono::seconds(5),
                       .recording = std::chrono::seconds(15),
                       .brief = std::chrono::seconds(2)},
            .may_block = true};
  }

  Result<> sample(model::SampleSink& sink) override {
    const auto text = read_whole(file_.get(), buffer_, name_);
    if (!text) return std::unexpected(text.error());
    if (auto read = reader_.read(*text, sink, false); !read) return read;
    const Slabinfo& slabinfo = reader_.last();
    losses_.add(slabinfo.rows.size(), slabinfo.lines_left_out, slabinfo.cut, slabinfo.problems);
    return {};
  }

  std::vector<model::Coverage> coverage() const override {
    return with_attributes(losses_.coverage(kName), reader_.table());
  }

  std::vector<model::Loss> losses() const override { return losses_.losses(kName); }

 private:
  std::string name_;
  UniqueFd file_;
  FileBuffer buffer_;
  SlabinfoReader reader_;
  LineLosses losses_;
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
      const auto others = aliases->others(name);
      if (directory != name && !others.empty() && others.front() < name) continue;
      complete &= add(name, directory);
    }
    table_.finish(sink, complete);
    return {};
  }

  std::vector<model::Coverage> coverage() const override {
    return with_attributes({std::string(kName), model::Coverage::State::kPartial,
                            fmt::format("{}; read /sys/kernel/slab instead, less often", to_string(slabinfo_error_)),
                            std::string(slabinfo_error_.kind == Error::Kind::kDenied ? kRemedy : "")},
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

bool is_row(std::string_view line) { return line.find(" : tunables ") != std::string_view::npos; }
bool begins_slabinfo(std::string_view line) { return line.starts_with("slabinfo - version") || is_row(line); }
bool belongs_to_slabinfo(std::string_view line) { return line.starts_with("# name") || is_row(line); }

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

std::unique_ptr<LogFormat> slabinfo_log_format(PageSize page_size) {
  // What grep left has no line of column names; what was cut at a line's end has fewer rows than the one before.
  auto reader = [reader = std::make_shared<SlabinfoReader>(std::nullopt, page_size), most = std::ptrdiff_t{0}](
                    std::string_view text, model::SampleSink& sink, ParseFaults& faults) mutable -> Result<> {
    const std::ptrdiff_t lines = std::ranges::count(text, '\n');
    most = std::max(most, lines);
    const bool whole = text.find("# name") != std::string_view::npos && lines >= most - most / 10;
    if (auto read = reader->read(text, sink, !whole); !read) return read;
    for (const Error& problem : reader->last().problems) faults.add(problem);
    if (reader->last().cut) faults.add({Error::Kind::kTruncated, {}, 0, "the text ends within a line", {}});
    return {};
  };
  return std::make_unique<FileBlockFormat>(
      FileBlockFormat::Spec{.name = kName,
                            .begins = begins_slabinfo,
                            .belongs = belongs_to_slabinfo,
                            .head = "slabinfo - version: 2.1\n",
                            .cannot_show = "logs of /proc/slabinfo do not tell which caches are reclaimable"},
      std::move(reader));
}

}  // namespace leakscope::sources::slab
