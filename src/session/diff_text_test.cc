#include "session/diff_text.h"

#include <gtest/gtest.h>

namespace leakscope::session {
namespace {

using namespace analysis::difference;  // NOLINT(google-build-using-namespace): the words of this file
using model::LedgerClass;
using model::Metric;
using model::SubjectKind;

constexpr std::int64_t kMiB = std::int64_t{1} << 20;

/// Two pictures: each subject and row stands at nothing before.
struct Pair {
  Picture before;
  Picture after;

  Pair() {
    before.ledger = model::Ledger{Bytes(10000 * kMiB), {}, {}, {}};
    after.ledger = before.ledger;
  }
  Pair& row(std::string id, LedgerClass klass, std::int64_t mib) {
    const std::string label = "row " + id;
    before.ledger->rows.push_back({id, klass, Bytes(100 * kMiB), label, ""});
    after.ledger->rows.push_back({id, klass, Bytes((100 + mib) * kMiB), label, ""});
    return *this;
  }
  Pair& subject(SubjectKind kind, std::string name, Metric metric, std::int64_t mib, int pid = 0) {
    Standing standing;
    standing.subject.key = {kind, std::move(name)};
    if (pid > 0) standing.subject.key.process = ProcessId{Pid{pid}, StartTime{1}};
    standing.values[metric] = 100 * kMiB;
    before.of(kind).listing = Listing::kAll;
    after.of(kind).listing = Listing::kAll;
    before.of(kind).standings.push_back(standing);
    standing.values[metric] = (100 + mib) * kMiB;
    after.of(kind).standings.push_back(std::move(standing));
    return *this;
  }
  [[nodiscard]] std::string headline() const { return headline_of(compare(before, after), kMiB); }
};

TEST(DiffHeadline, NamesTheRowThatNoSubjectStandsFor) {
  Pair pair;
  pair.row("user.anonymous", LedgerClass::kUser, 322)
      .row("user.shared", LedgerClass::kUser, 80)
      .row("kernel.page_tables", LedgerClass::kKernel, 1)
      .row("free.buddy", LedgerClass::kFree, -403)
      .subject(SubjectKind::kSlabCache, "dentry", Metric::kSlabBytes, 1);
  EXPECT_EQ(pair.headline(),
            "Between the two the machine lost 403 MiB: row user.anonymous +322 MiB, row user.shared +80.0 MiB.");
}

TEST(DiffHeadline, TellsNoBytesTwice) {
  Pair pair;
  pair.row("user.anonymous", LedgerClass::kUser, 300)
      .row("user.shared", LedgerClass::kUser, 100)
      .row("free.buddy", LedgerClass::kFree, -400)
      .subject(SubjectKind::kProcess, "server", Metric::kProcessRssAnon, 300, 7)
      .subject(SubjectKind::kTmpfs, "/run", Metric::kTmpfsUsed, 100);
  EXPECT_EQ(pair.headline(),
            "Between the two the machine lost 400 MiB: process 7 (server) +300 MiB, tmpfs /run +100 MiB.");
}

TEST(DiffHeadline, ProcessesAreNamedBeforeARestThatHasThem) {
  Pair pair;
  pair.row("free.buddy", LedgerClass::kFree, -138)
      .subject(SubjectKind::kProcess, "web-server", Metric::kProcessRss, 104, 139)
      .subject(SubjectKind::kProcess, "exporter", Metric::kProcessRss, 32, 150);
  EXPECT_EQ(pair.headline(),
            "Between the two the machine lost 138 MiB: process 139 (web-server) +104 MiB, process 150 (exporter) "
            "+32.0 MiB.");
}

TEST(DiffHeadline, WhatALogDoesNotTellApartIsNoHiddenPage) {
  Pair without;
  without.row("free.buddy", LedgerClass::kFree, -138);
  EXPECT_EQ(without.headline(),
            "Between the two the machine lost 138 MiB: memory that this evidence does not tell apart +138 MiB.");
  Pair beyond;
  beyond.row("free.buddy", LedgerClass::kFree, -138)
      .subject(SubjectKind::kProcess, "server", Metric::kProcessRssAnon, 38, 7);
  EXPECT_EQ(beyond.headline(),
            "Between the two the machine lost 138 MiB: memory that this evidence does not tell apart +100 MiB, process "
            "7 (server) +38.0 MiB.");
  Pair told;
  told.row("user.anonymous", LedgerClass::kUser, 0)
      .row("free.buddy", LedgerClass::kFree, -138)
      .subject(SubjectKind::kProcess, "server", Metric::kProcessRssAnon, 0, 7);
  EXPECT_EQ(told.headline(), "Between the two the machine lost 138 MiB: pages that no counter shows +138 MiB.");
}

TEST(DiffHeadline, ResidentMemoryAloneNamesWhoRose) {
  Pair pair;
  pair.before.ledger.reset();
  pair.after.ledger.reset();
  pair.subject(SubjectKind::kProcess, "server", Metric::kProcessRss, 104, 139);
  EXPECT_EQ(pair.headline(),
            "Between the two the books of the machine cannot be compared; what grew all the same: process 139 (server) "
            "+104 MiB.");
}

}  // namespace
}  // namespace leakscope::session
