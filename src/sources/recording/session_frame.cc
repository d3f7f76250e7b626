#include "sources/recording/session_frame.h"

#include <limits>
#include <utility>

#include "sources/recording/byte_stream.h"

namespace leakscope::sources::recording {
namespace {

enum class Field : std::uint8_t {
  kHostname = 1,
  kKernelRelease = 2,
  kKernelVersion = 3,
  kBootId = 4,
  kCommandLine = 5,
  kMachine = 6,
  kVirtualization = 7,
  kTransparentHugepages = 8,
  kCgroupVersion = 9,
  kCpus = 10,
  kPageSize = 11,
  kModule = 12,  // once for each
  kStartBoot = 13,
  kStartWall = 14,
  kStartMonotonic = 15,
  kInterval = 16,
  kToolVersion = 17,
  kWriterPid = 18,
  kWriterStart = 19,
};
enum class EndField : std::uint8_t { kSamples = 1, kNotWritten = 2 };

constexpr std::int64_t kMaxTime = std::int64_t{1} << 61U;
constexpr std::size_t kMaxModules = 1U << 14U;

template <class Id>
void put_text(std::string& out, Id id, std::string_view text) {
  ByteWriter writer(out);
  writer.varint(std::to_underlying(id));
  writer.bytes(text);
}

template <class Id>
void put_number(std::string& out, Id id, std::int64_t value) {
  std::string bytes;
  ByteWriter(bytes).signed_varint(value);
  put_text(out, id, bytes);
}

struct RawField {
  std::uint64_t id = 0;
  std::string_view value;

  [[nodiscard]] std::optional<std::int64_t> number() const { return ByteCursor(value).signed_varint(); }
};

std::optional<RawField> take_field(ByteCursor& cursor) {
  const auto id = cursor.varint();
  const auto value = cursor.bytes();
  if (!id || !value) return std::nullopt;
  return RawField{*id, *value};
}

std::string* text_of(model::Host& host, Field field) {
  switch (field) {
    case Field::kHostname:
      return &host.hostname;
    case Field::kKernelRelease:
      return &host.kernel_release;
    case Field::kKernelVersion:
      return &host.kernel_version;
    case Field::kBootId:
      return &host.boot_id;
    case Field::kCommandLine:
      return &host.command_line;
    case Field::kMachine:
      return &host.machine;
    case Field::kVirtualization:
      return &host.virtualization;
    case Field::kTransparentHugepages:
      return &host.transparent_hugepages;
    default:
      return nullptr;
  }
}

bool set_time(Nanoseconds& time, std::int64_t value) {
  if (value <= -kMaxTime || value >= kMaxTime) return false;
  time = Nanoseconds(value);
  return true;
}

// False when the value makes no sense for the field.
bool set_number(SessionFacts& facts, Field field, std::int64_t value) {
  const auto process = [&]() -> ProcessId& { return facts.writer ? *facts.writer : facts.writer.emplace(); };
  switch (field) {
    case Field::kCgroupVersion:
      if (value < 0 || value > 99) return false;
      facts.host.cgroup_version = static_cast<int>(value);
      return true;
    case Field::kCpus:
      facts.host.cpus = value;
      return true;
    case Field::kPageSize:
      if (value <= 0) return false;
      facts.host.page_size = PageSize{value};
      return true;
    case Field::kStartBoot:
      return set_time(facts.start.boot.since_boot, value);
    case Field::kStartWall:
      return set_time(facts.start.wall.since_epoch, value);
    case Field::kStartMonotonic:
      return set_time(facts.start.monotonic, value);
    case Field::kInterval:
      return set_time(facts.interval.emplace(), value);
    case Field::kWriterPid:
      if (value < 0 || value > std::numeric_limits<std::int32_t>::max()) return false;
      process().pid.value = static_cast<std::int32_t>(value);
      return true;
    case Field::kWriterStart:
      process().start.ticks = static_cast<std::uint64_t>(value);
      return true;
    default:
      return true;
  }
}

}  // namespace

void encode_session(const SessionFacts& facts, std::string& out) {
  const model::Host& host = facts.host;
  put_text(out, Field::kHostname, host.hostname);
  put_text(out, Field::kKernelRelease, host.kernel_release);
  put_text(out, Field::kKernelVersion, host.kernel_version);
  put_text(out, Field::kBootId, host.boot_id);
  put_text(out, Field::kCommandLine, host.command_line);
  put_text(out, Field::kMachine, host.machine);
  put_text(out, Field::kVirtualization, host.virtualization);
  put_text(out, Field::kTransparentHugepages, host.transparent_hugepages);
  if (host.cgroup_version) put_number(out, Field::kCgroupVersion, *host.cgroup_version);
  if (host.cpus) put_number(out, Field::kCpus, *host.cpus);
  put_number(out, Field::kPageSize, host.page_size.bytes);
  for (const std::string& module : host.modules) put_text(out, Field::kModule, module);
  put_number(out, Field::kStartBoot, facts.start.boot.since_boot.count());
  put_number(out, Field::kStartWall, facts.start.wall.since_epoch.count());
  put_number(out, Field::kStartMonotonic, facts.start.monotonic.count());
  if (facts.interval) put_number(out, Field::kInterval, facts.interval->count());
  put_text(out, Field::kToolVersion, facts.tool_version);
  if (facts.writer) {
    put_number(out, Field::kWriterPid, facts.writer->pid.value);
    put_number(out, Field::kWriterStart, static_cast<std::int64_t>(facts.writer->start.ticks));
  }
}

Result<SessionFacts> parse_session(std::string_view payload) {
  const auto broken = [] { return fail(Error::Kind::kMalformed, "recording", "want the facts of a session"); };
  SessionFacts facts;
  for (ByteCursor cursor(payload); !cursor.at_end();) {
    const auto raw = take_field(cursor);
    if (!raw) return broken();
    if (raw->id > std::to_underlying(Field::kWriterStart)) continue;
    const auto field = static_cast<Field>(raw->id);
    if (std::string* text = text_of(facts.host, field)) {
      *text = raw->value;
    } else if (field == Field::kToolVersion) {
      facts.tool_version = raw->value;
    } else if (field == Field::kModule) {
      if (facts.host.modules.size() == kMaxModules) return broken();
      facts.host.modules.emplace_back(raw->value);
    } else {
      const auto number = raw->number();
      if (!number || !set_number(facts, field, *number)) return broken();
    }
  }
  return facts;
}

void encode_session_end(const SessionEnd& end, std::string& out) {
  put_number(out, EndField::kSamples, static_cast<std::int64_t>(end.samples));
  put_number(out, EndField::kNotWritten, static_cast<std::int64_t>(end.not_written));
}

Result<SessionEnd> parse_session_end(std::string_view payload) {
  SessionEnd end;
  for (ByteCursor cursor(payload); !cursor.at_end();) {
    const auto raw = take_field(cursor);
    const auto number = raw ? raw->number() : std::nullopt;
    if (!number) return fail(Error::Kind::kMalformed, "recording", "want the end of a session");
    if (raw->id == std::to_underlying(EndField::kSamples)) end.samples = static_cast<std::uint64_t>(*number);
    if (raw->id == std::to_underlying(EndField::kNotWritten)) end.not_written = static_cast<std::uint64_t>(*number);
  }
  return end;
}

}  // namespace leakscope::sources::recording
