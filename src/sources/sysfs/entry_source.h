#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/rooted_dir.h"
#include "sources/held_file.h"
#include "sources/parse_faults.h"
#include "sources/source.h"

namespace leakscope::sources::sysfs {

/// A folder with one entry for each thing of a kind ("node0", "node1"), and in each entry files that are read: the
/// shape of most sources of /sys. Entries are subjects. The folder is listed anew every half minute, so that things
/// that appear are found; one whose files are all gone is retired.
class EntrySource final : public Source {
 public:
  struct Spec {
    SourceInfo info;
    std::string_view folder;  ///< "sys/devices/system/node"
    std::string_view prefix;  ///< of the entries' names; between it and the suffix stands a number
    std::string_view suffix;
    model::SubjectKind kind;
    bool named_by_number = true;              ///< the subject's name is the number alone, else the whole entry's name
    std::span<const std::string_view> files;  ///< of an entry; read together
    std::string_view none;                    ///< for the coverage, when there is no entry
    /// Turns the texts of one entry, in the order of `files`, into readings; nullopt: that file is not to be had.
    void (*read)(std::span<const std::optional<std::string_view>> texts, std::int64_t number, model::SubjectId subject,
                 model::SampleSink& sink, ParseFaults& faults);
  };

  /// Lists the folder once; an error when it is missing or denied.
  [[nodiscard]] static Result<std::unique_ptr<Source>> open(const RootedDir& root, const Spec& spec);

  [[nodiscard]] SourceInfo info() const override { return spec_.info; }
  [[nodiscard]] Result<> sample(model::SampleSink& sink) override;
  [[nodiscard]] std::vector<model::Coverage> coverage() const override;
  [[nodiscard]] std::vector<model::Loss> losses() const override;

 private:
  struct Entry {
    std::string name;
    std::int64_t number = 0;
    std::vector<HeldFile> files;
    std::optional<model::SubjectId> subject;
    std::optional<Error> failure;  ///< of the last sample: the first file that could not be read
  };

  EntrySource(RootedDir root, const Spec& spec);
  [[nodiscard]] Result<> list_entries(model::SampleSink* sink);
  [[nodiscard]] std::optional<std::int64_t> number_of(std::string_view name) const;
  void retire(Entry& entry, model::SampleSink* sink) const;
  /// False when the entry is gone.
  [[nodiscard]] bool sample_entry(Entry& entry, model::SampleSink& sink);
  [[nodiscard]] model::SubjectId subject_of(Entry& entry, model::SampleSink& sink) const;

  RootedDir root_;
  Spec spec_;
  std::vector<Entry> entries_;
  std::vector<std::optional<std::string_view>> texts_;
  std::optional<BootTime> listed_;
  std::optional<Error> list_failure_;
  ParseFaults faults_;  ///< of the last sample
  std::uint64_t unread_fields_ = 0;
};

}  // namespace leakscope::sources::sysfs
