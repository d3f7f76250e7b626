#include "sources/page_holders/dma_buf.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::page_holders {
namespace {

constexpr std::string_view kBuffers = "sys/kernel/dmabuf/buffers";
constexpr std::string_view kBufinfo = "sys/kernel/debug/dma_buf/bufinfo";

bool add(DmaBufTotals& totals, std::string_view exporter, std::int64_t size) {
  Bytes& part = is_counted_exporter(exporter) ? totals.elsewhere : totals.own;
  const auto sum = size >= 0 ? checked_add(part.count(), size) : std::nullopt;
  if (!sum) return false;
  part = Bytes(*sum);
  ++totals.buffers;
  return true;
}

class DmaBuf final : public Holder {
 public:
  DmaBuf() : Holder("dma-buf") {}

  Result<std::vector<Level>> read(const RootedDir& root) override {
    std::string_view place = kBuffers;
    auto totals = read_buffers(root);
    if (!totals && totals.error().kind == Error::Kind::kNotFound) {
      place = kBufinfo;
      const auto text = root.read(kBufinfo, buffer_);
      if (!text) return std::unexpected(with_remedy(root, text.error()));
      totals = parse_bufinfo(*text);
    }
    if (!totals) return std::unexpected(totals.error());
    left_out_ = totals->lines_left_out;
    const std::string detail = fmt::format("{}: {} buffers", root.display(place), totals->buffers);
    return std::vector<Level>{{"dma-buf", totals->own, false, detail},
                              {"dma-buf-counted", totals->elsewhere, true,
                               detail + ", those of DRM drivers and the like, which stand in Shmem or GPU rows"}};
  }

  std::string blind_spot() const override {
    return left_out_ == 0 ? "" : fmt::format("{} buffers that could not be read", left_out_);
  }

 private:
  static Error with_remedy(const RootedDir& root, Error error) {
    if (error.kind == Error::Kind::kDenied) error.hint = "Run as root";
    if (error.kind != Error::Kind::kNotFound) return error;
    if (const auto names = root.list("sys/kernel/debug"); names && names->empty()) {
      error.what = "debugfs is not mounted";
      error.hint = "mount -t debugfs nodev /sys/kernel/debug";
    }
    return error;
  }

  Result<DmaBufTotals> read_buffers(const RootedDir& root) {
    const auto inodes = root.list(kBuffers);
    if (!inodes) return std::unexpected(inodes.error());
    DmaBufTotals totals;
    for (const std::string& inode : *inodes) {
      const auto size_text = root.read(fmt::format("{}/{}/size", kBuffers, inode), buffer_, 4096);
      if (!size_text && size_text.error().kind == Error::Kind::kNotFound) continue;  // freed since it was listed
      const auto size = size_text ? parse_number<std::int64_t>(trim(*size_text)) : std::nullopt;
      const auto exporter = root.read(fmt::format("{}/{}/exporter_name", kBuffers, inode), buffer_, 4096);
      if (!size || !exporter || !add(totals, trim(*exporter), *size)) ++totals.lines_left_out;
    }
    return totals;
  }

  FileBuffer buffer_;
  std::size_t left_out_ = 0;
};

}  // namespace

bool is_counted_exporter(std::string_view exporter) {
  // DRM drivers export GEM objects, whose pages stand in Shmem or in their own rows; the kernel names them by module.
  constexpr std::array<std::string_view, 13> kNames{
      "drm",        "i915", "xe",      "amdgpu",   "radeon",  "nouveau",          "vmwgfx",
      "virtio_gpu", "msm",  "etnaviv", "panfrost", "udmabuf", "videobuf2_vmalloc"};
  return exporter.starts_with("drm_") || std::ranges::find(kNames, exporter) != kNames.end();
}

Result<DmaBufTotals> parse_bufinfo(std::string_view text) {
  DmaBufTotals totals;
  bool header = false;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (!header) {
      header = line->starts_with("size") && line->find("exp_name") != std::string_view::npos && !lines.unterminated();
      continue;
    }
    // Buffers begin with their size of at least eight digits; all else (devices, fences, sums) does not.
    FieldCursor fields(*line);
    const auto first = fields.next();
    if (!first || first->size() < 8 || line->starts_with('\t')) continue;
    const auto size = parse_number<std::int64_t>(*first);
    if (!size) continue;
    for (int i = 0; i < 3; ++i) (void)fields.next();
    const auto exporter = fields.next();
    if (lines.unterminated() || !exporter || !add(totals, *exporter, *size)) ++totals.lines_left_out;
  }
  if (!header)
    return malformed("/sys/kernel/debug/dma_buf/bufinfo", 0, "want a header 'size flags mode count exp_name'");
  return totals;
}

std::unique_ptr<Holder> make_dma_buf() { return std::make_unique<DmaBuf>(); }

}  // namespace leakscope::sources::page_holders
