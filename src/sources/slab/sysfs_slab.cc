#include "sources/slab/sysfs_slab.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text_cursor.h"

namespace leakscope::sources::slab {
namespace {

std::string below(std::string_view directory, std::string_view file) {
  return fmt::format("{}/{}/{}", kSysfsSlab, directory, file);
}

// Reads the attributes of one directory and remembers whether any of them could be read.
class Attributes {
 public:
  Attributes(const RootedDir& root, std::string_view directory) : root_(root), directory_(directory) {}

  std::optional<std::string> text(std::string_view file) {
    const auto read = root_.read(below(directory_, file), buffer_, 64 * 1024);
    if (!read) {
      if (!error_ || read.error().kind == Error::Kind::kDenied) error_ = read.error();
      return std::nullopt;
    }
    any_ = true;
    return std::string(trim(*read));
  }

  // "13 N0=13": the first number is the sum over the nodes.
  std::optional<std::int64_t> number(std::string_view file) {
    const auto content = text(file);
    return content ? FieldCursor(*content).next_number<std::int64_t>() : std::nullopt;
  }

  std::optional<Bytes> bytes(std::string_view file) {
    const auto value = number(file);
    if (!value) return std::nullopt;
    return Bytes(*value);
  }

  [[nodiscard]] bool any() const { return any_; }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  const RootedDir& root_;
  std::string directory_;
  FileBuffer buffer_;
  bool any_ = false;
  std::optional<Error> error_;
};

bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

}  // namespace

void AliasMap::add(std::string name, std::string unique_id) {
  names_by_id_[unique_id].push_back(name);
  id_by_name_.insert_or_assign(std::move(name), std::move(unique_id));
}

void AliasMap::sort() {
  for (auto& [id, names] : names_by_id_) std::ranges::sort(names);
}

std::vector<std::string_view> AliasMap::others(std::string_view name) const {
  std::vector<std::string_view> result;
  const auto id = id_by_name_.find(std::string(name));
  if (id == id_by_name_.end()) return result;
  for (const std::string& other : names_by_id_.at(id->second)) {
    if (other != name) result.push_back(other);
  }
  return result;
}

std::string_view AliasMap::directory_of(std::string_view name) const {
  const auto id = id_by_name_.find(std::string(name));
  return id == id_by_name_.end() ? name : std::string_view(id->second);
}

Result<AliasMap> read_aliases(const RootedDir& root) {
  auto names = root.list(kSysfsSlab);
  if (!names) return std::unexpected(std::move(names.error()));
  AliasMap aliases;
  for (std::string& name : *names) {
    if (name.starts_with(':')) continue;
    auto target = root.read_link(fmt::format("{}/{}", kSysfsSlab, name));
    // An error means a directory: a cache that was not merged.
    if (target && is_plain_name(*target)) aliases.add(std::move(name), std::move(*target));
  }
  aliases.sort();
  return aliases;
}

std::string describe_aliases(const AliasMap& aliases, std::string_view name) {
  const auto wanted = sysfs_name(name);
  const auto others = wanted ? aliases.others(*wanted) : std::vector<std::string_view>{};
  return others.empty() ? std::string() : fmt::format("also: {}", fmt::join(others, ", "));
}

std::optional<Bytes> CacheDetails::bytes(PageSize page_size) const {
  if (!slabs || !order || *order < 0 || *order > 20) return std::nullopt;
  const auto pages = checked_mul(*slabs, std::int64_t{1} << *order);
  const auto total = pages ? checked_mul(*pages, page_size.bytes) : std::nullopt;
  if (!total) return std::nullopt;
  return Bytes(*total);
}

Result<CacheDetails> read_cache_details(const RootedDir& root, std::string_view name) {
  const auto wanted = sysfs_name(name);
  if (!wanted) return fail(Error::Kind::kNotFound, std::string(name), "is no name of a slab cache");
  const std::string entry = fmt::format("{}/{}", kSysfsSlab, *wanted);
  if (!root.exists(entry)) {
    return fail(Error::Kind::kNotFound, root.display(entry), "no such slab cache");
  }
  CacheDetails details;
  details.directory = *wanted;
  if (const auto target = root.read_link(entry); target && is_plain_name(*target)) details.directory = *target;
  if (const auto aliases = read_aliases(root)) {
    for (const std::string_view other : aliases->others(*wanted)) details.also.emplace_back(other);
  }

  Attributes attributes(root, details.directory);
  details.objects = attributes.number("objects");
  details.total_objects = attributes.number("total_objects");
  details.slabs = attributes.number("slabs");
  details.partial = attributes.number("partial");
  details.cpu_slabs = attributes.number("cpu_slabs");
  details.object_size = attributes.bytes("object_size");
  details.slab_size = attributes.bytes("slab_size");
  details.objects_per_slab = attributes.number("objs_per_slab");
  details.order = attributes.number("order");
  details.aliases = attributes.number("aliases");
  if (const auto reclaim = attributes.number("reclaim_account")) details.reclaim_account = *reclaim != 0;
  details.constructor = attributes.text("ctor").value_or("");
  if (!attributes.any()) {
    Error error = attributes.error().value_or(Error{Error::Kind::kGone, root.display(entry), 0, "vanished", {}});
    if (error.kind == Error::Kind::kDenied) error.hint = "Run as root";
    return std::unexpected(std::move(error));
  }
  return details;
}

std::optional<std::string> sysfs_name(std::string_view cache_name) {
  std::string name(cache_name);
  std::ranges::replace(name, '/', '!');
  if (!is_plain_name(name)) return std::nullopt;
  return name;
}

}  // namespace leakscope::sources::slab
