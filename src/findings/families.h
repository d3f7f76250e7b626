#pragma once

namespace leakscope::findings {

/// How the false discovery rate is shared out.
///
/// The tree has three roots: the machine's bytes, the limited cgroups, the countable resources. They get 1/2, 1/4 and
/// 1/4 of the options' q, and half of that per family, because a tree of families that is tested only below rejected
/// parents keeps the rate over the whole tree within about twice the level of its families (Yekutieli 2008).
///
/// A parent gates by its p-value alone. Where it is not rejected, its children are still tested, as a family at a
/// tenth of the level: a small leaker must not hide in a big, noisy parent (a page cache that comes and goes, two
/// programs of which one shrinks), and a clean leaker of eight or more blocks passes that level with ease, while ten
/// such families together add no more than one ordinary family would. A child of a parent that was itself rejected
/// at the stricter level is tested at that level: the penalty is paid once.
///
/// Within a family, what a gate of its own series stopped (a step, a saturation, a sawtooth) counts as p = 1: it is no
/// discovery, and would otherwise make room for others.
///
/// Series that did not move by at least their counter's noise are no tests. The range of a series says nothing about
/// the order of its values, which is all that Mann-Kendall looks at, so leaving them out does not bend the rate
/// (Bourgon, Gentleman & Huber 2010), and an idle machine with 400 still caches does not hide the one that moves.
inline constexpr double kMachineShare = 0.5 / 2;
inline constexpr double kCgroupsShare = 0.25 / 2;
inline constexpr double kCountsShare = 0.25 / 2;
inline constexpr double kUnderUnrejectedParent = 0.1;

}  // namespace leakscope::findings
