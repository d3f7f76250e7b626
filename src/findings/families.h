#pragma once

namespace leakscope::findings {

/// How the false discovery rate is shared out.
///
/// The tests form trees: the machine's bytes by category (anonymous memory, unreclaimable slab, ...) with the subjects
/// of each category below it; the limited cgroups; the countable resources. Each quantity (quantity.h) is one family
/// and gets Benjamini-Hochberg at half of the options' q, because a tree of families that are tested only below
/// rejected parents keeps the rate over the whole tree within about twice the level of its families (Yekutieli 2008).
///
/// A parent gates by its p-value alone. Available memory itself gates nothing: it moves with everything that comes and
/// goes, and on a busy machine its noise would close every category. Where a category is not rejected, its subjects are
/// still tested, as a family at a fifth of the level: a small leaker must not hide in a big, noisy parent (a compiler
/// at work, two programs of which one shrinks). A fifth is what the shortest window can pay: twelve points, which is
/// what slow sources give in a minute, prove a straight line to about p = 0.002.
///
/// The other way round, a category that grows by every gate although none of its subjects passes alone is told with
/// the subject that explains most of it (draft.h, main_subject): that subject needs no test of its own.
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
