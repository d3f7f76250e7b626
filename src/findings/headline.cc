#include "findings/headline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/time.h"
#include "findings/catalog.h"
#include "findings/text.h"

namespace leakscope::findings {
namespace {

bool alarms(const Finding& finding) { return finding.state == State::kLeak || finding.state == State::kGrowing; }

std::string_view who(const Finding& finding) {
  if (finding.id.starts_with("cgroup.")) return "a limited cgroup";
  if (finding.id.starts_with("machine.")) return "the machine";
  return finding.domain == Domain::kKernel ? "the kernel" : "a program";
}

bool is_plural(const Finding& finding) {
  static constexpr auto kPlural = std::to_array<std::string_view>(
      {"kernel.stacks", "kernel.page_tables", "kernel.sockets", "kernel.messages", "kernel.dying_cgroups",
       "kernel.residual", "limit.files", "limit.pids", "limit.conntrack", "limit.inotify", "limit.ipc"});
  const bool many_bpf = finding.id == "kernel.bpf" && finding.subject.key.name.empty();
  return many_bpf || std::ranges::find(kPlural, finding.id) != kPlural.end();
}

std::string grows(const Finding& finding) {
  std::string_view verb = is_plural(finding) ? "grow by" : "grows by";
  if (finding.id == "machine.decline") verb = "falls by";
  std::string_view of;
  if (finding.id == "user.descriptors") of = "descriptors";
  if (finding.id == "user.threads") of = "threads";
  if (finding.per_round) {
    if (finding.id == "kernel.messages") of = "messages";
    if (finding.id == "user.heap") of = "of its heap";
    return fmt::format("{} {}", verb == "grow by" ? "lose" : "loses",
                       per_round_text(finding.unit, *finding.per_round, of));
  }
  if (finding.rate) return fmt::format("{} {}", verb, rate_text(finding.unit, *finding.rate, of));
  return fmt::format("{} {}", verb, amount_text(finding.unit, static_cast<double>(finding.amount.value_or(0))));
}

std::string share(const Finding& finding) {
  if (!finding.share_of_decline || *finding.share_of_decline < 0.005 || finding.id == "machine.decline") return {};
  return fmt::format(" and {} {:.0f} % of what this machine lost", is_plural(finding) ? "explain" : "explains",
                     100 * *finding.share_of_decline);
}

std::string holder(const Finding& finding) {
  if (finding.holders.empty() || finding.domain != Domain::kKernel) return {};
  const Holder& first = finding.holders.front();
  return fmt::format("; process {} ({}) holds {}: {}", first.process.pid.value, first.comm,
                     is_plural(finding) ? "them" : "it", first.holds);
}

std::string what_is_left(const Judged& judged, const Finding& first) {
  std::string text;
  if (judged.decline.available_now) {
    // Both may be any figure of a file.
    const double swap = static_cast<double>(judged.decline.swap_free_now.value_or(0));
    text = fmt::format("Available memory{}: {}", swap > 0 ? " and free swap" : "",
                       amount_text(model::Unit::kBytes, static_cast<double>(*judged.decline.available_now) + swap));
  }
  if (!first.eta) return text.empty() ? text : text + ".";
  // Removed cgroups have no limit but the memory that they take along.
  const bool memory =
      first.id == "kernel.dying_cgroups" || (first.unit == model::Unit::kBytes && !first.id.starts_with("cgroup."));
  const std::string when = first.eta->upper ? fmt::format("in {}", eta_text(*first.eta)) : eta_text(*first.eta);
  if (memory && !text.empty()) return fmt::format("{}, gone {} if nothing changes.", text, when);
  return fmt::format("The limit is reached {} if nothing changes.", when);
}

/// "7 B of its heap", "1 descriptor"
std::string noticed_of(const Detectable& detectable) {
  if (detectable.unit == model::Unit::kBytes)
    return fmt::format("{} of {}", to_human(Bytes(detectable.per_round)), detectable.of);
  std::string_view of = detectable.of;
  if (detectable.per_round == 1 && of.ends_with('s')) of.remove_suffix(1);
  return fmt::format("{} {}", detectable.per_round, of);
}

/// " It would have noticed 7 B of its heap, 1 descriptor per round."
std::string noticed_text(const Judged& judged) {
  std::string text;
  for (const Detectable& detectable : judged.detectable) {
    text += (text.empty() ? " It would have noticed " : ", ") + noticed_of(detectable);
  }
  return text.empty() ? text : text + " per round.";
}

std::string sentence_of(const Judged& judged, Nanoseconds window) {
  const auto first = std::ranges::find_if(judged.findings, alarms);
  if (first != judged.findings.end()) {
    return fmt::format("{}: {} {}{}{}.", who(*first), title_of(*first), grows(*first), share(*first), holder(*first));
  }
  if (judged.verdict == Verdict::kInsufficient && judged.rounds_needed) {
    return fmt::format("something rises with the rounds, and {} are too few to tell whether because of them: run {}.",
                       judged.rounds.value_or(0), *judged.rounds_needed);
  }
  if (judged.verdict == Verdict::kInsufficient && judged.rounds) {
    return fmt::format("{} {} too few to judge: run 6 or more.", *judged.rounds,
                       judged.rounds == 1 ? "round is" : "rounds are");
  }
  if (judged.verdict == Verdict::kInsufficient) {
    if (!judged.needed) return "nothing could be judged: too few samples, or nothing may be read.";
    const std::string why =
        judged.doubt.empty() ? fmt::format("{} are too short to judge", to_human(window)) : judged.doubt;
    return fmt::format("{}: watch for {} or more.", why, to_human(*judged.needed));
  }
  if (judged.in_part) return "nothing grows in what this evidence shows, which is not the whole machine.";
  if (judged.rounds) return "nothing is lost per round." + noticed_text(judged);
  if (judged.detectable_rate && *judged.detectable_rate > 0) {
    const std::string rate = amount_text(model::Unit::kBytes, *judged.detectable_rate * 60);
    return fmt::format("nothing leaks: a steady loss of {}/min would have been noticed.", rate);
  }
  return "nothing leaks.";
}

}  // namespace

Headline headline_of(const Judged& judged, Nanoseconds window) {
  Headline headline{sentence_of(judged, window), {}};
  const auto first = std::ranges::find_if(judged.findings, alarms);
  if (first != judged.findings.end()) {
    if (std::string left = what_is_left(judged, *first); !left.empty()) headline.details.push_back(std::move(left));
  }
  if (!judged.struggle.empty()) {
    std::string text = "The machine struggles: ";
    for (std::size_t i = 0; i < judged.struggle.size(); ++i) text += (i > 0 ? "; " : "") + judged.struggle[i];
    headline.details.push_back(text + ".");
  }
  return headline;
}

}  // namespace leakscope::findings
