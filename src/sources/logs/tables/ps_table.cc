#include "base/text_cursor.h"
#include "sources/logs/tables/process_rows.h"
#include "sources/logs/tables/tool_tables.h"

namespace leakscope::sources::logs {
namespace {

/// All words in upper case (or %CPU and the like) with PID and RSS among them: no row of the table looks like that.
bool is_header(std::string_view line) {
  bool pid = false;
  bool resident = false;
  FieldCursor fields(line);
  while (const auto word = fields.next()) {
    if (word->find_first_of("abcdefghijklmnopqrstuvwxyz0123456789/") != std::string_view::npos) return false;
    pid = pid || *word == "PID";
    resident = resident || *word == "RSS" || *word == "RSZ";
  }
  return pid && resident;
}

class PsTable final : public LogFormat {
 public:
  [[nodiscard]] std::string_view name() const override { return "ps table"; }
  [[nodiscard]] bool begins(std::string_view line) const override { return is_header(line); }
  [[nodiscard]] Answer take(std::string_view line, LogSink& sink) override;
  void finish(LogSink& /*sink*/) override { open_ = false; }

 private:
  ProcessRows rows_;
  bool open_ = false;
  bool told_ = false;
};

LogFormat::Answer PsTable::take(std::string_view line, LogSink& sink) {
  if (is_header(line)) {
    if (open_ || !rows_.set_header(line)) return Answer::kNotMine;
    open_ = true;
    if (!told_) {
      told_ = true;
      sink.cannot_show({"ps table", model::Coverage::State::kPartial,
                        "ps tells resident memory as one figure: files and shared memory are in it, and of the kernel "
                        "it shows nothing",
                        "record with: leakscope record -o FILE"});
    }
    return Answer::kTaken;
  }
  if (!open_ || line.find_first_not_of(" \t") == std::string_view::npos) return Answer::kNotMine;
  return rows_.put(line, sink) ? Answer::kTaken : Answer::kNotMine;
}

}  // namespace

std::unique_ptr<LogFormat> ps_table() { return std::make_unique<PsTable>(); }

}  // namespace leakscope::sources::logs
