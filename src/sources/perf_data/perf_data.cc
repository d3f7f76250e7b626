#include "sources/perf_data/perf_data.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "sources/perf_data/byte_cursor.h"
#include "sources/perf_data/file_header.h"
#include "sources/perf_data/perf_stream.h"
#include "sources/perf_data/tracing_data.h"

namespace leakscope::sources::perf_data {
namespace {

constexpr std::size_t kMostOfFeature = std::size_t{1} << 20U;
constexpr std::size_t kMostOfIds = NumberTable::kMost * sizeof(std::uint64_t);
constexpr std::size_t kSectionSize = 16;
constexpr std::size_t kLargestAttribute = 4096;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// One entry: the attribute, and the section of its ids.
Result<> add_entry(const Input& input, std::span<const std::byte> entry, Recording& recording) {
  const auto attribute = entry.first(entry.size() - kSectionSize);
  ByteCursor cursor(entry.subspan(attribute.size()), recording.order());
  const auto offset = cursor.take<std::uint64_t>();
  const auto size = cursor.take<std::uint64_t>();
  const auto ids = input.read_at(offset.value_or(0), size.value_or(0), kMostOfIds);
  if (!ids) return std::unexpected(ids.error());
  return recording.add_attribute(attribute, bytes_of(*ids));
}

Result<> add_attributes(const Input& input, const FileHeader& header, Recording& recording) {
  if (header.attribute_size <= kSectionSize || header.attribute_size > kLargestAttribute) {
    return fail(Error::Kind::kMalformed, input.name(),
                fmt::format("descriptions of events of {} bytes each", header.attribute_size));
  }
  const auto size = static_cast<std::size_t>(header.attribute_size);
  const auto all = input.read_at(header.attributes.offset, header.attributes.size, EventSet::kMostEvents * size);
  if (!all) return std::unexpected(all.error());
  for (auto rest = bytes_of(*all); rest.size() >= size; rest = rest.subspan(size)) {
    if (auto added = add_entry(input, rest.first(size), recording); !added) return added;
  }
  return {};
}

bool is_of_use(std::size_t feature) {
  switch (static_cast<Feature>(feature)) {
    case Feature::kTracingData:
    case Feature::kHostname:
    case Feature::kOsRelease:
    case Feature::kArchitecture:
    case Feature::kCpuCount:
    case Feature::kClockData:
      return true;
    default:
      return false;
  }
}

/// A table of sections behind the data, one for each feature that is set, in their order. A file that is cut has none.
Result<> add_features(const Input& input, const FileHeader& header, Recording& recording) {
  const auto at = header.data.end();
  if (!at || header.data.size == 0) return {};
  const auto table = input.read_at(*at, header.features.count() * kSectionSize, kMostFeatures * kSectionSize);
  if (!table) return std::unexpected(table.error());
  ByteCursor cursor(bytes_of(*table), recording.order());
  for (std::size_t feature = 0; feature < kMostFeatures; ++feature) {
    if (!header.features[feature]) continue;
    const auto offset = cursor.take<std::uint64_t>();
    const auto size = cursor.take<std::uint64_t>();
    if (!offset || !size) break;
    if (!is_of_use(feature)) continue;
    const bool is_large = feature == static_cast<std::size_t>(Feature::kTracingData);
    const auto payload = input.read_at(*offset, *size, is_large ? kMostTracingData : kMostOfFeature);
    if (!payload) return std::unexpected(payload.error());
    if (!payload->empty()) recording.add_feature(feature, bytes_of(*payload));
  }
  return {};
}

Result<std::unique_ptr<KmemStream>> open_file(Input input, const FileHeader& header, Recording recording) {
  if (!input.is_file()) {
    return fail(Error::Kind::kUnsupported, input.name(), "a perf.data comes from a pipe, but was written as a file",
                "Give the file itself, or record with -o -");
  }
  if (auto added = add_attributes(input, header, recording); !added) return std::unexpected(added.error());
  if (auto added = add_features(input, header, recording); !added) return std::unexpected(added.error());
  std::optional<std::uint64_t> data_end;
  if (header.data.size > 0) {
    data_end = header.data.end();
  } else {
    recording.note({"perf.data", model::Coverage::State::kPartial, "perf was killed: its end is missing", {}});
  }
  input.limit(header.data.offset, data_end.value_or(Input::kToTheEnd));
  RecordReader reader(std::move(input), header.order);
  return std::make_unique<PerfStream>(std::move(reader), std::move(recording), data_end);
}

/// As many bytes of the beginning as there are and the header's form needs. A pipe gives no byte twice.
Result<std::string> take_header(Input& input) {
  std::string bytes;
  std::size_t wanted = kPipeHeaderSize;
  while (bytes.size() < wanted) {
    const std::size_t at = bytes.size();
    bytes.resize(wanted);
    const auto got = input.read(std::as_writable_bytes(std::span(bytes)).subspan(at));
    if (!got) return std::unexpected(got.error());
    bytes.resize(at + *got);
    if (*got == 0) break;
    if (bytes.size() != kPipeHeaderSize || wanted == kFileHeaderSize) continue;
    const auto header = parse_file_header(bytes_of(bytes), input.name());
    if (!header && header.error().kind == Error::Kind::kTruncated) wanted = kFileHeaderSize;
  }
  return bytes;
}

}  // namespace

bool is_perf_data(std::span<const std::byte> beginning) { return order_of_magic(beginning).has_value(); }

Result<std::unique_ptr<KmemStream>> open_perf_data(UniqueFd file, std::string name, std::string already_read,
                                                   std::vector<EventFormat> other_formats) {
  Input input(std::move(file), std::move(name), std::move(already_read));
  const auto bytes = take_header(input);
  if (!bytes) return std::unexpected(bytes.error());
  const auto header = parse_file_header(bytes_of(*bytes), input.name());
  if (!header) return std::unexpected(header.error());
  Recording recording(header->order, input.name(), std::move(other_formats));
  if (!header->is_pipe) return open_file(std::move(input), *header, std::move(recording));
  RecordReader reader(std::move(input), header->order);
  return std::make_unique<PerfStream>(std::move(reader), std::move(recording), std::nullopt);
}

}  // namespace leakscope::sources::perf_data
