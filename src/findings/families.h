#pragma once

namespace leakscope::findings {

/// How the false discovery rate is shared out.
///
/// The tree of tests has three roots: the machine's bytes, the limited cgroups, the countable resources. Each quantity
/// (quantity.h) is one family and gets Benjamini-Hochberg at half of the options' q, because a tree of families that
/// are tested only below rejected parents keeps the rate over the whole tree within about twice the level of its
/// families (Yekutieli 2008).
///
/// A parent gates by its p-value alone. Where it is not rejected, its children are still tested, as a family at a fifth
/// of the level: a small leaker must not hide in a big, noisy parent (a page cache that comes and goes, two programs of
/// which one shrinks). A fifth is what the shortest window can pay: twelve points, which is what slow sources give in a
/// minute, prove a straight line to about p = 0.002. A parent that is rejected opens its children at the full level,
/// whatever level it was tested at itself: the penalty is paid once.
///
/// Within a family, what a gate of its own series stopped (a step, a saturation, a sawtooth) counts as p = 1: it is no
/// discovery, and would otherwise make room for others. No tests at all are
/// - series that moved less than the noise of their counter: the range of a series says nothing about the order of its
///   values, which is all that Mann-Kendall looks at, so leaving them out does not bend the rate (Bourgon, Gentleman &
///   Huber 2010), and an idle machine with 400 still caches does not hide the one that moves;
/// - subjects that were not there all the time, or are no more: they are not told as growing whatever they did.
inline constexpr double kFamilyShare = 0.5;
inline constexpr double kUnderUnrejectedParent = 0.2;

}  // namespace leakscope::findings
