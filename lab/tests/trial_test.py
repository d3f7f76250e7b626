import json
import os
import time
import unittest
from pathlib import Path
from unittest import mock

import trial
from private_cache import PrivateCache
from trials import board

LEAK = {"id": "kernel.slab.growth", "state": "growing", "domain": "kernel", "unit": "bytes", "amount": 1, "rate": None,
        "subject": {"kind": "slab_cache", "name": "kmalloc-cg-1k"}, "holders": [{"comm": "leak_sysv_msg"}]}
OTHER = {"id": "user.anon", "state": "growing", "domain": "user", "subject": {"kind": "process", "name": "innocent"}}


class RowTest(PrivateCache):
    def faults(self, *findings, why=None, samples=61):
        for name in trial.NAMES:
            folder = self.home / f"{name}@6.1"
            folder.mkdir(exist_ok=True)
            (folder / "unit.json").write_text(json.dumps({"why": why, "company": sorted(trial.NAMES)}))
            (folder / "verdict.json").write_text(json.dumps({"window": {"samples": samples}, "findings": list(findings)}))
        rows = [trial.row_of(name, self.home) for name in trial.NAMES]
        return [f"{row.unit.name}: {fault}" for row in rows for fault in board.faults(row)]

    def test_right(self):
        self.assertEqual(self.faults(LEAK), [])

    def test_wrong(self):
        self.assertRegex(self.faults()[0], "sysv-messages@6.1: missed")
        self.assertRegex(self.faults(LEAK, OTHER)[0], "plateau@6.1: false alarm: user.anon of process 'innocent'")

    def test_what_the_machine_is_to_blame_for(self):
        for slow in ({"samples": 40}, {"why": "the boot's time was over before"}, {"why": "the guest ended before: lab: qemu: Killed"},
                     {"why": "command 1 ended with 0 before the recording did: "}):
            with self.assertRaises(trial.DidNotRun):
                self.faults(LEAK, **slow)

    def test_what_it_is_not_to_blame_for(self):
        for why in ("the guest ended before: lab: Kernel panic - not syncing", "leakscope record ended with 2: no",
                    "command 1 ended with 1 before the recording did: no"):
            self.assertEqual(self.faults(why=why), [f"{name}@6.1: {why}" for name in trial.NAMES])


class LabTest(PrivateCache):
    def run_lab(self, script: str, seconds: float):
        program = self.home / "lab.py"
        program.write_text(script)
        with mock.patch.object(trial, "LAB", program):
            return trial.lab([], seconds)

    def test_what_it_said(self):
        self.assertEqual(self.run_lab("import sys\nprint('x', file=sys.stderr)\nsys.exit(3)", 20), (3, "x\n"))

    def test_it_is_ended(self):
        start = time.monotonic()
        code, said = self.run_lab("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(100)", 2)
        self.assertEqual(code, None)
        self.assertLess(time.monotonic() - start, 50)
        self.assertFalse(Path(f"/proc/{int(said)}").exists())


class MainTest(unittest.TestCase):
    def test_it_says_why_it_did_not_run(self):
        with mock.patch.dict(os.environ, {"PATH": "/nowhere"}), mock.patch("builtins.print") as said:
            self.assertEqual(trial.main("leakscope", "programs"), trial.DID_NOT_RUN)
        self.assertRegex(said.call_args[0][0], "^did not run: no qemu-system-x86_64, ")


if __name__ == "__main__":
    unittest.main()
