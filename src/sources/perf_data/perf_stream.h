#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sources/kmem_stream.h"
#include "sources/perf_data/kernel_chain.h"
#include "sources/perf_data/losses.h"
#include "sources/perf_data/record_reader.h"
#include "sources/perf_data/recording.h"
#include "sources/perf_data/round_sorter.h"
#include "sources/perf_data/task_names.h"

namespace leakscope::sources::perf_data {

/// The allocation events of one perf.data.
class PerfStream final : public KmemStream {
 public:
  /// `data_end`: where the file's header says that its records end; nothing when it does not say.
  PerfStream(RecordReader reader, Recording recording, std::optional<std::uint64_t> data_end);

  [[nodiscard]] Result<std::span<const model::KmemEvent>> next() override;
  [[nodiscard]] const TraceFacts& facts() const override { return facts_; }
  [[nodiscard]] const model::StackTable& stacks() const override { return stacks_; }
  [[nodiscard]] const model::NameTable& names() const override { return names_; }
  [[nodiscard]] const model::KernelSymbols& symbols() const override { return recording_.symbols(); }
  [[nodiscard]] std::vector<model::Loss> losses() const override;
  [[nodiscard]] std::vector<model::Coverage> coverage() const override { return recording_.coverage(); }

 private:
  [[nodiscard]] Result<> read_on();
  void finish();
  [[nodiscard]] Result<> on_record(const Record& record);
  [[nodiscard]] Result<> on_description(const Record& record);
  void on_sample(const Record& record);
  void on_task(const Record& record);
  void on_lost(const Record& record);
  void give_out(const RoundSorter::Item& item);
  void refresh_facts();

  RecordReader reader_;
  Recording recording_;
  std::optional<std::uint64_t> data_end_;
  TraceFacts facts_;
  model::StackTable stacks_;
  model::NameTable names_;
  TaskNames tasks_;
  KernelChain chain_;
  RoundSorter sorter_;
  Losses losses_;
  std::vector<model::KmemEvent> out_;
  std::optional<Error> error_;  // told once all that came before it is given out
  bool ended_ = false;
};

}  // namespace leakscope::sources::perf_data
