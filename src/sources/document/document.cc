#include "sources/document/document.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/rooted_dir.h"
#include "base/text_cursor.h"
#include "base/unique_fd.h"

namespace leakscope::sources::document {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kSchemaFamily = "leakscope/";
constexpr std::string_view kSchema = "leakscope/1";
constexpr std::size_t kLargestFile = std::size_t{16} << 20U;

/// Walks through the document, says of what does not fit where it stands, and gives up no more than it must.
class Reader {
 public:
  explicit Reader(std::string_view name) : name_(name) {}

  [[nodiscard]] Result<Document> read(const Json& root) {
    if (!root.is_object()) return malformed(name_, 1, "want an object");
    if (auto known = check_schema(root); !known) return std::unexpected(known.error());
    Document document;
    document.command = text(root, "command", "command");
    if (const Json* host = object(root, "host", "host")) read_host(*host, document.host);
    if (const Json* window = object(root, "window", "window")) {
      const std::string end = text(*window, "end", "window.end");
      document.end = parse_rfc3339(end);
      if (!end.empty() && !document.end) wrong("window.end", "a time as of RFC 3339");
    }
    if (const Json* ledger = object(root, "ledger", "ledger")) read_ledger(*ledger, document.ledger.emplace());
    read_coverage(root, document.coverage);
    read_tables(root, document.tables);
    if (error_) return std::unexpected(*error_);
    return document;
  }

 private:
  void wrong(std::string_view key, std::string_view wanted) {
    if (error_) return;
    error_ = Error{Error::Kind::kMalformed, name_, 0, fmt::format("'{}': want {}", key, wanted), {}};
  }

  /// The value of a key; nothing when it is missing or null.
  static const Json* value(const Json& object, std::string_view key) {
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
  }
  const Json* object(const Json& parent, std::string_view key, std::string_view path) {
    const Json* found = value(parent, key);
    if (found != nullptr && !found->is_object()) return wrong(path, "an object"), nullptr;
    return found;
  }
  const Json* array(const Json& parent, std::string_view key, std::string_view path) {
    const Json* found = value(parent, key);
    if (found != nullptr && !found->is_array()) return wrong(path, "an array"), nullptr;
    return found;
  }
  std::string text(const Json& parent, std::string_view key, std::string_view path) {
    const Json* found = value(parent, key);
    if (found == nullptr) return {};
    if (!found->is_string()) return wrong(path, "a string"), std::string{};
    return unescaped(found->get_ref<const std::string&>());
  }
  static std::optional<std::int64_t> integer(const Json& value) {
    if (value.is_number_unsigned()) {
      const auto number = value.get<std::uint64_t>();
      if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
      return static_cast<std::int64_t>(number);
    }
    if (value.is_number_integer()) return value.get<std::int64_t>();
    return std::nullopt;
  }
  std::optional<std::int64_t> number(const Json& parent, std::string_view key, std::string_view path) {
    const Json* found = value(parent, key);
    if (found == nullptr) return std::nullopt;
    const auto amount = integer(*found);
    if (!amount) wrong(path, "an integer of at most 64 bits");
    return amount;
  }

  [[nodiscard]] Result<> check_schema(const Json& root) const {
    const Json* schema = value(root, "schema");
    const std::string word = schema != nullptr && schema->is_string() ? schema->get<std::string>() : "";
    if (!word.starts_with(kSchemaFamily)) {
      return malformed(name_, 0, "no document of leakscope: want \"schema\": \"leakscope/1\"");
    }
    if (word != kSchema && !word.starts_with(std::string(kSchema) + ".")) {
      return fail(
          Error::Kind::kUnsupported, name_,
          fmt::format("was written in the schema {}, and this leakscope reads {}", word.substr(0, 40), kSchema));
    }
    return {};
  }

  void read_host(const Json& host, model::Host& out) {
    out.hostname = text(host, "hostname", "host.hostname");
    out.kernel_release = text(host, "kernel", "host.kernel");
    out.boot_id = text(host, "boot_id", "host.boot_id");
    out.machine = text(host, "machine", "host.machine");
    out.virtualization = text(host, "virtualization", "host.virtualization");
    if (const auto bytes = number(host, "page_size_bytes", "host.page_size_bytes")) out.page_size.bytes = *bytes;
  }

  static std::optional<model::LedgerClass> class_of(std::string_view word) {
    using enum model::LedgerClass;
    for (const model::LedgerClass klass : {kUser, kKernel, kCache, kFree, kHardware}) {
      if (to_string(klass) == word) return klass;
    }
    return std::nullopt;
  }

  void read_ledger(const Json& ledger, model::Ledger& out) {
    constexpr std::int64_t kMost = std::int64_t{1} << 56;  // so that sums of rows stay in 64 bits
    const auto bytes_of = [&](const Json& parent, std::string_view key, std::string_view path) {
      auto bytes = number(parent, key, path);
      if (bytes && (*bytes < -kMost || *bytes > kMost)) wrong(path, "at most 64 PiB"), bytes.reset();
      return bytes;
    };
    if (const auto total = bytes_of(ledger, "total_bytes", "ledger.total_bytes")) out.total = Bytes(*total);
    const Json* rows = array(ledger, "rows", "ledger.rows");
    if (rows == nullptr) return;
    if (rows->size() > kMostLedgerRows) return wrong("ledger.rows", "at most 1024 rows");
    for (const Json& row : *rows) {
      if (!row.is_object()) return wrong("ledger.rows[]", "an object");
      const auto klass = class_of(text(row, "class", "ledger.rows[].class"));
      const auto bytes = bytes_of(row, "bytes", "ledger.rows[].bytes");
      // A class that a later leakscope may know is not in our sums: its bytes appear in the rest.
      if (!klass || !bytes) continue;
      out.rows.push_back({text(row, "id", "ledger.rows[].id"), *klass, Bytes(*bytes),
                          text(row, "label", "ledger.rows[].label"), text(row, "source", "ledger.rows[].source")});
    }
  }

  void read_coverage(const Json& root, std::vector<model::Coverage>& out) {
    const Json* entries = array(root, "coverage", "coverage");
    if (entries == nullptr) return;
    for (const Json& entry : *entries) {
      if (!entry.is_object()) return wrong("coverage[]", "an object");
      const std::string state = text(entry, "state", "coverage[].state");
      model::Coverage coverage{
          text(entry, "source", "coverage[].source"), {}, text(entry, "why", "coverage[].why"), {}};
      using enum model::Coverage::State;
      for (const model::Coverage::State known : {kAbsent, kDenied, kPartial}) {
        if (state == model::to_string(known)) coverage.state = known;
      }
      out.push_back(std::move(coverage));
    }
  }

  void read_tables(const Json& root, std::vector<Table>& out) {
    const Json* tables = object(root, "tables", "tables");
    if (tables == nullptr) return;
    const Json* not_shown = object(root, "rows_not_shown", "rows_not_shown");
    for (const auto& [id, rows] : tables->items()) {
      if (!rows.is_array()) return wrong("tables.ID", "an array");
      Table table{id, {}, 0};
      if (not_shown != nullptr) {
        const auto count = number(*not_shown, id, "rows_not_shown.ID");
        if (count && *count > 0) table.rows_not_shown = static_cast<std::size_t>(*count);
      }
      for (const Json& row : rows) {
        if (!row.is_object()) return wrong("tables.ID[]", "an object");
        auto& cells = table.rows.emplace_back();
        for (const auto& [column, content] : row.items()) cells.emplace_back(column, cell(content));
      }
      out.push_back(std::move(table));
    }
  }

  static Cell cell(const Json& content) {
    if (content.is_string()) return unescaped(content.get_ref<const std::string&>());
    if (const auto amount = integer(content)) return *amount;
    if (content.is_number()) return content.get<double>();
    return std::monostate{};
  }

  static constexpr std::size_t kMostLedgerRows = 1024;

  std::string name_;
  std::optional<Error> error_;
};

std::optional<unsigned char> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned char>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned char>(c - 'a' + 10);
  return std::nullopt;
}

}  // namespace

bool looks_like_document(std::string_view head) {
  const std::string_view text = trim(head);
  return text.starts_with('{') && trim(text.substr(1)).starts_with("\"schema\"") &&
         text.find(kSchemaFamily) != std::string_view::npos;
}

Result<Document> parse_document(std::string_view text, std::string_view name) {
  try {
    return Reader(name).read(Json::parse(text));
  } catch (const Json::parse_error& error) {
    const std::size_t at = std::min<std::size_t>(error.byte, text.size());
    const auto line = std::ranges::count(text.substr(0, at), '\n') + 1;
    const bool cut = at >= text.size();
    return std::unexpected(Error{cut ? Error::Kind::kTruncated : Error::Kind::kMalformed,
                                 std::string(name),
                                 static_cast<std::uint32_t>(line),
                                 cut ? "the document ends before its end" : "want JSON, and this is none",
                                 {}});
  } catch (const Json::exception&) {
    return malformed(std::string(name), 0, "want JSON, and this is none");
  }
}

Result<Document> read_document(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, path, "open"));
  FileBuffer buffer;
  const auto text = read_whole(fd.get(), buffer, path, kLargestFile);
  if (!text) return std::unexpected(text.error());
  return parse_document(*text, path);
}

std::string unescaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const auto high = text[i + 1] == 'x' && i + 3 < text.size() ? hex_digit(text[i + 2]) : std::nullopt;
    const auto low = high ? hex_digit(text[i + 3]) : std::nullopt;
    if (high && low) {
      out += static_cast<char>(*high << 4U | *low);
      i += 3;
    } else {
      out += '\\';
      if (text[i + 1] == '\\') ++i;
    }
  }
  return out;
}

}  // namespace leakscope::sources::document
