#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/printable.h"
#include "session/process_look.h"
#include "session/remedies.h"
#include "session/status.h"
#include "sources/process/process_inspection.h"
#include "sources/procfs/host.h"

namespace leakscope::session {
namespace {

using report::Cell;
using report::ColumnKind;
using report::Table;
using sources::process::MappingGroup;
using sources::process::MappingKind;
using sources::process::Occurrence;
using sources::process::ProcessInspection;

/// As long as a source beside the sampler has.
constexpr Nanoseconds kPatience = std::chrono::seconds(2);

Cell cell(const std::optional<std::int64_t>& value) { return value ? Cell(*value) : Cell(); }

std::vector<report::Column> mapping_columns(std::string first_id, std::string first_title) {
  return {{std::move(first_id), std::move(first_title), ColumnKind::kText},
          {"count", "count", ColumnKind::kCount},
          {"size", "size", ColumnKind::kBytes},
          {"rss", "resident", ColumnKind::kBytes},
          {"pss", "PSS", ColumnKind::kBytes},
          {"uss", "USS", ColumnKind::kBytes},
          {"swap", "swap", ColumnKind::kBytes}};
}

std::vector<Cell> mapping_row(std::string name, const MappingGroup& group) {
  return {std::move(name), static_cast<std::int64_t>(group.count),
          group.size,      cell(group.rss),
          cell(group.pss), cell(group.uss),
          cell(group.swap)};
}

/// What smem shows of one process, by kind.
Table kinds_table(const ProcessInspection& process) {
  Table table{.id = "mappings", .title = "mappings by kind", .columns = mapping_columns("kind", "kind")};
  if (!process.mappings) return table;
  for (std::size_t i = 0; i < process.mappings->size(); ++i) {
    const MappingGroup& group = (*process.mappings)[i];
    if (group.count == 0) continue;
    table.rows.push_back(mapping_row(std::string(sources::process::to_string(static_cast<MappingKind>(i))), group));
  }
  if (process.total) table.rows.push_back(mapping_row("total", *process.total));
  return table;
}

/// What pmap -x shows, each path once.
Table paths_table(const ProcessInspection& process, std::size_t most) {
  Table table{.id = "mapped_paths", .title = "largest mappings", .columns = mapping_columns("path", "path")};
  for (const sources::process::MappedPath& mapped : process.mapped_paths) {
    if (table.rows.size() == most) break;
    const std::string name =
        mapped.path.empty() ? fmt::format("[{}]", sources::process::to_string(mapped.kind)) : mapped.path;
    table.rows.push_back(mapping_row(name, mapped.sums));
  }
  table.rows_not_shown = process.mapped_paths.size() - table.rows.size();
  return table;
}

Table heap_table(const ProcessInspection& process) {
  Table table{.id = "heap", .title = "the heap, from outside"};
  table.columns = {{"part", "part", ColumnKind::kText},
                   {"count", "count", ColumnKind::kCount},
                   {"size", "size", ColumnKind::kBytes},
                   {"rss", "resident", ColumnKind::kBytes}};
  if (!process.heap) return table;
  const auto add = [&](std::string part, std::uint64_t count, std::int64_t size,
                       const std::optional<std::int64_t>& rss) {
    if (count > 0) table.rows.push_back({std::move(part), static_cast<std::int64_t>(count), size, cell(rss)});
  };
  if (process.heap->brk) add("[heap] (brk)", process.heap->brk->count, process.heap->brk->size, process.heap->brk->rss);
  add("mappings shaped like glibc arenas (part of anonymous)", process.heap->arenas.count,
      process.heap->arenas.writable, process.heap->arenas.rss);
  add("anonymous mappings", process.heap->anonymous.count, process.heap->anonymous.size, process.heap->anonymous.rss);
  add("stacks of all threads", process.heap->stacks.count, process.heap->stacks.size, process.heap->stacks.rss);
  return table;
}

Table occurrences_table(std::string id, std::string title, std::string column, const std::vector<Occurrence>& all,
                        std::size_t most) {
  Table table{.id = std::move(id), .title = std::move(title)};
  table.columns = {{"what", std::move(column), ColumnKind::kText}, {"count", "count", ColumnKind::kCount}};
  for (const Occurrence& occurrence : all) {
    if (table.rows.size() == most) break;
    table.rows.push_back({occurrence.text, occurrence.count});
  }
  table.rows_not_shown = all.size() - table.rows.size();
  return table;
}

Table facts_table(const ProcessInspection& process) {
  Table table{.id = "process", .title = "by the kernel's counters"};
  table.columns = {{"fact", "", ColumnKind::kText},
                   {"bytes", "bytes", ColumnKind::kBytes},
                   {"count", "count", ColumnKind::kCount},
                   {"text", "", ColumnKind::kText}};
  const auto bytes = [&](const char* name, const std::optional<std::int64_t>& value) {
    if (value) table.rows.push_back({std::string(name), *value, {}, {}});
  };
  const auto count = [&](const char* name, const std::optional<std::int64_t>& value, std::string text = {}) {
    if (value) table.rows.push_back({std::string(name), {}, *value, std::move(text)});
  };
  const auto words = [&](const char* name, const std::string& value) {
    if (!value.empty()) table.rows.push_back({std::string(name), {}, {}, value});
  };
  words("executable", process.executable);
  words("argv[0]", process.argv0);
  words("cgroup", process.cgroup);
  words("unit or container", process.container);
  bytes("resident", process.sizes.vm_rss);
  bytes("highest resident so far", process.sizes.vm_hwm);
  bytes("anonymous", process.sizes.rss_anon);
  bytes("file", process.sizes.rss_file);
  bytes("shared", process.sizes.rss_shmem);
  bytes("swapped out", process.sizes.vm_swap);
  bytes("page tables", process.sizes.vm_pte);
  bytes("address space", process.sizes.vm_size);
  count("threads", process.sizes.threads);
  if (process.descriptors) {
    const auto limit = process.limits.open_files ? process.limits.open_files->soft : std::nullopt;
    count("descriptors", process.descriptors->count, limit ? fmt::format("limit {}", *limit) : std::string{});
    if (process.descriptors->inotify_watches > 0) count("inotify watches", process.descriptors->inotify_watches);
  }
  count("OOM score", process.oom_score);
  return table;
}

std::string headline_of(const ProcessInspection& process) {
  const std::string name = fmt::format("{} ({})", printable(process.comm.view()), process.id.pid.value);
  if (process.kernel_thread) return fmt::format("{} is a kernel thread: it has no memory of its own.", name);
  if (process.sizes.is_zombie())
    return fmt::format("{} has ended; its parent {} has not asked for its exit status.", name, process.parent.value);
  std::string text = fmt::format("{} holds {} resident", name,
                                 process.sizes.vm_rss ? to_human(Bytes(*process.sizes.vm_rss)) : "an unknown amount");
  if (process.total && process.total->uss)
    text += fmt::format(", {} of it its own (USS), {} with its share of the rest (PSS)",
                        to_human(Bytes(*process.total->uss)), to_human(Bytes(process.total->pss.value_or(0))));
  return text + fmt::format(". See whether it grows: leakscope diagnose; what it has lost: leakscope scan {}",
                            process.id.pid.value);
}

}  // namespace

Result<report::Document> process_status(const StatusOptions& options, Pid pid) {
  auto root = RootedDir::open(options.sources.root);
  if (!root) return std::unexpected(std::move(root.error()));
  auto process = look_at_process(options.sources.root, pid, kPatience);
  if (!process) return std::unexpected(std::move(process.error()));
  report::Document document;
  document.command = "status";
  document.host = sources::procfs::read_host(*root).host;
  document.headline = headline_of(*process);
  document.tables = {
      facts_table(*process),
      kinds_table(*process),
      heap_table(*process),
      paths_table(*process, options.rows),
      occurrences_table("descriptors", "descriptors", "refers to", process->descriptor_targets, options.rows),
      occurrences_table("threads", "threads by name", "name", process->thread_names, options.rows)};
  std::erase_if(document.tables, [](const Table& table) { return table.rows.empty(); });
  document.coverage = std::move(process->coverage);
  correct_remedies(document.coverage, viewer_of(*root));
  return document;
}

}  // namespace leakscope::session
