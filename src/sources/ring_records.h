#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/stack_table.h"
#include "sources/event_format.h"

namespace leakscope::sources {

/// Which records of a machine's ring buffers are allocations, frees or call stacks: by the id that each begins with.
class RingRecords {
 public:
  explicit RingRecords(const TraceMachine& machine) : machine_(machine) {}

  /// Takes a format note of; those of no interest are passed over. False: its event is none of memory.
  [[nodiscard]] Result<bool> add(const EventFormat& format);

  enum class Kind : std::uint8_t { kOther, kKmem, kStack };
  struct What {
    Kind kind = Kind::kOther;
    std::uint8_t decoder = 0;  ///< of kKmem
  };
  /// kOther for records too short to have an id.
  [[nodiscard]] What what(std::span<const std::byte> record) const;
  [[nodiscard]] const KmemDecoder& decoder(std::uint8_t index) const { return decoders_[index]; }
  /// The addresses of a stack record, innermost first, into `frames` (which keeps its memory).
  void read_frames(std::span<const std::byte> record, std::vector<std::uint64_t>& frames) const;

  /// Of the task and its context, the same in an event and in the stack that the kernel wrote for it.
  [[nodiscard]] static std::uint64_t context(std::span<const std::byte> record);

  [[nodiscard]] const std::vector<std::string>& event_names() const { return names_; }
  [[nodiscard]] const TraceMachine& machine() const { return machine_; }

 private:
  TraceMachine machine_;
  std::vector<What> by_id_;
  std::vector<KmemDecoder> decoders_;
  std::vector<std::string> names_;
  std::size_t stack_at_ = 0;  // where the addresses begin
  std::size_t size_at_ = 0;   // where their number stands; 0: nowhere
};

}  // namespace leakscope::sources
