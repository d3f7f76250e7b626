#pragma once

#include <bitset>
#include <string>

#include "sources/file_reader.h"
#include "sources/log_format.h"

namespace leakscope::sources {

/// A file of /proc as it stands in a log, again and again: lines are gathered as long as they are of its kind, and read
/// by the reader of the live source once the block is over.
class FileBlockFormat final : public LogFormat {
 public:
  using LineTest = bool (*)(std::string_view line);

  struct Spec {
    std::string_view name;  ///< "meminfo"
    LineTest begins;        ///< the block's first line
    LineTest belongs;       ///< any other line of it
    /// What the reader needs in front where the first line is missing (`grep kmalloc /proc/slabinfo`).
    std::string_view head = {};
    /// The key of the first line ("MemTotal:") stands once in a block, so that the next one begins with it. Not so
    /// where lines have none (addresses are zeros under kptr_restrict).
    bool first_key_restarts = true;
    /// No key comes twice, so that two writers can be told apart; amounts may be written with signs between digits.
    bool each_key_once = false;
    std::string_view cannot_show = {};  ///< one clause; empty: nothing to say
  };

  FileBlockFormat(const Spec& spec, FileReader reader) : spec_(spec), reader_(std::move(reader)) {}

  [[nodiscard]] std::string_view name() const override { return spec_.name; }
  [[nodiscard]] bool begins(std::string_view line) const override { return spec_.begins(line); }
  [[nodiscard]] Answer take(std::string_view line, LogSink& sink) override;
  void finish(LogSink& sink) override;

 private:
  void note_key(std::string_view line);
  void leave_out_other_writer(LogSink& sink);
  void clear_block();

  Spec spec_;
  FileReader reader_;
  std::string text_;
  std::string before_;           ///< of the block before, when this one began within it
  bool restarted_ = false;       ///< the line that was declined last begins a block like this one
  std::bitset<1U << 16U> keys_;  ///< hashes of those in the block
  bool maybe_twice_ = false;     ///< a hash came twice
  std::size_t head_lines_ = 0;
  std::size_t first_key_at_ = 0;
  std::size_t first_key_size_ = 0;
  bool told_ = false;
  ParseFaults faults_;
};

}  // namespace leakscope::sources
