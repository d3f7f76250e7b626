import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

from guests.errors import LabError
from guests.kernels import Kernel
from private_cache import PrivateCache
from trials import boots, company, scenario, unit
from trials.programs import Programs, first_word
from trials.store import Store

ONE = scenario.parse("one", 'title = "x"\nstart = ["leaks 1M {seconds}"]\n[truth]\nleak = false\nsubject = "x"\nstates = ["clean"]\n')
KERNEL = Kernel("6.1", "6.1.0-1-amd64", Path("/k/6.1-00ff"))
NEWER = Kernel("6.12", "6.12.0-1-amd64", Path("/k/6.12-00ff"))


def units(count, kernel=KERNEL, **fields):
    return [unit.Unit(replace(ONE, name=f"n{number}", **fields), kernel) for number in range(count)]


class GroupTest(unittest.TestCase):
    def test_those_of_one_machine_share_a_boot(self):
        planned = boots.group(units(3), 1)
        self.assertEqual([[one.scenario.name for one in boot.units] for boot in planned], [["n0", "n1", "n2"]])

    def test_another_machine_is_another_boot(self):
        mixed = units(1) + units(1, NEWER) + units(1, memory=512) + units(1, append="slab_nomerge") + units(1, cgroup="v1")
        self.assertEqual(len(boots.group(mixed, 1)), 5)

    def test_a_boot_is_not_too_long_and_each_unit_runs_once(self):
        many = units(40)
        planned = boots.group(many, 1)
        self.assertEqual(sorted(one.name for boot in planned for one in boot.units), sorted(one.name for one in many))
        for boot in planned:
            self.assertLessEqual(boot.seconds, boots.MOST_SECONDS + many[0].seconds)
            self.assertGreater(boot.timeout, boot.seconds)

    def test_two_jobs_share_the_work(self):
        planned = boots.group(units(8), 2)
        self.assertEqual([len(boot.units) for boot in planned], [4, 4])

    def test_one_longer_than_any_boot_has_its_own(self):
        planned = boots.group(units(2, record=7200), 1)
        self.assertEqual([len(boot.units) for boot in planned], [1, 1])

    def test_the_longest_comes_first(self):
        planned = boots.group(units(1) + units(3, NEWER), 1)
        self.assertEqual([len(boot.units) for boot in planned], [3, 1])

    def test_what_a_module_has_lost_spoils_the_guest_so_it_comes_last(self):
        leaks = replace(ONE.truth, leak=True)
        with_modules = [replace(one, scenario=replace(one.scenario, name=f"m{number}", modules=("leak_open",), truth=leaks))
                        for number, one in enumerate(units(2))]
        planned = boots.group(units(3) + with_modules, 1, together=2)
        self.assertEqual(sorted([one.scenario.name for one in boot.units] for boot in planned), [["n0", "n2", "m1"], ["n1", "m0"]])

    def test_a_module_that_gives_all_back_spoils_nothing(self):
        kind = [replace(one, scenario=replace(one.scenario, name="m0", modules=("cache_shrinks",))) for one in units(1)]
        planned = boots.group(units(1) + kind, 1)
        self.assertEqual([[one.scenario.name for one in boot.units] for boot in planned], [["n0", "m0"]])

    def test_nothing(self):
        self.assertEqual(boots.group([], 2), [])


class HandInTest(PrivateCache):
    def test_a_guest_that_died_before_its_recording_was_kept_ends_nothing_but_itself(self):
        one, trial, kept = units(1)[0], self.home / "000", mock.Mock()
        (trial / "n0").mkdir(parents=True)
        (trial / "n0" / "outcome").write_text("recorded\n")
        with mock.patch.object(unit.Unit, "key", return_value="key"):
            boots._hand_in([one], trial, None, kept, "the guest ended before")
        self.assertEqual(kept.keep.call_args.args[3], "the guest ended before")


class CompanyTest(unittest.TestCase):
    def unit(self, name, start, subject="x", **fields):
        claim = replace(ONE.truth.claim, subject=subject)
        return unit.Unit(replace(ONE, name=name, start=(start,), truth=replace(ONE.truth, claim=claim), **fields), KERNEL)

    def formed(self, *units, most=3):
        return [[one.scenario.name for one in together] for together in company.form(units, most)]

    def test_different_subjects_go_together(self):
        units = [self.unit(name, f"does_{name} 1M {{seconds}}", name) for name in "abcd"]
        self.assertEqual(self.formed(*units), [["a", "b", "c"], ["d"]])
        self.assertEqual(self.formed(*units, most=1), [["a"], ["b"], ["c"], ["d"]])

    def test_the_same_program_or_subject_does_not(self):
        same = [self.unit("a", "leaks 1M {seconds}", "a"), self.unit("b", "leaks 2M {seconds}", "b"), self.unit("c", "other 1K", "a")]
        self.assertEqual(self.formed(*same), [["a"], ["b", "c"]])

    def test_who_must_be_alone_is(self):
        self.assertEqual(self.formed(self.unit("a", "leaks", "a"), self.unit("b", "other", "b", alone=True),
                                     self.unit("c", "third", ""), self.unit("d", "fourth", "d")), [["a", "d"], ["b"], ["c"]])

    def test_but_for_those_that_share_by_name(self):
        alone = [self.unit("a", "leaks", "", shares="files"), self.unit("b", "other", "b"), self.unit("c", "leaks", "", shares="files"),
                 self.unit("d", "third", "", shares="rings"), self.unit("e", "fourth", "")]
        self.assertEqual(self.formed(*alone), [["a", "c"], ["b"], ["d"], ["e"]])

    def test_modules_go_with_modules_and_none_is_loaded_twice(self):
        units = [self.unit("a", "leaks", "a"), self.unit("b", "other", "b", modules=("leak_kmalloc size=1K",)),
                 self.unit("c", "third", "c", modules=("leak_kmalloc size=2K",)), self.unit("d", "sleep 9; insmod $MODULES/leak_open.ko", "d"),
                 self.unit("e", "sleep 3; insmod $MODULES/pool_at_load.ko", "e")]
        self.assertEqual(self.formed(*units), [["a"], ["b", "d", "e"], ["c"]])

    def test_windows_of_another_length_do_not_mix(self):
        self.assertEqual(self.formed(self.unit("a", "leaks", "a"), self.unit("b", "other", "b", record=90)), [["a"], ["b"]])


class CommandsTest(unittest.TestCase):
    def test_a_program_alone_takes_the_place_of_its_shell(self):
        self.assertEqual(unit.commands(ONE, ["leaks 1M {seconds}"]), ["exec leaks 1M 364"])
        for script in ("a; b", "a | b", "while :; do a; done", "a >b"):
            self.assertEqual(unit.commands(ONE, [script]), [script])

    def test_the_program_of_a_command(self):
        for command, program in (("leaks 1M 2", "leaks"), ("env LD_PRELOAD=/l.so leaks", "leaks"), ("exec leaks", "leaks"),
                                 ("/usr/bin/python3 -c 'x = 1'", "/usr/bin/python3"), ("while :; do a; done", "while")):
            self.assertEqual(first_word(command), program)


class ProgramsTest(PrivateCache):
    def setUp(self):
        super().setUp()
        (self.home / "zoo").mkdir()
        for name in ("leaks", "other", "plugin.so"):
            (self.home / "zoo" / name).write_text(name)
            (self.home / "zoo" / name).chmod(0o755)
        (self.home / "zoo" / "leaks.o").write_text("no program")
        self.programs = Programs([self.home / "zoo", self.home / "nowhere"])

    def test_those_that_commands_name(self):
        found = self.programs.of(["env A=b leaks 1M", "sleep 3; exec leaks", "plugin.so"])
        self.assertEqual(sorted(found), ["leaks", "plugin.so"])

    def test_what_is_missing_is_named(self):
        self.assertEqual(self.programs.missing(["leaks 1M", "sleep 3", "while :; do x; done"], ["sh", "/etc"]), [])
        self.assertEqual(self.programs.missing(["no-such-program-1"], ["/no/such/file", "no-such-2"]),
                         ["/no/such/file", "no-such-2", "no-such-program-1"])

    def test_a_command_that_is_none(self):
        with self.assertRaisesRegex(LabError, "no command: it's"):
            self.programs.of(["it's"])

    def test_the_key_is_of_the_modules_too(self):
        loads = replace(ONE, modules=("leak_open",))
        key = unit.Unit(loads, KERNEL).key(self.programs)
        self.assertNotEqual(key, unit.Unit(replace(ONE, modules=("leak_timer",)), KERNEL).key(self.programs))
        with mock.patch.object(unit.modules, "source_key", lambda names: f"other {names}"):
            self.assertNotEqual(key, unit.Unit(loads, KERNEL).key(self.programs))

    def test_the_key_is_of_scenario_programs_and_kernel(self):
        one = unit.Unit(ONE, KERNEL)
        key = one.key(self.programs)
        self.assertEqual(key, unit.Unit(replace(ONE, truth=replace(ONE.truth, states=("step",))), KERNEL).key(self.programs))
        self.assertNotEqual(key, unit.Unit(ONE, NEWER).key(self.programs))
        self.assertNotEqual(key, unit.Unit(replace(ONE, record=61), KERNEL).key(self.programs))
        (self.home / "zoo" / "other").write_text("changed")
        self.assertEqual(key, one.key(self.programs))
        (self.home / "zoo" / "leaks").write_text("changed")
        self.assertNotEqual(key, one.key(self.programs))


class StoreTest(PrivateCache):
    def made(self, *files):
        folder = self.home / "made"
        folder.mkdir(exist_ok=True)
        for name in files:
            (folder / name).write_text(name)
        return folder

    def test_what_was_kept_is_found_by_its_key(self):
        store, one = Store(self.home / "store"), unit.Unit(ONE, KERNEL)
        self.assertIsNone(store.get(one, "k1"))
        store.keep(one, "k1", self.made("recording.lsr"), None)
        self.assertEqual(store.get(one, "k1").recording.read_text(), "recording.lsr")
        self.assertIsNone(store.get(one, "k2"))

    def test_why_there_is_nothing_is_kept_too(self):
        store, one = Store(self.home / "store"), unit.Unit(ONE, KERNEL)
        store.keep(one, "k1", self.made("recording.lsr"), None)
        (self.home / "made" / "recording.lsr").unlink()
        store.keep(one, "k1", self.made("err.txt"), "command 1 ended with 1: no such thing")
        kept = store.get(one, "k1")
        self.assertEqual((kept.recording, kept.why), (None, "command 1 ended with 1: no such thing"))

    def test_what_is_broken_is_as_if_it_were_not_there(self):
        store, one = Store(self.home / "store"), unit.Unit(ONE, KERNEL)
        store.keep(one, "k1", self.made("recording.lsr"), None)
        for text in ("", "{", "[]", '{"key": "k1"}'):
            (self.home / "store" / one.name / "unit.json").write_text(text)
            self.assertIsNone(store.get(one, "k1"))
        store.keep(one, "k1", self.made("recording.lsr"), None)
        (self.home / "store" / one.name / "recording.lsr").unlink()
        self.assertIsNone(store.get(one, "k1"))


if __name__ == "__main__":
    unittest.main()
