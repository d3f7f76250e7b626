import io
import os
import signal
import stat
import subprocess
import sys
import time
import unittest
from pathlib import Path
from unittest import mock

import lab
from guests import boot, cache, machine
from guests.errors import LabError
from guests.kernels import Kernel
from private_cache import PrivateCache

KERNEL = Kernel("6.1", "6.1.0-1-amd64", Path("/cache/kernel"))


class WordsTest(unittest.TestCase):
    def test_the_command_is_taken_word_for_word(self):
        options, command = lab.parse(["boot", "6.1", "--memory", "512", "--", "sh", "-c", "a -- b", "--memory"])
        self.assertEqual((options.kernel, options.memory), ("6.1", 512))
        self.assertEqual(command, ["sh", "-c", "a -- b", "--memory"])

    def test_what_makes_no_sense_is_a_usage_error(self):
        for words in ([], ["boot"], ["boot", "4.19"], ["boot", "6.1", "--cpus", "0"], ["boot", "6.1", "--memory", "x"],
                      ["boot", "6.1", "--cgroup", "v3"], ["boot", "6.1", "true"]):
            with self.subTest(words), self.assertRaises(SystemExit) as ended, \
                    mock.patch("sys.stderr", new_callable=io.StringIO):
                lab.parse(words)
            self.assertEqual(ended.exception.code, 2)

    def test_the_kernels_that_an_action_would_boot(self):
        for words, wanted in ((["boot", "debug", "--", "true"], ["debug"]), (["run", "bug-ebtables"], ["debug"]),
                              (["run", "pipes", "bug-ebtables", "--kernel", "6.1"], ["6.1"]), (["run", "--list"], []),
                              (["run", "pipes", "--kernel", "debug"], []), (["shell", "bug-ebtables"], ["debug"]),
                              (["shell", "pipes"], ["6.1"])):
            with self.subTest(words):
                self.assertEqual(lab.kernels_for(lab.parse(words)[0]), wanted)
        with mock.patch("sys.stdout", new_callable=io.StringIO) as said:
            self.assertEqual(lab.main(["kernels", "run", "bug-ebtables"]), 0)
        self.assertEqual(said.getvalue(), "debug\n")

    def test_the_shape_of_the_machine(self):
        options, command = lab.parse(["boot", "6.1", "--memory", "512", "--numa", "2", "--append", "a=b", "--", "true"])
        order = lab.order_of(options, command, Path("/here"))
        self.assertEqual(order.shape, machine.Shape(512, 2, 2, "a=b", False))
        self.assertEqual((order.command, order.folder, order.results), (["true"], Path("/here"), None))


class CommandLineTest(unittest.TestCase):
    def line(self, kvm=False, **shape):
        return machine.command_line(KERNEL, machine.Shape(**shape), Path("/run,1"), Path("/out"), kvm, 9)

    def test_the_hosts_root_is_read_only_and_a_panic_ends_the_machine(self):
        line = self.line(append="slab_nomerge")
        root = next(word for word in line if "id=rootfs" in word)
        self.assertIn("readonly=on", root)
        self.assertIn("-no-reboot", line)
        append = line[line.index("-append") + 1]
        self.assertIn("panic=-1", append)
        self.assertTrue(append.endswith(" slab_nomerge"))

    def test_the_kernels_own_words_come_before_those_of_the_caller(self):
        kernel = Kernel("debug", "6.12-debug", Path("/cache/kernel"), append="kmemleak=on")
        line = machine.command_line(kernel, machine.Shape(append="kmemleak=off"), Path("/run"), Path("/out"), False, 9)
        self.assertTrue(line[line.index("-append") + 1].endswith(" kmemleak=on kmemleak=off"))

    def test_commas_in_paths_are_doubled(self):
        self.assertTrue(any("path=/run,,1," in word for word in self.line()))

    def test_kvm_or_emulation(self):
        self.assertIn("tcg,thread=multi", self.line())
        self.assertIn("kvm", self.line(kvm=True))

    def test_kvm_that_is_slower_than_emulation_is_no_use(self):
        for kvm, tcg, faster in ((0.1, 0.2, True), (1.8, 0.1, False), (None, 0.1, False), (0.1, None, True)):
            with mock.patch.object(machine, "_seconds_to_life", {"kvm": kvm, "tcg": tcg}.get):
                self.assertIs(machine._kvm_is_faster(), faster, (kvm, tcg))

    def test_nodes_share_memory_and_cpus(self):
        line = self.line(memory_mib=512, cpus=4, numa=2)
        self.assertIn("node,nodeid=1,cpus=2-3,memdev=node1", line)
        self.assertIn("memory-backend-ram,id=node0,size=256M", line)
        for shape in ({"memory_mib": 513, "numa": 2}, {"cpus": 1, "numa": 2}):
            with self.subTest(shape), self.assertRaises(LabError):
                self.line(**shape)


# Stands in for QEMU: finds the control share in its arguments, as QEMU does, and does in it what $GUEST says.
FAKE_QEMU = """#!/bin/sh
for word in "$@"; do
  case $word in *id=control,*) control=${word#*path=}; control=${control%%,*} ;; esac
done
echo "$$" >"$QEMU_PID"
echo 'console: hello' >"$control/console"
eval "$GUEST"
"""


class BootTest(PrivateCache):
    def setUp(self):
        super().setUp()
        fake = self.home / "qemu"
        fake.write_text(FAKE_QEMU)
        fake.chmod(stat.S_IRWXU)
        self.pid = self.home / "pid"
        self.environ.update(QEMU_PID=str(self.pid))
        for patch in (mock.patch.object(machine, "QEMU", str(fake)), mock.patch.object(machine, "kvm_works", lambda: False)):
            patch.start()
            self.addCleanup(patch.stop)
        self.said = []

    def boot(self, guest, **order):
        """(exit code, stdout, stderr) of a boot whose guest does that."""
        self.environ["GUEST"] = guest
        out, err = (io.TextIOWrapper(io.BytesIO()) for _ in range(2))
        with mock.patch("sys.stdout", out), mock.patch("sys.stderr", err):
            code = boot.boot(KERNEL, boot.Order(["true"], **order), self.said.append)
        return code, out.buffer.getvalue(), err.buffer.getvalue()

    def assert_clean(self):
        self.assertEqual(list((cache.root() / "runs").glob("run-*")), [])
        with self.assertRaises(ProcessLookupError):
            os.kill(int(self.pid.read_text()), 0)

    def test_the_commands_answer_comes_back(self):
        guest = 'printf out >"$control/stdout"; printf err >"$control/stderr"; echo 7 >"$control/exit"'
        self.assertEqual(self.boot(guest), (7, b"out", b"err"))
        self.assertEqual(self.said, [])
        self.assert_clean()

    def test_results_have_the_console_and_nothing_of_an_earlier_boot(self):
        results = self.home / "results"
        self.boot('printf out >"$control/stdout"; echo ring >"$control/dmesg"; echo 0 >"$control/exit"', results=results)
        self.assertEqual((results / "stdout.txt").read_text(), "out")
        self.assertEqual((results / "dmesg.txt").read_text(), "ring\n")
        self.boot('echo 0 >"$control/exit"', results=results)
        self.assertFalse((results / "dmesg.txt").exists())
        self.assertEqual((results / "console.log").read_text(), "console: hello\n")

    def test_a_guest_that_hangs_is_ended_and_its_console_kept(self):
        now = 0.0

        def clock():  # stands until the guest has said its half
            nonlocal now
            said = [p.read_text() for p in (cache.root() / "runs").glob("run-*/stdout")]
            now += 1000.0 if said == ["half"] else 0.0
            return now

        with mock.patch.object(boot.time, "monotonic", clock):
            code, out, _ = self.boot('printf half >"$control/stdout"; exec sleep 1000', timeout_seconds=900)
        self.assertEqual((code, out), (boot.TIMED_OUT, b"half"))
        self.assertIn("no end after 900 s", self.said[0])
        kept = Path(self.said[-1].split(": ", 1)[1])
        self.assertEqual(kept.read_text(), "console: hello\n")
        self.assert_clean()

    def test_a_panic_is_told(self):
        guest = 'echo "[    1.0] Kernel panic - not syncing: out of beans" >>"$control/console"'
        self.assertEqual(self.boot(guest)[0], boot.LAB_FAILED)
        self.assertIn("out of beans", self.said[0])
        self.assert_clean()

    def test_a_machine_that_does_not_start_is_told(self):
        self.assertEqual(self.boot("echo no such accelerator >&2; exit 1")[0], boot.LAB_FAILED)
        self.assertEqual(self.said[0], "no such accelerator")

    def test_a_folder_of_a_killed_boot_is_swept(self):
        left = cache.root() / "runs" / "run-left"
        left.mkdir(parents=True)
        (left / "lock").touch()
        self.boot('echo 0 >"$control/exit"')
        self.assertFalse(left.exists())

    def test_signals_clean_up_too(self):
        program = ("import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; from guests import boot, machine;"
                   "from guests.kernels import Kernel; machine.QEMU = sys.argv[2]; machine.kvm_works = lambda: False;"
                   "sys.exit(boot.boot(Kernel('6.1', 'x', Path('/k')), boot.Order(['true']), print))")
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                self.pid.unlink(missing_ok=True)
                self.environ["GUEST"] = "exec sleep 1000"
                running = subprocess.Popen([sys.executable, "-B", "-c", program, str(Path(lab.__file__).parent),
                                            machine.QEMU])
                while not (self.pid.exists() and self.pid.read_text().endswith("\n")):
                    self.assertIsNone(running.poll())
                    time.sleep(0.01)
                running.send_signal(number)
                self.assertEqual(running.wait(), 128 + number)
                self.assert_clean()


class GuestSettingsTest(unittest.TestCase):
    def test_survive_the_shell(self):
        order = boot.Order(["true"], folder=Path("/a b/it's"))
        said = subprocess.run(["sh", "-c", boot.settings(KERNEL, order) + 'printf %s "$LAB_FOLDER"'],
                              capture_output=True, text=True, check=True).stdout
        self.assertEqual(said, "/a b/it's")


if __name__ == "__main__":
    unittest.main()
