#!/usr/bin/env python3
"""Names the tests that did not run, and why, from the log that ctest keeps of its last run.

usage: not_run.py BUILD/Testing/Temporary/LastTest.log

A GoogleTest that skips says why in the lines behind "FILE:LINE: Skipped"; any other test prints a line "did not run: WHY".
"""
import re
import sys

TEST = re.compile(r"^\d+/\d+ Test: (.*)$")
PLACE = re.compile(r"^\S+:\d+: Skipped$")
GTEST = re.compile(r"^\[  SKIPPED \] (\S+) \(\d+ ms\)$")
OWN = "did not run: "


def not_run(log: str) -> list:
    """[(test, why)]"""
    found, test, why = [], "", None
    for line in log.splitlines():
        if match := TEST.match(line):
            test, why = match[1], None
        elif line.startswith(OWN):
            found.append((test, line.removeprefix(OWN)))
        elif PLACE.match(line):
            why = []
        elif match := GTEST.match(line):
            found.append((f"{test}: {match[1]}", " ".join(why or []) or "no reason was given"))
            why = None
        elif why is not None and line.strip():
            why.append(line.strip())
    return found


def main(path: str) -> None:
    with open(path, encoding="utf-8", errors="replace") as log:
        found = not_run(log.read())
    for test, why in found:
        print(f"did not run: {test}: {why}")
    if not found:
        print("no test was left out for want of something")


if __name__ == "__main__":
    main(*sys.argv[1:])
