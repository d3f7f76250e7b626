#include "sources/recording/block_rewrite.h"

#include <algorithm>

#include "sources/recording/block_builder.h"
#include "sources/recording/block_reader.h"

namespace leakscope::sources::recording {
namespace {

// How often what is known of the subjects is compared; a change is dated to the rows since the last time.
constexpr std::size_t kRowsPerNote = 8;

struct Progress {
  std::uint64_t first_ordinal = 0;
  std::uint64_t samples = 0;
  std::uint32_t thinning = 1;
  std::size_t rows = 0;
};

// False when the block does not continue the ones before.
bool add_block(BlockReader& block, std::uint32_t merge, model::Registry& registry, BlockBuilder& builder,
               Progress& progress) {
  if (progress.samples == 0) {
    progress.first_ordinal = block.first_ordinal();
  } else if (block.first_ordinal() != progress.first_ordinal + progress.samples) {
    return false;
  }
  progress.samples += block.samples();
  if (block.coverage() && block.losses()) builder.set_state(*block.coverage(), *block.losses());
  builder.set_boot_id(std::string(block.boot_id()));
  model::Sample sample;
  while (block.row_at() < block.rows()) {
    if (builder.full()) return false;
    if (!builder.empty() && block.next_time().boot <= builder.last_time().boot) return false;
    block.next(sample, registry);
    builder.add(sample, progress.first_ordinal, progress.rows++ % merge != 0);
    if (progress.rows % kRowsPerNote == 0) builder.note_subjects(registry);
  }
  return block.unknown() == 0 && block.damaged_series() == 0;
}

}  // namespace

Result<bool> rewrite_blocks(int fd, std::span<const FrameRef> blocks, std::uint32_t merge, int level, std::string& out,
                            std::string_view name) {
  FrameCodec codec;
  BlockBuilder builder;
  model::Registry registry;
  Progress progress;
  std::string stored;
  std::string raw;
  for (const FrameRef& frame : blocks) {
    const auto payload = read_payload(fd, frame, stored, name);
    if (!payload) return std::unexpected(payload.error());
    if (!*payload || frame.header.session != blocks.front().header.session) return false;
    const auto unpacked = codec.unpack(frame.header, **payload, raw);
    if (!unpacked) return false;
    auto block = BlockReader::parse(*unpacked);
    if (!block || !add_block(*block, merge, registry, builder, progress)) return false;
    progress.thinning = std::max(progress.thinning, frame.header.thinning);
  }
  if (builder.empty() || builder.dropped() > 0) return false;
  builder.set_origin(progress.first_ordinal, progress.samples, progress.thinning * merge);
  FrameHeader header{.kind = FrameKind::kHour, .session = blocks.front().header.session};
  builder.encode(registry, header, raw);
  if (const auto made = codec.append_frame(header, raw, level, out); !made) return false;
  return true;
}

}  // namespace leakscope::sources::recording
