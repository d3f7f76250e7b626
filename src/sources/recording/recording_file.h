#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sources/recording/frame_scan.h"

namespace leakscope::sources::recording {

/// What to do with a file that is already there.
enum class Existing : std::uint8_t {
  kAppend,   ///< a recording gets another session; anything else is refused
  kRefuse,   ///< kUsage
  kReplace,  ///< its contents go, whatever they are: only when the user said --force
};

/// The file of a recording that is being written: locked, and never left in a state that a reader could not use,
/// wherever the writer is killed. All frames up to size() are whole.
class RecordingFile {
 public:
  /// Creates the file with mode 0600 (O_EXCL, O_NOFOLLOW), or takes an existing one as told. One to be appended to must
  /// belong to us and be a recording; a torn tail that a killed writer left is cut off, and notes() says so.
  [[nodiscard]] static Result<RecordingFile> open(const std::string& path, Existing existing);

  /// Appends whole frames and waits until they are on the disk. When that fails the file is cut back to what it was,
  /// and appending may work again later.
  [[nodiscard]] Result<> append(std::string_view frames);
  /// Puts one frame in the place of all from `offset` on; it must be smaller than these. The frame is first written
  /// behind them, marked as superseding them, so that at every moment one of both is whole.
  [[nodiscard]] Result<> replace_tail(std::uint64_t offset, std::string_view frame);
  /// Puts a new file with what `fill` appends in the place of this one (rename). The lock goes over: the new file is
  /// locked before it can be seen.
  using Append = std::function<Result<>(std::string_view frames)>;
  [[nodiscard]] Result<> replace_all(const std::function<Result<>(const Append&)>& fill);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// The frames that the file had when it was opened.
  [[nodiscard]] const std::vector<FrameRef>& frames_found() const { return found_; }
  /// What the user should know of how the file was found.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
  /// Off for tests alone: do not wait for the disk.
  void set_sync(bool sync) { sync_ = sync; }

 private:
  RecordingFile() = default;
  [[nodiscard]] Result<bool> create();
  [[nodiscard]] Result<> take_existing(Existing existing);
  [[nodiscard]] Result<bool> is_still_at_path() const;
  [[nodiscard]] Error busy(Error error) const;
  [[nodiscard]] Result<> examine();
  void remove_leftovers() const;
  [[nodiscard]] Result<> finish_move(const FrameRef& last);
  [[nodiscard]] Result<> write_at(int fd, std::uint64_t offset, std::string_view bytes) const;
  [[nodiscard]] Result<> sync(int fd) const;
  [[nodiscard]] Result<> put_in_place(UniqueFd fresh, std::string& name);

  std::string path_;
  std::string base_;
  UniqueFd directory_;
  UniqueFd fd_;
  std::uint64_t size_ = 0;
  std::vector<FrameRef> found_;
  std::vector<std::string> notes_;
  bool sync_ = true;
};

}  // namespace leakscope::sources::recording
