#include "sources/kernel_counters/sysvipc.h"

#include <array>
#include <string>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::kernel_counters {
namespace {

constexpr std::size_t kMostColumns = 32;

// Where the wanted columns stand, by the header's words.
class Columns {
 public:
  explicit Columns(std::string_view header) {
    FieldCursor fields(header);
    while (count_ < kMostColumns) {
      const auto word = fields.next();
      if (!word) return;
      words_[count_++] = *word;
    }
  }
  [[nodiscard]] std::optional<std::size_t> find(std::string_view word) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (words_[i] == word) return i;
    }
    return std::nullopt;
  }

 private:
  std::array<std::string_view, kMostColumns> words_;
  std::size_t count_ = 0;
};

class Line {
 public:
  explicit Line(std::string_view line) {
    FieldCursor fields(line);
    while (count_ < kMostColumns) {
      const auto field = fields.next();
      if (!field) return;
      fields_[count_++] = *field;
    }
  }
  template <class T>
  [[nodiscard]] std::optional<T> number(std::optional<std::size_t> column) const {
    if (!column || *column >= count_) return std::nullopt;
    return parse_number<T>(fields_[*column]);
  }
  [[nodiscard]] std::optional<std::int64_t> amount(std::optional<std::size_t> column) const {
    const auto value = number<std::int64_t>(column);
    return value && *value >= 0 ? value : std::nullopt;
  }
  [[nodiscard]] std::optional<Bytes> bytes(std::optional<std::size_t> column) const {
    const auto value = amount(column);
    if (!value) return std::nullopt;
    return Bytes(*value);
  }
  [[nodiscard]] std::optional<Pid> pid(std::optional<std::size_t> column) const {
    const auto value = number<std::int32_t>(column);
    if (!value) return std::nullopt;
    return Pid{*value};
  }

 private:
  std::array<std::string_view, kMostColumns> fields_;
  std::size_t count_ = 0;
};

// `read_row(line)` gives a row or nothing; `make_reader(columns)` gives that function.
template <class Row, class MakeReader>
Result<> parse_table(std::string_view text, std::string_view file, std::string_view id_column, IpcTable<Row>& out,
                     MakeReader make_reader) {
  out.clear();
  LineCursor lines(text);
  const auto header = lines.next();
  const Columns columns(header.value_or(std::string_view{}));
  if (!columns.find(id_column) || lines.unterminated()) {
    return malformed(std::string(file), 1, fmt::format("want a header with the column '{}'", id_column));
  }
  const auto read_row = make_reader(columns);
  out.refill(lines, [&](std::string_view line) { return read_row(Line(line)); });
  return {};
}

}  // namespace

Result<> parse_sysv_shm(std::string_view text, IpcTable<ShmSegment>& out) {
  return parse_table(text, "/proc/sysvipc/shm", "shmid", out, [](const Columns& columns) {
    return [id = columns.find("shmid"), key = columns.find("key"), size = columns.find("size"),
            attached = columns.find("nattch"), rss = columns.find("rss"), swap = columns.find("swap"),
            creator = columns.find("cpid"), uid = columns.find("uid")](const Line& line) -> std::optional<ShmSegment> {
      const auto id_value = line.number<std::int32_t>(id);
      const auto key_value = line.number<std::int32_t>(key);  // printed with %d
      const auto size_value = line.bytes(size);
      const auto attached_value = line.amount(attached);
      if (!id_value || !key_value || !size_value || !attached_value) return std::nullopt;
      ShmSegment segment{*id_value, static_cast<std::uint32_t>(*key_value), *size_value, *attached_value, {}, {}, {},
                         {}};
      segment.rss = line.bytes(rss);
      segment.swap = line.bytes(swap);
      segment.creator = line.pid(creator);
      segment.uid = line.number<std::uint32_t>(uid);
      // A column that is there has a number in every line: else the line is broken.
      if ((rss && !segment.rss) || (swap && !segment.swap)) return std::nullopt;
      return segment;
    };
  });
}

Result<> parse_sysv_msg(std::string_view text, IpcTable<MessageQueue>& out) {
  return parse_table(text, "/proc/sysvipc/msg", "msqid", out, [](const Columns& columns) {
    return [id = columns.find("msqid"), bytes = columns.find("cbytes"), messages = columns.find("qnum"),
            sender = columns.find("lspid")](const Line& line) -> std::optional<MessageQueue> {
      const auto id_value = line.number<std::int32_t>(id);
      const auto bytes_value = line.bytes(bytes);
      const auto messages_value = line.amount(messages);
      if (!id_value || !bytes_value || !messages_value) return std::nullopt;
      return MessageQueue{*id_value, *bytes_value, *messages_value, line.pid(sender)};
    };
  });
}

Result<> parse_sysv_sem(std::string_view text, IpcTable<SemaphoreSet>& out) {
  return parse_table(text, "/proc/sysvipc/sem", "semid", out, [](const Columns& columns) {
    return
        [id = columns.find("semid"), count = columns.find("nsems")](const Line& line) -> std::optional<SemaphoreSet> {
          const auto id_value = line.number<std::int32_t>(id);
          const auto count_value = line.amount(count);
          if (!id_value || !count_value) return std::nullopt;
          return SemaphoreSet{*id_value, *count_value};
        };
  });
}

}  // namespace leakscope::sources::kernel_counters
