import re
import stat
import tarfile
import unittest
from unittest import mock

from guests import debug_kernel, kernels
from guests.errors import LabError
from private_cache import PrivateCache


class ConfigTest(unittest.TestCase):
    OURS = debug_kernel.CONFIG.read_text()

    def test_options_are_read_as_kconfig_writes_them(self):
        text = '# a comment\n# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_C="-x"\nCONFIG_D=16000\n\nno option\n'
        self.assertEqual(debug_kernel.options(text), {"CONFIG_A": "n", "CONFIG_B": "y", "CONFIG_C": '"-x"', "CONFIG_D": "16000"})

    def test_what_a_configuration_lost_is_told(self):
        wanted = "CONFIG_A=y\nCONFIG_B=m\nCONFIG_C=y\n# CONFIG_D is not set\n# CONFIG_E is not set\n"
        got = "CONFIG_A=y\nCONFIG_B=y\n# CONFIG_C is not set\nCONFIG_D=y\n"
        self.assertEqual(debug_kernel.lost(wanted, got), ["CONFIG_B=m", "CONFIG_C=y", "CONFIG_D=n"])
        self.assertEqual(debug_kernel.lost(wanted, wanted), [])

    def test_each_option_is_given_once(self):
        lines = [line for line in self.OURS.splitlines() if "CONFIG_" in line]
        self.assertEqual(len(lines), len(debug_kernel.options(self.OURS)))

    def test_each_line_is_an_option_a_comment_or_nothing(self):
        for line in self.OURS.splitlines():
            self.assertTrue(line == "" or line.startswith("# ") or re.fullmatch(r"CONFIG_\w+=(y|m|\d+|\".*\")", line), line)

    def test_it_can_tell_of_its_memory_and_reach_its_host(self):
        has = debug_kernel.options(self.OURS)
        for name in ("PAGE_OWNER", "DEBUG_KMEMLEAK", "MEM_ALLOC_PROFILING", "DEBUG_INFO_BTF", "KPROBES", "PROC_KCORE", "MODULES",
                     "9P_FS", "NET_9P_VIRTIO", "VIRTIO_PCI", "OVERLAY_FS"):
            self.assertEqual(has.get(f"CONFIG_{name}"), "y", name)


class BugTest(unittest.TestCase):
    def test_each_says_what_it_is_and_has_its_scenario(self):
        scenarios = debug_kernel.BUGS.parent / "scenarios"
        self.assertTrue(debug_kernel.patches())
        for patch in debug_kernel.patches():
            with self.subTest(patch.stem):
                head = patch.read_text().split("\n--- a/")[0]
                for word in ("Bug: ", "Fix: ", "Trigger: "):
                    self.assertIn(f"\n{word}", "\n" + head)
                self.assertIn('kernels = ["debug"]', (scenarios / f"bug-{patch.stem}" / "scenario.toml").read_text())


class BuildTest(PrivateCache):
    """With programs in place of dpkg-deb, make and patch."""

    def setUp(self):
        super().setUp()
        self.bin = self.home / "bin"
        self.bin.mkdir()
        self.said = []
        source = self.home / "linux-source-6.12"
        (source / "scripts/kconfig").mkdir(parents=True)
        self.script(source / "scripts/kconfig/merge_config.sh", 'cat "$3" >>"$2"')
        with tarfile.open(self.home / "source.tar.xz", "w") as packed:
            packed.add(source, "linux-source-6.12")
        self.script(self.bin / "dpkg-deb", f'mkdir -p "$3/usr/src" && cp {self.home}/source.tar.xz "$3/usr/src/linux-source-6.12.tar.xz"')
        self.script(self.bin / "patch", "exit ${PATCH:-0}")
        self.script(self.bin / "make", 'case "$*" in *bzImage*) mkdir -p arch/x86/boot; echo i >arch/x86/boot/bzImage; echo s >System.map; exit ${MAKE:-0} ;;\n'
                    '*modules_install*) for w in "$@"; do case $w in INSTALL_MOD_PATH=*) m=${w#*=}/lib/modules/6.12-debug;; esac; done\n'
                    'mkdir -p "$m"; echo d >"$m/modules.dep"; ln -s / "$m/build" ;; *allnoconfig*) : >.config ;; esac')
        for tool in debug_kernel.TOOLS:
            if not (self.bin / tool).exists():
                self.script(self.bin / tool, "exit 0")
        self.environ["PATH"] = f"{self.bin}:{self.environ['PATH']}"
        self.folder = self.home / "entry"
        self.folder.mkdir()

    def script(self, path, text):
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(stat.S_IRWXU)

    def build(self):
        debug_kernel.build(self.home / "linux.deb", self.folder, self.said.append)

    def test_leaves_what_a_guest_needs_and_no_source(self):
        self.build()
        self.assertEqual((self.folder / "vmlinuz").read_text(), "i\n")
        self.assertEqual(debug_kernel.lost(debug_kernel.CONFIG.read_text(), (self.folder / "config").read_text()), [])
        self.assertFalse((self.folder / "lib/modules/6.12-debug/build").is_symlink())
        self.assertFalse((self.home / "leakscope/builds/source").exists())
        entry = self.home / "guest"
        entry.mkdir()
        self.assertEqual(debug_kernel.install(self.folder, entry), "6.12-debug")
        self.assertEqual((entry / "lib/modules/6.12-debug/modules.dep").read_text(), "d\n")

    def test_that_fails_says_at_what_and_leaves_no_source(self):
        first = debug_kernel.patches()[0].stem
        for variable, wanted in (("PATCH", f"bringing back {first} failed"), ("MAKE", "make bzImage failed")):
            with self.subTest(variable), mock.patch.dict(self.environ, {variable: "3"}), self.assertRaisesRegex(LabError, wanted):
                self.build()
            self.assertFalse((self.home / "leakscope/builds/source").exists())

    def test_an_option_that_did_not_stay_is_named(self):
        self.script(self.bin / "make", 'case "$*" in *olddefconfig*) sed -i s/CONFIG_PAGE_OWNER=y// .config ;; *allno*) : >.config ;; esac')
        with self.assertRaisesRegex(LabError, "cannot have CONFIG_PAGE_OWNER=y"):
            self.build()

    def test_tools_that_are_missing_are_named(self):
        with mock.patch.object(debug_kernel.shutil, "which", lambda tool: None if tool in ("pahole", "flex") else tool), \
                self.assertRaisesRegex(LabError, "without flex, pahole"):
            self.build()


class TableTest(PrivateCache):
    def ready(self):
        """The debug kernel, with its build and its initramfs faked; how often it was built."""
        built = []

        def build(_deb, folder, _say):
            built.append(folder)
            for name in ("vmlinuz", "config", "System.map"):
                (folder / name).write_text(name)
            (folder / "lib/modules/6.12-debug").mkdir(parents=True)
            (folder / "lib/modules/6.12-debug/modules.dep").write_text("")

        with mock.patch.object(kernels, "choose", lambda *_: [("linux-source-6.12", "6.12.1-1", "00ff")]), \
                mock.patch.object(kernels, "fetch", lambda *_: ["source.deb"]), mock.patch.object(debug_kernel, "build", build), \
                mock.patch.object(kernels, "_recipe", lambda: "recipe"), \
                mock.patch.object(kernels.initramfs, "build", lambda folder, _release: (folder / "initramfs").write_text("")):
            return kernels.ready("debug", False, lambda _: None), len(built)

    def test_is_built_once_and_boots_with_its_words(self):
        kernel, built = self.ready()
        self.assertEqual((kernel.name, kernel.release, built), ("debug", "6.12-debug", 1))
        self.assertEqual(kernel.append, "page_owner=on kmemleak=on sysctl.vm.mem_profiling=1")
        self.assertTrue(kernel.image.is_file())
        self.assertEqual(self.ready()[1], 0)

    def test_a_broken_one_is_made_again(self):
        kernel, _ = self.ready()
        kernel.initramfs.write_text("broken")
        self.assertEqual(self.ready()[1], 0)  # the build itself is whole
        kernel.image.write_text("broken")  # as is the link to it
        self.assertEqual(self.ready()[1], 1)
        self.assertEqual(kernel.image.read_text(), "vmlinuz")

    def test_the_patches_and_the_options_decide_which_one_it_is(self):
        before = debug_kernel.recipe()
        with mock.patch.object(debug_kernel, "patches", lambda: debug_kernel.BUGS.glob("no such")):
            self.assertNotEqual(debug_kernel.recipe(), before)

    def test_that_cannot_be_built_is_not_chosen_again(self):
        chosen = []

        def choose(*_):
            chosen.append("once")
            return [("linux-source-6.12", "6.12.1-1", "00ff")]

        def build(*_):
            raise debug_kernel.BuildError("make failed")

        with mock.patch.object(kernels, "choose", choose), mock.patch.object(kernels, "fetch", lambda *_: ["source.deb"]), \
                mock.patch.object(kernels, "_recipe", lambda: "recipe"), mock.patch.object(debug_kernel, "build", build), \
                self.assertRaisesRegex(LabError, "make failed"):
            kernels.ready("debug", False, lambda _: None)
        self.assertEqual(chosen, ["once"])

    def test_it_is_no_kernel_of_the_default(self):
        self.assertNotIn(kernels.DEBUG, kernels.STOCK)
        self.assertIn(kernels.DEBUG, kernels.NAMES)


if __name__ == "__main__":
    unittest.main()
