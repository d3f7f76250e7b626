import dataclasses
import unittest
from pathlib import Path

from guests.kernels import Kernel
from trials import board, interval, scenario
from trials.scenario import Claim
from trials.score import judge
from trials.unit import Unit

SUBJECTS = {"user": ("process", "leaks", 7), "kernel": ("slab_cache", "kmalloc-1k", None)}


def finding(finding_id="user.anon", state="growing", name=None, rate=1 << 20, **more):
    kind, usual, pid = SUBJECTS[finding_id.split(".")[0]]
    return {"id": finding_id, "state": state, "domain": finding_id.split(".")[0], "unit": "bytes", "amount": 60 << 20,
            "subject": {"kind": kind, "name": usual if name is None else name, "pid": pid},
            "rate": None if rate is None else {"lower": rate, "point": rate, "upper": rate}, "holders": [], "evidence": [], **more}


def truth(leak=True, **fields):
    if leak:
        fields = {"domain": "user", "findings": ["user.anon"], "subject": "^leaks$", "rate": "1M", **fields}
    else:
        fields = {"subject": "^rests$", "states": ["clean", "saturating"], **fields}
    text = "\n".join(f"{key} = {value!r}" for key, value in fields.items())
    return scenario.parse("x", f'title = "x"\nstart = ["x"]\n[truth]\nleak = {str(leak).lower()}\n{text}\n')


def score(*findings, **fields):
    return judge(truth(**fields).truth, {"findings": list(findings)})


class LeakTest(unittest.TestCase):
    def test_right(self):
        for state in ("growing", "leak"):
            said = score(finding(state=state))
            self.assertEqual((said.outcome, said.class_right, said.subject_right, said.domain_right, said.false_alarms),
                             ("right", True, True, True, []))

    def test_nothing_told_is_a_miss(self):
        for findings in ((), (finding(state="insufficient"),), (finding(state="step"),)):
            said = score(*findings)
            self.assertEqual((said.outcome, said.class_right, said.false_alarms), ("missed", None, []))

    def test_the_wrong_class(self):
        said = score(finding("user.group"))
        self.assertEqual((said.outcome, said.class_right, said.subject_right), ("wrong", False, True))
        self.assertEqual([alarm["id"] for alarm in said.false_alarms], ["user.group"])

    def test_the_wrong_subject(self):
        said = score(finding(name="innocent"))
        self.assertEqual((said.outcome, said.class_right, said.subject_right), ("wrong", True, False))

    def test_the_wrong_domain(self):
        self.assertIs(score(finding("kernel.slab.growth", name="leaks")).domain_right, False)

    def test_a_false_alarm_beside_the_right_one(self):
        said = score(finding(), finding(name="innocent"), finding("kernel.slab.growth", state="cache"))
        self.assertEqual((said.outcome, len(said.false_alarms)), ("right", 1))
        self.assertEqual(said.false_alarms[0]["subject"], "innocent")

    def test_what_is_true_besides_counts_neither_way(self):
        text = [{"findings": ["user.descriptors"], "subject": "^leaks$"}]
        one = scenario.parse("x", 'title = "x"\nstart = ["x"]\n[truth]\nleak = true\ndomain = "user"\nfindings = ["user.anon"]\n'
                                  'subject = "leaks"\nalso = [{ findings = ["user.descriptors"], subject = "^leaks$" }]\n')
        self.assertEqual(one.truth.also[0], scenario.Claim(tuple(text[0]["findings"]), text[0]["subject"]))
        said = judge(one.truth, {"findings": [finding(), finding("user.descriptors")]})
        self.assertEqual((said.outcome, said.false_alarms), ("right", []))
        self.assertEqual(judge(one.truth, {"findings": [finding("user.descriptors")]}).outcome, "missed")

    def test_the_rate(self):
        said = score(finding(rate=1.5 * (1 << 20)))
        self.assertEqual((said.rate_error, said.rate_right), (0.5, False))
        self.assertTrue(score(finding(rate=1.2 * (1 << 20))).rate_right)
        self.assertIsNone(score(finding(rate=None)).rate_error)
        self.assertIsNone(score(finding(unit="count")).rate_error)
        self.assertEqual(score(finding(rate=1 << 19), finding(rate=1 << 19, name="leaks")).rate_error, 0)

    def test_a_merged_cache_is_known_by_its_other_names(self):
        fields = {"domain": "kernel", "findings": ["kernel.slab.growth"], "subject": "^skbuff", "rate": "1M"}
        one = finding("kernel.slab.growth")
        self.assertEqual(score(one, **fields).outcome, "wrong")
        one["subject"]["detail"] = "bio-184, skbuff_fclone"
        self.assertEqual(score(one, **fields).outcome, "right")

    def test_the_holder(self):
        fields = {"domain": "kernel", "findings": ["kernel.slab.growth"], "subject": "kmalloc", "holder": "^leaks$"}
        self.assertIs(score(finding("kernel.slab.growth"), **fields).holder_right, False)
        self.assertIs(score(finding("kernel.slab.growth", holders=[{"comm": "leaks"}]), **fields).holder_right, True)
        self.assertIsNone(score(**fields).holder_right)


class ApartTest(unittest.TestCase):
    def test_a_step_is_what_a_one_shot_leak_shows(self):
        self.assertEqual(score(finding(state="step"), pattern="one_shot").outcome, "right")
        self.assertEqual(score(finding(state="saturating", pattern="one_shot"), pattern="one_shot").outcome, "right")
        self.assertEqual(score(finding(state="clean"), pattern="one_shot").outcome, "missed")
        self.assertEqual(len(score(finding(name="innocent"), pattern="one_shot").false_alarms), 1)


class LookAlikeTest(unittest.TestCase):
    def test_silence(self):
        said = score(leak=False)
        self.assertEqual((said.outcome, said.states, said.state_right), ("silent", ["clean"], True))
        self.assertTrue(score(finding(name="rests", state="saturating"), leak=False).state_right)

    def test_silence_with_another_state(self):
        said = score(finding(name="rests", state="step"), leak=False)
        self.assertEqual((said.outcome, said.state_right), ("silent", False))

    def test_any_claim_is_a_false_alarm(self):
        for one in (finding(name="rests"), finding(name="another"), finding("kernel.slab.growth")):
            said = score(one, leak=False)
            self.assertEqual((said.outcome, len(said.false_alarms), said.state_right), ("false alarm", 1, False))


class CompanyTest(unittest.TestCase):
    """Two that were recorded together: `leaks`, and `rests`, which is a look-alike."""
    LEAKS, RESTS = truth().truth, truth(leak=False).truth

    def both(self, *findings):
        document = {"findings": list(findings)}
        return judge(self.LEAKS, document, [self.RESTS], True), judge(self.RESTS, document, [self.LEAKS], False)

    def test_the_others_leak_is_no_false_alarm(self):
        leaks, rests = self.both(finding())
        self.assertEqual((leaks.outcome, rests.outcome, leaks.false_alarms, rests.false_alarms), ("right", "silent", [], []))

    def test_what_is_true_of_the_other_counts_against_nobody_even_about_ones_own_subject(self):
        other = truth(subject="^other$", findings=["user.group", "user.anon"]).truth
        other = dataclasses.replace(other, also=(Claim(("user.group",), "^leaks$"),))
        alarm = finding("user.group")
        self.assertEqual(judge(self.LEAKS, {"findings": [finding(), alarm]}, [other], True).false_alarms, [])
        self.assertEqual(len(judge(self.LEAKS, {"findings": [finding(), alarm]}, [self.RESTS], True).false_alarms), 1)

    def test_each_answers_for_its_own_subject(self):
        leaks, rests = self.both(finding(), finding(name="rests"))
        self.assertEqual((leaks.false_alarms, rests.outcome, len(rests.false_alarms)), ([], "false alarm", 1))
        leaks, rests = self.both(finding("user.group"))
        self.assertEqual((leaks.outcome, len(leaks.false_alarms), rests.outcome), ("wrong", 1, "silent"))

    def test_what_is_about_none_of_them_is_counted_once(self):
        leaks, rests = self.both(finding(), finding(name="innocent"))
        self.assertEqual((leaks.outcome, len(leaks.false_alarms), rests.outcome), ("right", 1, "silent"))


class IntervalTest(unittest.TestCase):
    KNOWN = {(0, 10): (0, 0.3084971), (10, 10): (0.6915029, 1), (5, 10): (0.1870860, 0.8129140),
             (1, 20): (0.0012651, 0.2487328), (95, 100): (0.8871651, 0.9835681)}

    def test_known_values(self):
        for (hits, of), (lower, upper) in self.KNOWN.items():
            with self.subTest(hits=hits, of=of):
                low, high = interval.exact(hits, of)
                self.assertAlmostEqual(low, lower, 5)
                self.assertAlmostEqual(high, upper, 5)

    def test_of_none_it_is_a_power(self):
        for of in (1, 7, 384):
            self.assertAlmostEqual(interval.exact(0, of)[1], 1 - 0.025 ** (1 / of), 12)

    def test_of_nothing(self):
        self.assertIsNone(interval.exact(0, 0))


def row(name, text, findings=None, why=None):
    one = scenario.parse(name, text)
    unit = Unit(one, Kernel("6.1", "6.1.0-1-amd64", Path("/k")))
    return board.Row(unit, judge(one.truth, {"findings": findings}) if why is None else None, why)


class BoardTest(unittest.TestCase):
    LEAK = 'title = "x"\nstart = ["x"]\n[truth]\nleak = true\ndomain = "user"\nfindings = ["user.anon"]\nsubject = "leaks"\nrate = "1M"\n'
    ALIKE = 'title = "x"\nstart = ["x"]\n[truth]\nleak = false\nsubject = "rests"\nstates = ["clean"]\n'

    def rows(self):
        return [row("a", self.LEAK, [finding()]), row("b", self.LEAK, [finding(), finding(name="innocent")]),
                row("c", self.LEAK, []), row("d", self.LEAK, why="no such program"), row("e", self.ALIKE, []),
                row("f", self.ALIKE, [finding(name="rests")]), row("g", self.LEAK + 'pattern = "one_shot"\n', [finding(state="step")])]

    def test_totals(self):
        said = board.totals(self.rows())
        self.assertEqual((said["units"], said["not_run"], said["false_alarms"]), (7, 1, 2))
        shares = {key: (said[key]["hits"], said[key]["of"]) for key in (
            "precision", "recall", "right_class", "right_subject", "silent", "true_state", "one_shot_and_implicit")}
        self.assertEqual(shares, {"precision": (2, 4), "recall": (2, 3), "right_class": (2, 2), "right_subject": (2, 2),
                                  "silent": (1, 2), "true_state": (1, 2), "one_shot_and_implicit": (1, 1)})
        self.assertEqual(said["rate_error"], {"median": 0, "worst": 0, "of": 2, "within_tolerance": 2})
        self.assertEqual(said["states"]["leaks"], {"growing": 2, "clean": 1})

    def test_the_time_to_the_first_right_verdict(self):
        rows = self.rows()
        self.assertEqual(board.totals(rows)["seconds_to_right"], {"median": None, "worst": None, "of": 0})
        rows[0].score.seconds_to_right, rows[1].score.seconds_to_right = 20, 50
        self.assertEqual(board.totals(rows)["seconds_to_right"], {"median": 35, "worst": 50, "of": 2})
        self.assertIn("35 s, worst 50 s (2)", board.to_text(rows))

    def test_halves_add_up(self):
        said = board.document(self.rows())
        self.assertEqual(sum(half["units"] for half in said["halves"].values()), said["all"]["units"])

    def test_what_did_not_run_says_why_and_is_not_right(self):
        rows = self.rows()
        self.assertIn("not run: no such program", board.to_text(rows))
        self.assertEqual([board.is_right(one) for one in rows], [True, False, False, False, True, False, True])

    def test_nothing_at_all(self):
        self.assertIn("none ran", board.to_text([]))
        self.assertEqual(board.totals([])["precision"]["share"], None)


if __name__ == "__main__":
    unittest.main()
