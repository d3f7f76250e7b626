import unittest

from guests.errors import LabError
from guests.kernels import STOCK
from trials import scenario

LEAK = """
title = "a leak"
start = ["leaks 1M {seconds}"]

[truth]
leak = true
domain = "user"
findings = ["user.anon"]
subject = "^leaks$"
rate = "1M"
"""
ALIKE = """
title = "no leak"
start = ["rests"]

[truth]
leak = false
subject = "rests"
states = ["clean", "saturating"]
"""


class FieldsTest(unittest.TestCase):
    def test_a_leak(self):
        one = scenario.parse("a-leak", LEAK)
        self.assertEqual((one.kernels, one.record, one.truth.rate, one.truth.pattern), (tuple(STOCK), 60, 1 << 20, "steady"))
        self.assertEqual(one.truth.claim, scenario.Claim(("user.anon",), "^leaks$"))
        self.assertFalse(one.truth.apart)

    def test_a_look_alike(self):
        one = scenario.parse("rests", "kernels = [\"6.1\"]\nmemory = 512\n" + ALIKE)
        self.assertEqual((one.kernels, one.memory, one.truth.states), (("6.1",), 512, ("clean", "saturating")))
        self.assertFalse(one.truth.leak)

    def test_what_is_true_besides(self):
        one = scenario.parse("two", LEAK + 'also = [{ findings = ["user.shmem"], subject = "/tmp" }]\npattern = "one_shot"\n')
        self.assertEqual(one.truth.also, (scenario.Claim(("user.shmem",), "/tmp"),))
        self.assertTrue(one.truth.apart)

    def test_kernel_modules(self):
        one = scenario.parse("m", LEAK.replace('start = ["leaks 1M {seconds}"]', 'modules = ["leak_kmalloc size=4K", "leak_open"]'))
        self.assertEqual((one.start, one.modules), ((), ("leak_kmalloc size=4K", "leak_open")))
        self.assertEqual(one.module_names, ("leak_kmalloc", "leak_open"))
        later = scenario.parse("m", LEAK.replace("leaks 1M {seconds}", "sleep 3; insmod $MODULES/leak_at_load.ko; rmmod leak_at_load"))
        self.assertEqual((later.modules, later.module_names), ((), ("leak_at_load",)))

    def test_commands_that_may_end_are_another_recipe(self):
        lasts, ends = scenario.parse("m", ALIKE), scenario.parse("m", "ends = true\n" + ALIKE)
        self.assertEqual((lasts.ends, ends.ends), (False, True))
        self.assertNotEqual(lasts.recipe, ends.recipe)

    def test_what_is_wrong_is_named(self):
        for text, wanted in (
                (LEAK + "speed = 1\n", "scenario x: truth: unknown field speed; there are: .*rate"),
                ("speed = 1\n" + LEAK, "scenario x: unknown field speed"),
                (LEAK.replace('title = "a leak"', ""), "title is missing"),
                (LEAK.replace('"1M"\n', '"fast"\n'), "rate: want an amount per second.*'fast'"),
                (LEAK.replace('"1M"\n', '"0"\n'), "rate: want an amount"),
                (LEAK.replace("user.anon", "user.anonymous"), "findings: want some of .*user.anon"),
                (LEAK.replace('["user.anon"]', "[]"), "findings: want some of"),
                (LEAK.replace("^leaks$", "(leaks"), "subject: want a regular expression"),
                (LEAK.replace('"user"', '"space"'), "domain: want one of kernel, user, got 'space'"),
                (LEAK.replace("true", "1"), "leak: want true or false, got 1"),
                (LEAK + "tolerance = 2\n", "tolerance: want a share above 0"),
                (LEAK + 'also = ["user.shmem"]\n', "also: want a list of tables"),
                (LEAK + 'also = [{ findings = ["user.shmem"] }]\n', "truth.also 1: subject is missing"),
                (LEAK + 'states = ["clean"]\n', "unknown field states"),
                (ALIKE.replace('"clean", ', '"leak", '), "states: want some of"),
                (ALIKE.replace("[truth]", "[truths]"), "truth is missing"),
                ("record = 5\n" + LEAK, "record: want a whole number from 10 to 7200, got 5"),
                ("record = true\n" + LEAK, "record: want a whole number"),
                ("record = '60'\n" + LEAK, "record: want a whole number"),
                (LEAK.replace('start = ["leaks 1M {seconds}"]', ""), "start is missing, and so are modules"),
                ('modules = ["leak_nothing size=1"]\n' + LEAK, "no module leak_nothing; there are: .*leak_kmalloc"),
                (LEAK.replace("leaks 1M {seconds}", "insmod $MODULES/none.ko"), "no module none; there are"),
                ('kernels = ["4.4"]\n' + LEAK, "kernels: want some of 5.10"),
                ('cgroup = "v3"\n' + LEAK, "cgroup: want one of v2, v1, none"),
                ('setup = [1]\n' + LEAK, "setup: want a list of texts"),
                ("title = ", "scenario x: Invalid value")):
            with self.subTest(wanted), self.assertRaisesRegex(LabError, wanted):
                scenario.parse("x", text)

    def test_names_are_plain(self):
        for name in ("", "A", "a b", "../a", "-a"):
            with self.subTest(name), self.assertRaisesRegex(LabError, "a name is of"):
                scenario.parse(name, LEAK)

    def test_one_that_is_not_there_is_named_with_those_that_are(self):
        with self.assertRaisesRegex(LabError, "no scenario 'nowhere'; there are: .*idle"):
            scenario.load("nowhere")


class ZooTest(unittest.TestCase):
    def test_all_scenarios_are_valid(self):
        all_of_them = [scenario.load(name) for name in scenario.names()]
        self.assertGreaterEqual(sum(one.truth.leak for one in all_of_them), 25)
        self.assertGreaterEqual(sum(not one.truth.leak for one in all_of_them), 25)

    def test_halves_depend_on_the_name_alone(self):
        halves = [scenario.load(name).half for name in scenario.names()]
        self.assertGreaterEqual(min(halves.count(half) for half in ("tuned", "held out")), len(halves) // 3)
        self.assertEqual(scenario.parse("a-leak", LEAK).half, scenario.parse("a-leak", ALIKE).half)


class RecipeTest(unittest.TestCase):
    def test_the_truth_is_no_part_of_it(self):
        one = scenario.parse("x", LEAK)
        self.assertEqual(one.recipe, scenario.parse("x", LEAK.replace('"1M"\n', '"2M"\n')).recipe)
        self.assertNotEqual(one.recipe, scenario.parse("x", "record = 61\n" + LEAK).recipe)
        self.assertNotEqual(one.recipe, scenario.parse("x", LEAK.replace("leaks 1M", "leaks 2M")).recipe)
        self.assertNotEqual(one.recipe, scenario.parse("x", 'modules = ["leak_open"]\n' + LEAK).recipe)


if __name__ == "__main__":
    unittest.main()
