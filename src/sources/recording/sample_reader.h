#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sources/recording/block_reader.h"
#include "sources/recording/frame_source.h"
#include "sources/recording/recording_reader.h"
#include "sources/recording/session_frame.h"

namespace leakscope::sources::recording {

/// The stream behind open_recording().
class SampleReader final : public SampleStream {
 public:
  SampleReader(std::unique_ptr<FrameSource> frames, std::string name, std::shared_ptr<model::Registry> registry,
               ReaderOptions options);

  /// Reads up to the first block, so that host() is known.
  [[nodiscard]] Result<> begin();

  [[nodiscard]] Result<bool> next(model::Sample& sample) override;
  [[nodiscard]] const model::Host& host() const override { return host_; }
  [[nodiscard]] std::vector<model::Coverage> coverage() const override { return coverage_; }
  [[nodiscard]] std::vector<model::Loss> losses() const override;
  [[nodiscard]] std::vector<ProcessId> observers() const override { return recorders_; }

 private:
  [[nodiscard]] Result<> choose_last_boot();
  [[nodiscard]] Result<bool> load_next_block();
  [[nodiscard]] Result<bool> load_block(const FrameHeader& header);
  [[nodiscard]] Result<std::optional<std::string_view>> unpack(const FrameHeader& header);
  [[nodiscard]] bool is_wanted(const FrameHeader& header) const;
  [[nodiscard]] bool is_wanted(const Moment& time) const;
  void enter_session(const FrameHeader& header);
  void count_ordinals();
  void read_session_frame(const FrameHeader& header);
  void read_session_end(const FrameHeader& header);
  void announce(model::Sample& sample);
  void leave_session();

  struct Announcement {
    model::EventKind kind{};
    std::string text;
    bool retire_all = false;
  };

  std::unique_ptr<FrameSource> frames_;
  std::string name_;
  std::shared_ptr<model::Registry> registry_;
  ReaderOptions options_;
  std::optional<std::set<std::uint64_t>> sessions_of_other_boots_;
  std::optional<std::string> only_boot_;

  FrameCodec codec_;
  std::string raw_;
  std::optional<BlockReader> block_;
  std::optional<Announcement> announcement_;

  std::optional<std::uint64_t> session_;   ///< whose blocks are being read
  std::optional<std::uint64_t> facts_of_;  ///< whose session frame was read last
  SessionFacts facts_;
  model::Host host_;
  std::string boot_id_;
  std::optional<Moment> last_;  ///< sample given last
  bool last_in_session_ = false;
  bool entered_ = false;  ///< the block is the session's first
  std::optional<std::uint64_t> next_ordinal_;
  std::vector<ProcessId> recorders_;
  std::vector<model::Coverage> coverage_;
  std::vector<model::Loss> session_losses_;  ///< as the recorder said last
  std::vector<model::Loss> past_losses_;     ///< of sessions before
  bool any_frame_ = false;
  std::uint64_t samples_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t merged_ = 0;
  std::uint64_t not_written_ = 0;
  std::uint64_t unknown_ = 0;
  std::uint64_t damaged_ = 0;
  struct TextOfBlock {
    std::size_t subjects = 0;
    std::uint64_t bytes = 0;
  };
  TextOfBlock text_of_block_;
  std::size_t registry_size_ = 0;
  std::uint64_t text_ = 0;  ///< that the recording has put into the registry, roughly
};

}  // namespace leakscope::sources::recording
