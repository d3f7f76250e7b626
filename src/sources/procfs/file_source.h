#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/rooted_dir.h"
#include "sources/file_reader.h"
#include "sources/held_file.h"
#include "sources/source.h"

namespace leakscope::sources::procfs {

/// One file -> parser -> readings: the shape of most sources of /proc. The file is held open. A read that fails is
/// tried anew at the next sample; fields that cannot be read make the coverage partial while they last, and stay as a
/// loss with their number.
class FileSource final : public Source {
 public:
  using Reader = FileReader;

  struct Spec {
    SourceInfo info;
    std::string_view path;    ///< "proc/meminfo"
    std::string_view remedy;  ///< what opens the file where it is absent or denied; empty when nothing does
    /// What is not as it should be from the start, for the coverage: "page size not known".
    std::vector<std::string> notes = {};
  };

  /// Reads the file once, so that what is absent, denied or switched off shows now.
  [[nodiscard]] static Result<std::unique_ptr<Source>> open(const RootedDir& root, Spec spec, Reader reader);

  [[nodiscard]] SourceInfo info() const override { return spec_.info; }
  [[nodiscard]] Result<> sample(model::SampleSink& sink) override;
  [[nodiscard]] std::vector<model::Coverage> coverage() const override;
  [[nodiscard]] std::vector<model::Loss> losses() const override;

 private:
  FileSource(RootedDir root, Spec spec, Reader reader);
  [[nodiscard]] std::string_view remedy_of(const Error& error) const;
  [[nodiscard]] std::unexpected<Error> note_failure(Error error);

  RootedDir root_;
  Spec spec_;
  Reader reader_;
  HeldFile file_;
  std::optional<Error> failure_;  ///< of the last sample
  ParseFaults faults_;            ///< of the last sample
  std::uint64_t failed_samples_ = 0;
  std::uint64_t samples_ = 0;
  std::uint64_t unread_fields_ = 0;
};

/// A note for the coverage when a file that should be the kernel's comes from a FUSE file system: lxcfs shows a
/// container's limits under the names of the machine's figures. `file_system_type` is statfs.f_type.
[[nodiscard]] std::optional<std::string> faked_file_note(std::uint64_t file_system_type);

}  // namespace leakscope::sources::procfs
