#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace leakscope::sources::snapshot {

/// For tests alone: writes tars, hostile ones too.
class MadeTar {
 public:
  explicit MadeTar(const std::string& path, void (*filter)(archive*) = nullptr) : writer_(archive_write_new()) {
    archive_write_set_format_pax_restricted(writer_);
    if (filter != nullptr) filter(writer_);
    if (archive_write_open_filename(writer_, path.c_str()) != ARCHIVE_OK)
      throw std::runtime_error("cannot write " + path);
  }
  MadeTar(const MadeTar&) = delete;
  MadeTar& operator=(const MadeTar&) = delete;
  ~MadeTar() { archive_write_free(writer_); }

  MadeTar& file(const std::string& path, std::string_view text, std::int64_t time = 1'700'000'000) {
    archive_entry* entry = make(path, AE_IFREG);
    archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
    archive_entry_set_mtime(entry, time, 0);
    put(entry, text);
    return *this;
  }
  MadeTar& symlink(const std::string& path, const std::string& target) {
    archive_entry* entry = make(path, AE_IFLNK);
    archive_entry_set_symlink(entry, target.c_str());
    put(entry, {});
    return *this;
  }
  MadeTar& hardlink(const std::string& path, const std::string& target) {
    archive_entry* entry = make(path, AE_IFREG);
    archive_entry_set_hardlink(entry, target.c_str());
    put(entry, {});
    return *this;
  }
  /// A device, a FIFO, a socket: AE_IFCHR, AE_IFIFO...
  MadeTar& special(const std::string& path, unsigned type) {
    archive_entry* entry = make(path, type);
    archive_entry_set_rdevmajor(entry, 1);
    archive_entry_set_rdevminor(entry, 3);
    put(entry, {});
    return *this;
  }

 private:
  static archive_entry* make(const std::string& path, unsigned type) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, path.c_str());
    archive_entry_set_filetype(entry, type);
    archive_entry_set_perm(entry, 0644);
    return entry;
  }
  void put(archive_entry* entry, std::string_view text) {
    if (archive_write_header(writer_, entry) < ARCHIVE_WARN) throw std::runtime_error("cannot write a header");
    archive_entry_free(entry);
    if (!text.empty()) archive_write_data(writer_, text.data(), text.size());
  }

  archive* writer_;
};

}  // namespace leakscope::sources::snapshot
