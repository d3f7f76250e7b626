import shutil
import subprocess
import unittest
from pathlib import Path
from unittest import mock

from guests import headers, modules
from guests.errors import LabError
from guests.kernels import Kernel
from private_cache import PrivateCache

KERNEL = Kernel("6.1", "6.1.0-1-amd64", Path("/k/6.1-00ff"), "6.1.9-1")


def stanza(package, version="1", depends="", **more):
    return {"Package": package, "Version": version, "Depends": depends, "SHA256": f"{package}={version}", **more}


class ResolveTest(unittest.TestCase):
    MIRROR = {
        "linux-headers-6.1.0-1-amd64": [stanza("linux-headers-6.1.0-1-amd64", "6.1.9-1", "linux-headers-6.1.0-1-common (= 6.1.9-1), "
                                               "linux-kbuild-6.1 (>= 6.1.9-1), linux-compiler-gcc-12-x86, linux-image-6.1 (= 6.1.9-1)")],
        "linux-headers-6.1.0-1-common": [stanza("linux-headers-6.1.0-1-common", version) for version in ("6.1.8-1", "6.1.9-1")],
        "linux-kbuild-6.1": [stanza("linux-kbuild-6.1", version, "libc6 (>= 2.36), libelf1 | libelf1t64, python3:any")
                             for version in ("6.1.9-1", "6.1.10-1")],
        "libc6": [stanza("libc6", "2.36", "libgcc-s1")],
        "libgcc-s1": [stanza("libgcc-s1", "12", "gcc-12-base (= 12), libc6 (>= 2.35)")],
        "libelf1": [stanza("libelf1", "0.188", "zlib1g (>= 1:1.2)")],
        "zlib1g": [stanza("zlib1g", "1.2", **{"Pre-Depends": "libc6"})],
    }

    def test_headers_of_the_very_kernel_with_build_programs_and_their_libraries(self):
        found = headers.resolve(lambda name: self.MIRROR[name], KERNEL.release, KERNEL.version)
        self.assertEqual([row[0] for row in found], ["linux-headers-6.1.0-1-amd64", "linux-headers-6.1.0-1-common", "linux-kbuild-6.1",
                                                     "libc6", "libelf1", "libgcc-s1", "zlib1g"])
        self.assertEqual(found[1][1:], ("6.1.9-1", "linux-headers-6.1.0-1-common=6.1.9-1"))
        self.assertEqual(found[2][1], "6.1.10-1")

    def test_what_the_mirror_no_longer_has_is_named(self):
        with self.assertRaisesRegex(LabError, "no longer has linux-headers-6.1.0-1-amd64 6.1.7-1; .*--refresh"):
            headers.resolve(lambda name: self.MIRROR[name], KERNEL.release, "6.1.7-1")
        with self.assertRaisesRegex(LabError, "no longer has libc6;"):
            headers.resolve(lambda name: {**self.MIRROR, "libc6": []}[name], KERNEL.release, KERNEL.version)


class ConfigurationTest(unittest.TestCase):
    def test_what_the_compiler_cannot_is_taken_out(self):
        for text, left in (("CONFIG_A=y\nCONFIG_A_B=y\nCONFIG_C=y\n", "CONFIG_A_B=y\n"),
                           ("#define CONFIG_A 1\n#define CONFIG_A_B 1\n#define CONFIG_C 2\n", "#define CONFIG_A_B 1\n")):
            self.assertEqual(headers.without_options(text, ["CONFIG_A", "CONFIG_C"]), left)
            self.assertEqual(headers.without_options(text, []), text)

    def test_the_compiler_is_asked(self):
        self.assertTrue(headers._understands(("-O2",), "int x;"))
        self.assertFalse(headers._understands(("-fno-such-option-1",), "int x;"))
        self.assertFalse(headers._understands((), "int x __attribute__((no_such_attribute));"))


class TreeTest(PrivateCache):
    def test_makefiles_find_each_other_anywhere(self):
        tree = self.home / "usr/src/linux-headers-6.1"
        tree.mkdir(parents=True)
        (tree / "Makefile").write_text("KBUILD_OUTPUT=/usr/src/x\ninclude /usr/src/linux-headers-6.1-common/Makefile\n")
        headers._free_of_place(tree)
        self.assertEqual((tree / "Makefile").read_text(), "KBUILD_OUTPUT=$(LAB_HEADERS)/usr/src/x\n"
                         "include $(LAB_HEADERS)/usr/src/linux-headers-6.1-common/Makefile\n")

    def test_build_programs_run_with_their_own_libraries(self):
        libraries = self.home / "lib/x86_64-linux-gnu"
        programs = self.home / "usr/lib/linux-kbuild-6.1/scripts"
        for folder in (libraries, programs):
            folder.mkdir(parents=True)
        loader = Path("/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2").resolve()
        for path in (loader, Path("/lib/x86_64-linux-gnu/libc.so.6")):
            shutil.copy(path, libraries / path.name)
        shutil.copy("/bin/echo", programs / "fixdep")
        shutil.copy("/bin/false", programs / "modpost")
        shutil.copy("/bin/echo", programs / "modpost.real-lsb-64")
        (programs / "plain.sh").write_text("#!/bin/sh\n")
        headers._wrap_programs(self.home)
        self.assertEqual((programs / "plain.sh").read_text(), "#!/bin/sh\n")

        def run(name):
            return subprocess.run([programs / name, "a b"], env={"LAB_HEADERS": str(self.home)}, capture_output=True, text=True, check=False)

        for name in ("fixdep", "modpost"):
            self.assertEqual(run(name).stdout, "a b\n")
        (libraries / "libc.so.6").write_text("broken")
        self.assertNotEqual(run("fixdep").returncode, 0)


class BuildTest(PrivateCache):
    def setUp(self):
        super().setUp()
        self.sources, self.tree = self.home / "modules", self.home / "tree"
        for folder in (self.sources, self.tree):
            folder.mkdir()
        for name in ("Kbuild", "pace.h", "one.c", "two.c"):
            (self.sources / name).write_text(name)
        (self.sources / ".clang-format").write_text("")
        self.makefile('for c in $(M)/*.c; do cp "$$c" "$${c%.c}.ko"; done')
        for patch in (mock.patch.object(modules, "SOURCES", self.sources),
                      mock.patch.object(headers, "ready", lambda *_: headers.Headers(self.home, self.tree))):
            patch.start()
            self.addCleanup(patch.stop)
        self.said = []

    def makefile(self, recipe):
        (self.tree / "Makefile").write_text(f"modules:\n\t{recipe}\n")

    def test_each_module_comes_into_the_cache_once(self):
        folder = modules.ready(KERNEL, self.said.append)
        self.assertEqual(sorted(path.name for path in folder.glob("*.ko")), ["one.ko", "two.ko"])
        self.assertEqual(modules.ready(KERNEL, self.said.append), folder)
        self.assertEqual(self.said, ["building modules for 6.1.0-1-amd64"])

    def test_a_changed_source_is_built_anew(self):
        before = modules.ready(KERNEL, self.said.append)
        (self.sources / "one.c").write_text("changed")
        after = modules.ready(KERNEL, self.said.append)
        self.assertNotEqual(before, after)
        self.assertEqual((after / "one.ko").read_text(), "changed")

    def test_what_does_not_build_is_told_and_not_kept(self):
        self.makefile("@echo 'one.c: no such function'; false")
        with self.assertRaisesRegex(LabError, "cannot be built for 6.1.0-1-amd64: one.c: no such function"):
            modules.ready(KERNEL, self.said.append)
        self.makefile("touch $(M)/one.ko")
        self.assertTrue((modules.ready(KERNEL, self.said.append) / "one.ko").is_file())

    def test_the_key_is_of_the_modules_named_and_what_they_share(self):
        key = modules.source_key(["one"])
        (self.sources / "two.c").write_text("changed")
        self.assertEqual(modules.source_key(["one"]), key)
        (self.sources / "pace.h").write_text("changed")
        self.assertNotEqual(modules.source_key(["one"]), key)

    def test_their_names(self):
        self.assertEqual(modules.names(), ["one", "two"])


if __name__ == "__main__":
    unittest.main()
