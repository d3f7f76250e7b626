#!/usr/bin/env python3
"""Plants violations in a small tree and expects layers.py to find each of them, and nothing else."""
import pathlib
import tempfile
import unittest

import layers

TABLE = """
# Architecture

| module | may include | does not know about |
|---|---|---|
| `base`, `wire` | nothing of ours | memory |
| `model` | `base` | files |
| `sources` | `base` `model` | who asks |
| `sources/*` | `base` `wire` `model` `sources` | its siblings |
| `analysis/*` | `base` `model` `analysis/stats` | clocks |
| `findings` | `base` `model` `analysis/*` | terminals |
| `cli` | `base` | rules |
| `main.cc` | `cli` | all else |

| another table | may include |
|---|---|
| `ignored` | `everything` |
"""


class Layers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "ARCHITECTURE.md").write_text(TABLE)
        self.write("base/error.h", "#include <string>\n")

    def write(self, path, text):
        file = self.root / "src" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def test_a_tree_that_keeps_the_table_is_silent(self):
        self.write("main.cc", '#include "cli/cli.h"\n')
        self.write("model/sample.h", '#include "base/error.h"\n#include "model/metrics.def"\n')
        self.write("sources/procfs/stat.cc", '#include "sources/procfs/stat.h"\n#include "sources/source.h"\n')
        self.write("sources/procfs/bpf/tasks.cc", '#include "sources/procfs/stat.h"\n#include "tasks.skel.h"\n')
        self.write("analysis/trend/slope.cc", '#include "analysis/stats/rank.h"\n')
        self.write("findings/rules/slab.cc", '#include "analysis/trend/slope.h"\n#include "findings/finding.h"\n')
        self.assertEqual(layers.check(self.root), [])

    def test_analysis_may_not_include_a_source(self):
        self.write("analysis/trend/slope.cc", '#include <cmath>\n  #  include "sources/procfs/smaps.h"\n')
        self.assertEqual(
            layers.check(self.root), ["analysis/trend/slope.cc:2: analysis/trend may not include sources/procfs"])

    def test_sibling_sources_may_not_include_each_other(self):
        self.write("sources/procfs/smaps.cc", '\n\n#include "sources/cgroupfs/stat.h"\n')
        self.assertEqual(
            layers.check(self.root), ["sources/procfs/smaps.cc:3: sources/procfs may not include sources/cgroupfs"])

    def test_analysis_siblings_may_include_stats_only(self):
        self.write("analysis/stats/rank.cc", '#include "analysis/trend/slope.h"\n')
        self.assertEqual(
            layers.check(self.root), ["analysis/stats/rank.cc:1: analysis/stats may not include analysis/trend"])

    def test_the_port_may_not_include_an_implementation(self):
        self.write("sources/source.h", '#include "sources/procfs/stat.h"\n')
        self.assertEqual(layers.check(self.root), ["sources/source.h:1: sources may not include sources/procfs"])

    def test_tests_and_headers_count_and_so_does_the_way_up(self):
        self.write("base/text_test.cc", '#include "model/sample.h"\n')
        self.write("model/sample.h", '#include "findings/finding.h"\n')
        self.assertEqual(layers.check(self.root), [
            "base/text_test.cc:1: base may not include model",
            "model/sample.h:1: model may not include findings",
        ])

    def test_main_may_include_cli_only(self):
        self.write("main.cc", '#include "cli/cli.h"\n#include "base/error.h"\n')
        self.assertEqual(layers.check(self.root), ["main.cc:2: main.cc may not include base"])

    def test_a_folder_without_a_row_is_named(self):
        self.write("utils/strings.h", "")
        self.write("analysis/loose.cc", "")
        self.assertEqual(layers.check(self.root), [
            "analysis/loose.cc: analysis is in no row of the table in ARCHITECTURE.md",
            "utils/strings.h: utils is in no row of the table in ARCHITECTURE.md",
        ])

    def test_includes_that_do_not_start_at_src_are_named(self):
        self.write("model/sample.cc", '#include "sample.h"\n#include "../base/error.h"\n')
        self.write("model/sample.h", "")
        self.assertEqual(layers.check(self.root), [
            'model/sample.cc:1: "sample.h" is in no module; includes start at src/',
            'model/sample.cc:2: "../base/error.h" is in no module; includes start at src/',
        ])

    def test_a_broken_table_is_an_error(self):
        second_row = "\n| module | may include |\n|---|---|\n| `base` | nothing |\n"
        unknown_name = TABLE.replace("| `cli` | `base` |", "| `cli` | `bass` |")
        for table in ("# no table\n", TABLE + second_row, unknown_name):
            (self.root / "ARCHITECTURE.md").write_text(table)
            with self.assertRaises(layers.TableError):
                layers.check(self.root)

    def test_an_empty_tree_is_an_error(self):
        (self.root / "src/base/error.h").unlink()
        with self.assertRaises(layers.TableError):
            layers.check(self.root)


if __name__ == "__main__":
    unittest.main()
