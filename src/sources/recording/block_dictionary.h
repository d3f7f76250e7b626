#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "model/registry.h"
#include "sources/recording/block_format.h"
#include "sources/recording/byte_stream.h"

namespace leakscope::sources::recording {

/// The strings of a block; views into its payload.
class BlockStrings {
 public:
  [[nodiscard]] static std::optional<BlockStrings> parse(std::string_view section);
  [[nodiscard]] std::optional<std::string_view> take(ByteCursor& cursor) const;

 private:
  std::vector<std::string_view> texts_;
};

/// What a block says of its subjects, and which of the registry's they are. A subject is made known to the registry
/// when it is first needed, so that one that ended and came again under the same name is two.
class BlockSubjects {
 public:
  [[nodiscard]] static std::optional<BlockSubjects> parse(std::string_view section, const BlockStrings& strings);

  [[nodiscard]] std::size_t size() const { return subjects_.size(); }
  /// Bytes of text that the subjects cost in a registry at most.
  [[nodiscard]] std::uint64_t text_size() const { return text_size_; }
  /// False for a kind of subject that this build does not know: its readings cannot be given.
  [[nodiscard]] bool is_known(std::uint32_t number) const { return subjects_[number].newest.kind.has_value(); }
  /// The registry's subject; of a known kind.
  [[nodiscard]] model::SubjectId id(std::uint32_t number, model::Registry& registry);
  /// The registry's subject if it has it already.
  [[nodiscard]] std::optional<model::SubjectId> find(std::uint32_t number, const model::Registry& registry) const;
  /// Lets what changed up to this row hold.
  void reach(std::uint32_t row, model::Registry& registry);

 private:
  struct Record {
    std::optional<model::SubjectKind> kind;
    std::string_view name;
    std::optional<ProcessId> process;
    std::string_view cgroup;
    std::string_view container;
    std::string_view executable;
    std::string_view detail;
    std::optional<std::uint32_t> parent;

    [[nodiscard]] std::uint64_t text_size() const {
      return name.size() + cgroup.size() + container.size() + executable.size() + detail.size();
    }
  };
  struct Subject {
    Record newest;
    std::optional<model::SubjectId> id;
    bool interning = false;  // its parents are being looked up: foreign bytes may make a circle of them
  };
  struct Change {
    std::uint32_t number = 0;
    std::uint32_t row = 0;
    Record record;
  };
  [[nodiscard]] static std::optional<Record> take_record(ByteCursor& cursor, const BlockStrings& strings,
                                                         std::uint64_t subjects);
  [[nodiscard]] model::SubjectInfo info_of(const Record& record, model::Registry& registry, int depth);
  model::SubjectId id_of(std::uint32_t number, model::Registry& registry, int depth);

  std::vector<Subject> subjects_;
  std::vector<Change> changes_;
  std::size_t reached_ = 0;
  std::uint64_t text_size_ = 0;
};

}  // namespace leakscope::sources::recording
