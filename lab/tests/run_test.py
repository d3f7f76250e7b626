import contextlib
import io
import json
import signal
import stat
import unittest
from pathlib import Path
from unittest import mock

import lab
from guests import kernels, modules
from guests.boot import LAB_FAILED, TIMED_OUT
from guests.errors import LabError
from guests.kernels import Kernel
from private_cache import PrivateCache
from trials import boots, practice, run, scenario

# Stands in for `lab.py boot`: does in the results folder what $GUEST says, with $results and $plan at hand.
FAKE_BOOT = """#!/bin/sh
while [ $# -gt 0 ]; do
  [ "$1" = --results ] && results=$2
  shift
done
plan=$results/plan
echo boot >>"$BOOTED"
eval "$GUEST"
"""
RECORDED = 'for t in "$plan"/*; do echo made >"$t/recording.lsr"; for m in "$t"/*/; do echo recorded >"$m/outcome"; done; done'
# Stands in for leakscope: says of each recording what its text asks for.
FAKE_LEAKSCOPE = """#!/bin/sh
for recording in "$@"; do :; done
echo "$DOCUMENT"
exit "$CODE"
"""
NOTHING = {"findings": []}


class RunTest(PrivateCache):
    def setUp(self):
        super().setUp()
        self.folder = self.home / "scenarios"
        self.scenario("rests", leak=False)
        fakes = {}
        for name, text in (("boot", FAKE_BOOT), ("leakscope", FAKE_LEAKSCOPE), ("leaks", "#!/bin/sh\n"), ("grows", "#!/bin/sh\n")):
            fakes[name] = self.home / "bin" / name
            fakes[name].parent.mkdir(exist_ok=True)
            fakes[name].write_text(text)
            fakes[name].chmod(stat.S_IRWXU)
        self.booted = self.home / "booted"
        self.environ.update(BOOTED=str(self.booted), GUEST=RECORDED, DOCUMENT=json.dumps(NOTHING), CODE="0")
        self.leakscope, self.said = fakes["leakscope"], []
        for patch in (mock.patch.object(scenario, "FOLDER", self.folder), mock.patch.object(boots, "LAB", fakes["boot"]),
                      mock.patch.object(boots.sys, "executable", "/bin/sh"), mock.patch.object(boots, "_PYTHON", ()),
                      mock.patch.object(scenario.load, "__defaults__", (self.folder,)),
                      mock.patch.object(scenario.names, "__defaults__", (self.folder,)),
                      mock.patch.object(kernels, "ready", lambda name, *_: Kernel(name, name, Path(f"/k/{name}-00ff")))):
            patch.start()
            self.addCleanup(patch.stop)

    def scenario(self, name, leak=True, top=""):
        rest = ('domain = "user"\nfindings = ["user.anon"]\nsubject = "leaks"\n' if leak
                else 'subject = "leaks"\nstates = ["clean"]\n')
        (self.folder / name).mkdir(parents=True)
        (self.folder / name / "scenario.toml").write_text(
            f'title = "x"\nstart = ["leaks 1M"]\n{top}[truth]\nleak = {str(leak).lower()}\n{rest}')

    def run_them(self, *names, kernel_names=("6.1",), **more):
        order = run.Order(names, kernel_names, 1, self.leakscope, (self.home / "bin",), self.home / "store", **more)
        return run.run(order, self.said.append)

    def boots(self):
        return len(self.booted.read_text().splitlines()) if self.booted.exists() else 0

    def test_a_recording_is_judged_against_the_truth(self):
        self.scenario("leaks")
        rows = self.run_them()
        self.assertEqual([(row.unit.name, row.score.outcome) for row in rows], [("leaks@6.1", "missed"), ("rests@6.1", "silent")])
        self.assertEqual(self.boots(), 1)
        self.assertTrue((self.home / "store" / "rests@6.1" / "verdict.json").is_file())

    def test_a_unit_is_a_scenario_on_a_kernel_it_applies_to(self):
        self.scenario("leaks", top='kernels = ["6.12"]\n')
        rows = self.run_them(kernel_names=("6.1", "6.12"))
        self.assertEqual([row.unit.name for row in rows], ["leaks@6.12", "rests@6.1", "rests@6.12"])

    def test_resume_keeps_what_is_of_the_same_key(self):
        self.run_them()
        self.assertEqual(self.run_them(resume=True)[0].score.outcome, "silent")
        self.assertEqual(self.boots(), 1)
        self.run_them()
        self.assertEqual(self.boots(), 2)
        (self.home / "bin" / "leaks").write_text("#!/bin/sh\n# changed\n")
        self.run_them(resume=True)
        self.assertEqual(self.boots(), 3)

    def test_resume_tries_again_what_failed(self):
        self.environ["GUEST"] = 'echo "command 1 ended with 1: no" >"$plan/000/rests/outcome"'
        self.assertEqual(self.run_them()[0].why, "command 1 ended with 1: no")
        self.environ["GUEST"] = RECORDED
        self.assertEqual(self.run_them(resume=True)[0].score.outcome, "silent")

    def test_together_is_one_recording_of_which_each_has_its_own_share(self):
        self.scenario("a")
        text = (self.folder / "a" / "scenario.toml").read_text()
        (self.folder / "a" / "scenario.toml").write_text(text.replace("leaks", "grows"))
        said = [{"id": "user.anon", "state": "growing", "domain": "user", "unit": "bytes", "amount": 1, "rate": None,
                 "subject": {"kind": "process", "name": name}} for name in ("grows", "innocent")]
        self.environ["DOCUMENT"] = json.dumps({"findings": said})
        rows = self.run_them(together=2)
        self.assertEqual([(row.unit.name, row.score.outcome, len(row.score.false_alarms)) for row in rows],
                         [("a@6.1", "right", 1), ("rests@6.1", "silent", 0)])
        self.assertEqual(self.boots(), 1)

    def test_one_that_was_recorded_answers_for_what_is_about_nobody(self):
        self.scenario("a")
        text = (self.folder / "a" / "scenario.toml").read_text()
        (self.folder / "a" / "scenario.toml").write_text(text.replace("leaks", "grows"))
        self.environ["GUEST"] = RECORDED + '; echo "command 1 ended with 1: no" >"$plan/000/a/outcome"'
        self.environ["DOCUMENT"] = json.dumps({"findings": [
            {"id": "user.anon", "state": "growing", "subject": {"kind": "process", "name": "innocent"}}]})
        rows = self.run_them(together=2)
        self.assertEqual(rows[0].why, "command 1 ended with 1: no")
        self.assertEqual(len(rows[1].score.false_alarms), 1)

    def test_the_time_to_the_first_right_verdict(self):
        self.scenario("leaks")
        grows = {"findings": [{"id": "user.anon", "state": "growing", "domain": "user", "unit": "bytes",
                               "subject": {"kind": "process", "name": "leaks"}}]}
        self.leakscope.write_text("""#!/bin/sh
case "$*" in *"--until 10s "* | *"--until 20s "*) echo '{"findings": []}' ;; *) echo "$DOCUMENT" ;; esac
""")
        self.environ["DOCUMENT"] = json.dumps(grows)
        row = self.run_them("leaks")[0]
        self.assertEqual((row.score.outcome, row.score.seconds_to_right), ("right", 30))
        self.environ["DOCUMENT"] = json.dumps(NOTHING)
        self.assertIsNone(self.run_them("leaks", judge_only=True)[0].score.seconds_to_right)

    def test_a_new_truth_needs_no_boot(self):
        self.run_them()
        path = self.folder / "rests" / "scenario.toml"
        path.write_text(path.read_text().replace('"clean"', '"step"'))
        self.assertIs(self.run_them(resume=True)[0].score.state_right, False)
        self.assertEqual(self.boots(), 1)

    def test_judging_alone_boots_nothing(self):
        self.assertEqual(self.run_them(judge_only=True)[0].why, "never recorded")
        self.assertEqual(self.boots(), 0)

    def test_a_guest_that_did_not_get_there_is_told(self):
        for code, wanted in ((TIMED_OUT, "time was over"), (LAB_FAILED, "ended before: lab: Kernel panic")):
            self.environ["GUEST"] = f"echo 'lab: Kernel panic' >&2; exit {code}"
            row = self.run_them()[0]
            self.assertIsNone(row.score)
            self.assertIn(wanted, row.why)

    def test_what_ends_the_runner_ends_its_guests(self):
        guests = boots.Guests()
        with guests.start(["sleep", "1000"]) as guest:
            guests.end()
            self.assertEqual(guest.wait(), -signal.SIGTERM)
        with self.assertRaisesRegex(LabError, "ended before its turn"), guests.start(["true"]):
            self.fail("it was started")

    def test_a_program_that_is_not_there_is_told_and_nothing_booted(self):
        self.scenario("needs", top='needs = ["/no/such/library.so"]\n')
        self.assertEqual(self.run_them("needs")[0].why, "this machine has no /no/such/library.so")
        self.assertEqual(self.boots(), 0)

    def test_modules_come_into_the_guest(self):
        self.scenario("loads", top='modules = ["leak_open size=1"]\n')
        (self.home / "leak_open.ko").write_text("module")
        self.environ["GUEST"] = f'cp "$results/modules/leak_open.ko" "$plan/000/loads/modules" {self.home}/; {RECORDED}'
        with mock.patch.object(modules, "ready", lambda *_: self.home):
            self.assertEqual(self.run_them("loads")[0].score.outcome, "missed")
        self.assertEqual((self.home / "modules").read_text(), "leak_open size=1\n")

    def test_modules_that_cannot_be_built_stop_only_those_that_need_them(self):
        self.scenario("loads", top='modules = ["leak_open"]\n')

        def ready(*_):
            raise LabError("no headers\nand more")

        with mock.patch.object(modules, "ready", ready):
            rows = self.run_them()
        self.assertEqual([(row.unit.scenario.name, row.why) for row in rows], [("loads", "no headers"), ("rests", None)])
        self.assertEqual(self.boots(), 1)

    def test_a_judge_that_fails_is_no_verdict(self):
        self.environ.update(DOCUMENT="", CODE="2")
        self.assertIn("diagnose gave 2", self.run_them()[0].why)

    def test_an_unknown_name(self):
        with self.assertRaisesRegex(LabError, "no scenario 'nobody'; there are: rests"):
            self.run_them("nobody")

    def test_the_command_line(self):
        out, file = io.StringIO(), self.home / "board.json"
        words = ["run", "rests", "--kernel", "6.1", "--leakscope", str(self.leakscope), "--zoo", str(self.home / "bin"),
                 "--store", str(self.home / "store"), "--json", str(file)]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(lab.main(words), 0)
        self.assertIn("| rests", out.getvalue())
        self.assertEqual(json.loads(file.read_text())["all"]["silent"]["hits"], 1)
        self.scenario("leaks")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(lab.main(["run", "leaks", *words[2:]]), 1)
            self.assertEqual(lab.main(["run", "--leakscope", str(self.home / "nothing")]), LAB_FAILED)


class PracticeTest(unittest.TestCase):
    def test_the_shell_starts_what_the_scenario_does(self):
        one = scenario.parse("x", 'title = "x"\nsetup = ["echo 1 >/proc/y"]\nstart = ["leaks 1M {seconds}"]\n'
                                  '[truth]\nleak = false\nsubject = "x"\nstates = ["clean"]\n')
        text = practice.profile(one, Path("/a b"))
        self.assertIn("echo 1 >/proc/y", text)
        self.assertIn("'exec leaks 1M 80000'", text)
        self.assertIn("cd '/a b'", text)

    def test_modules_are_loaded_in_the_shell_too(self):
        one = scenario.parse("x", 'title = "x"\nmodules = ["leak_kmalloc size=1K rate=1M"]\n'
                                  '[truth]\nleak = false\nsubject = "x"\nstates = ["clean"]\n')
        self.assertIn("insmod $MODULES/leak_kmalloc.ko size=1K rate=1M\n", practice.profile(one, Path("/")))


if __name__ == "__main__":
    unittest.main()
