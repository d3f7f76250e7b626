import json
import stat
import unittest
from pathlib import Path
from unittest import mock

from guests.errors import LabError
from guests.kernels import Kernel
from private_cache import PrivateCache
from trials import board, replay, scenario
from trials.score import Score
from trials.unit import Unit

# Stands in for leakscope: what it says of a recording is the recording's own text.
FAKE_LEAKSCOPE = '#!/bin/sh\nfor recording in "$@"; do :; done\nexec sed "s/ at rest//" "$recording"\n'
FAKE_SHRINK = '#!/bin/sh\nexec sed "s/ at rest//; $SED" "$1"\n'
NOTHING = json.dumps({"verdict": "clean", "findings": []})
GROWS = json.dumps({"verdict": "suspect", "findings": [{
    "id": "user.anon", "state": "growing", "domain": "user", "subject": {"kind": "process", "name": "leaks"}, "unit": "bytes"}]})


class Folders(PrivateCache):
    def setUp(self):
        super().setUp()
        self.store, self.folder, self.scenarios = self.home / "store", self.home / "replays", self.home / "scenarios"
        self.folder.mkdir()
        for name, leak in (("leaks", True), ("rests", False)):
            (self.scenarios / name).mkdir(parents=True)
            rest = 'domain = "user"\n' if leak else 'states = ["clean"]\n'
            (self.scenarios / name / "scenario.toml").write_text(
                f'title = "x"\nstart = ["{name}"]\n[truth]\nleak = {str(leak).lower()}\nfindings = ["user.anon"]\nsubject = "{name}"\n{rest}')
        for patch in (mock.patch.object(scenario.load, "__defaults__", (self.scenarios,)), ):
            patch.start()
            self.addCleanup(patch.stop)
        self.leakscope, self.shrink = self.program("leakscope", FAKE_LEAKSCOPE), self.program("shrink", FAKE_SHRINK)
        self.environ["SED"] = ""

    def program(self, name: str, text: str) -> Path:
        path = self.home / name
        path.write_text(text)
        path.chmod(stat.S_IRWXU)
        return path

    def record(self, name: str, content: str, company=(), why=None, kernel="6.1"):
        place = self.store / f"{name}@{kernel}"
        place.mkdir(parents=True, exist_ok=True)
        (place / "recording.lsr").write_text(content)
        (place / "unit.json").write_text(json.dumps({"key": "k", "why": why, "company": list(company or [name])}))

    def make(self, *names, kernels=("6.1", "6.12")):
        self.said = []
        replay.make(self.store, list(names), kernels, self.shrink, self.leakscope, self.folder, self.said.append)
        return replay.read(self.folder)

    def judge(self):
        return {row.unit.name: row for row in replay.judge_all(self.leakscope, self.folder)}


class MakeTest(Folders):
    def test_a_recording_of_many_is_kept_once(self):
        for name in ("leaks", "rests"):
            self.record(name, GROWS + " at rest", ("leaks", "other", "rests"))
        self.assertEqual(self.make(), [(replay.Replay("6.1", ("leaks", "rests"), ("leaks", "other", "rests")), GROWS.encode())])

    def test_the_same_gives_the_same_bytes(self):
        self.record("leaks", GROWS)
        self.record("rests", NOTHING, kernel="6.12")
        self.make()
        before = {path.name: path.read_bytes() for path in self.folder.iterdir()}
        self.assertEqual(sorted(before), ["6.1.tar.xz", "6.12.tar.xz", "index.json"])
        self.make()
        self.assertEqual({path.name: path.read_bytes() for path in self.folder.iterdir()}, before)

    def test_what_is_not_made_anew_stays(self):
        for name in ("leaks", "rests"):
            self.record(name, GROWS, ("leaks", "rests"))
        self.make()
        self.record("rests", NOTHING)
        made = self.make("rests")
        self.assertEqual([(one.scenarios, one.company, content) for one, content in made],
                         [(("leaks",), ("leaks", "rests"), GROWS.encode()), (("rests",), ("rests",), NOTHING.encode())])

    def test_what_was_not_recorded_is_no_replay(self):
        self.record("leaks", GROWS)
        self.record("rests", NOTHING, why="no such program")
        self.assertEqual([one.scenarios for one, _ in self.make()], [("leaks",)])
        with self.assertRaisesRegex(LabError, "no recording of rests"):
            self.make("rests")
        with self.assertRaisesRegex(LabError, "no recording of anything"):
            self.make(kernels=("5.10",))

    def test_shrunk_it_is_judged_as_the_whole(self):
        self.record("leaks", GROWS)
        self.environ["SED"] = "s/growing/step/"
        with self.assertRaisesRegex(LabError, "shrunk it is judged otherwise"):
            self.make()
        self.assertEqual(replay.read(self.folder), [])

    def test_what_tells_of_this_machine_is_refused(self):
        self.record("leaks", GROWS.replace("process", str(replay.REPOSITORY)))
        with self.assertRaisesRegex(LabError, "not made public"):
            self.make()

    def test_a_pack_that_does_not_fit_its_index(self):
        self.record("leaks", GROWS)
        self.record("rests", NOTHING)
        self.make()
        index = json.loads((self.folder / "index.json").read_text())
        index["6.1"].pop()
        (self.folder / "index.json").write_text(json.dumps(index))
        with self.assertRaisesRegex(LabError, "rests.lsr"):
            replay.read(self.folder)
        (self.folder / "6.1.tar.xz").write_bytes(b"x")
        with self.assertRaises(LabError):
            replay.read(self.folder)


class JudgeTest(Folders):
    def test_each_is_compared_with_its_truth(self):
        self.record("leaks", GROWS, ("leaks", "rests"))
        self.record("rests", GROWS, ("leaks", "rests"))
        self.make()
        self.assertEqual({name: row.score.outcome for name, row in self.judge().items()},
                         {"leaks@6.1": "right", "rests@6.1": "silent"})

    def test_what_cannot_be_judged_is_a_fault(self):
        self.record("leaks", GROWS)
        self.make()
        self.leakscope = self.program("leakscope", "#!/bin/sh\necho no >&2\nexit 2\n")
        rows = list(self.judge().values())
        self.assertEqual(replay.check(rows, {}), (["leaks@6.1: diagnose gave 2: no"], []))


def row(name: str, score: Score, **truth) -> board.Row:
    fields = {"findings": ["user.anon"], "subject": "leaks", **truth}
    text = "\n".join(f"{key} = {value!r}" for key, value in fields.items())
    one = scenario.parse(name, f'title = "x"\nstart = ["x"]\n[truth]\nleak = {str("states" not in truth).lower()}\n{text}\n')
    return board.Row(Unit(one, Kernel("6.1", "", Path())), score)


def leak(name="leaks", **fields) -> board.Row:
    return row(name, Score(**{"outcome": "right", "states": ["growing"], **fields}), domain="user", rate="1M", holder="me")


class CheckTest(unittest.TestCase):
    def test_the_truth(self):
        self.assertEqual(replay.check([leak()], {}), ([], []))

    def test_no_replays_are_no_success(self):
        self.assertEqual(replay.check([], {})[0], ["there are no replays"])

    def test_each_part_of_the_truth(self):
        alarm = {"id": "user.group", "kind": "group", "subject": "x", "state": "growing", "evidence": ["a", "b"]}
        for wrong, want in (({"outcome": "missed", "states": ["clean"]}, "missed"), ({"false_alarms": [alarm]}, "user.group.*'x'.*a; b"),
                            ({"domain_right": False}, "of the user"), ({"holder_right": False}, "'me'"),
                            ({"rate": 2.0, "rate_right": False}, "true is 1.04858e.06")):
            failures, expected = replay.check([leak(**wrong)], {})
            self.assertEqual((len(failures), expected), (1, []))
            self.assertRegex(failures[0], want)

    def test_the_state_of_a_look_alike(self):
        one = row("rests", Score("silent", ["step"], state_right=False), states=["clean"])
        self.assertEqual(replay.check([one], {})[0], ["rests@6.1: state step, want clean"])

    def test_a_known_miss(self):
        missed, known = leak(outcome="missed"), {"leaks@6.1": ("missed", "it is small")}
        self.assertEqual(replay.check([missed], known), ([], ["leaks@6.1: missed: it is small"]))

    def test_a_known_miss_that_is_right_now(self):
        failures, expected = replay.check([leak()], {"leaks@6.1": ("missed", "it is small")})
        self.assertEqual((len(failures), expected), (1, []))
        self.assertRegex(failures[0], "is right now")

    def test_a_known_miss_that_is_wrong_in_another_way(self):
        self.assertRegex(replay.check([leak(outcome="missed")], {"leaks@6.1": ("wrong", "it is small")})[0][0], "'wrong'.*'missed'")

    def test_a_known_miss_of_what_is_not_there(self):
        self.assertRegex(replay.check([leak()], {"gone@6.1": ("missed", "x")})[0][0], "no replay")


if __name__ == "__main__":
    unittest.main()
