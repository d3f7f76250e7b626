import gzip
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from guests import apt_root, initramfs, kernels
from guests.errors import LabError
from private_cache import PrivateCache


class MirrorTest(unittest.TestCase):
    def test_is_the_first_of_each_label(self):
        targets = "Debian|http://one/debian/\nDebian|http://two/debian/\nDebian-Security|http://one/sec/\nbroken\n"
        self.assertEqual(apt_root.parse_mirrors(targets),
                         {"Debian": "http://one/debian/", "Debian-Security": "http://one/sec/"})

    def test_sources_are_signed_and_security_comes_from_its_own_archive(self):
        mirrors = {"Debian": "http://a/", "Debian-Security": "http://s/"}
        self.assertEqual(apt_root.sources_list(mirrors, ("x", "x-security")),
                         f"deb [signed-by={apt_root.KEYRING}] http://a/ x main\n"
                         f"deb [signed-by={apt_root.KEYRING}] http://s/ x-security main\n")

    def test_a_host_without_security_archive_does_without(self):
        self.assertNotIn("x-security", apt_root.sources_list({"Debian": "http://a/"}, ("x", "x-security")))


class PackageTest(unittest.TestCase):
    SHOWN = ("Package: linux-image-amd64\nVersion: 7.2.13-1\nDescription: one\n more: of it\n\n"
             "Package: linux-image-amd64\nVersion: 7.3~rc7-1~exp1\n")

    def test_stanzas(self):
        stanzas = apt_root.parse_stanzas(self.SHOWN)
        self.assertEqual([s["Version"] for s in stanzas], ["7.2.13-1", "7.3~rc7-1~exp1"])
        self.assertNotIn(" more", stanzas[0])
        self.assertEqual(apt_root.parse_stanzas("\n\n"), [])

    def test_newest_by_debians_order(self):
        self.assertEqual(apt_root.newest(apt_root.parse_stanzas(self.SHOWN))["Version"], "7.3~rc7-1~exp1")
        self.assertEqual(apt_root.newest([{"Version": "6.1.9-1"}, {"Version": "6.1.10-1"}])["Version"], "6.1.10-1")

    def test_a_split_kernel_is_several_packages(self):
        depends = ("dracut | initramfs-tools (>= 0.120), linux-base-7.3-amd64 (= 7.3-1), "
                   "linux-binary-7.3-amd64 (= 7.3-1), linux-modules-7.3-amd64 (= 7.3-1)")
        self.assertEqual(kernels.kernel_packages({"Depends": depends}),
                         ["linux-base-7.3-amd64", "linux-binary-7.3-amd64", "linux-modules-7.3-amd64"])
        self.assertEqual(kernels.kernel_packages({"Depends": "kmod, linux-base (>= 4.3~)"}), [])
        self.assertEqual(kernels.kernel_packages({}), [])


class ChoiceTest(PrivateCache):
    def test_is_kept_and_needs_no_network(self):
        home = self.home / "leakscope" / "kernels"
        home.mkdir(parents=True)
        (home / "6.1.json").write_text('[["linux-image-6.1", "6.1-1", "00ff"]]')
        self.assertEqual(kernels.choose("6.1", False, self.fail), [("linux-image-6.1", "6.1-1", "00ff")])

    def test_that_can_no_longer_be_fetched_is_made_again_once(self):
        refreshed = []

        def choose(_name, refresh, _say):
            refreshed.append(refresh)
            return [("linux-image-6.1", "6.1-1", "00ff")]

        def fetch(*_):
            raise LabError("no such package")

        with mock.patch.object(kernels, "choose", choose), mock.patch.object(kernels, "fetch", fetch), \
                mock.patch.object(kernels, "_recipe", lambda: "recipe"), self.assertRaisesRegex(LabError, "no such package"):
            kernels.ready("6.1", False, lambda _: None)
        self.assertEqual(refreshed, [False, True])

    def test_a_kernel_that_is_not_there_is_named_with_those_that_are(self):
        with self.assertRaisesRegex(LabError, "4.19.*5.10.*newest"):
            kernels.ready("4.19", False, self.fail)


class InitramfsTest(unittest.TestCase):
    DEP = initramfs.parse_modules_dep("kernel/fs/9p/9p.ko.xz: kernel/fs/netfs/netfs.ko.xz kernel/net/9p/9pnet.ko.xz\n"
                                      "kernel/net/9p/9pnet.ko.xz:\nkernel/fs/netfs/netfs.ko.xz:\n"
                                      "kernel/net/9p/9pnet_virtio.ko.xz: kernel/net/9p/9pnet.ko.xz\n")

    def test_each_module_comes_once_and_after_what_it_needs(self):
        self.assertEqual([initramfs.module_name(p) for p in initramfs.load_order(self.DEP, set(), ("9pnet_virtio", "9p"))],
                         ["9pnet", "9pnet_virtio", "netfs", "9p"])

    def test_built_in_is_as_good_as_a_module(self):
        self.assertEqual(initramfs.load_order({}, {"virtio_pci"}, ("virtio-pci",)), [])

    def test_a_kernel_without_9p_is_refused(self):
        with self.assertRaisesRegex(LabError, "no module 9p"):
            initramfs.load_order({}, set(), ("9p",))

    def test_the_archive_unpacks(self):
        files = [("dir", 0o040755, b""), ("dir/a", 0o100644, b"12345"), ("b", 0o100755, b"")]
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["busybox", "cpio", "-id"], input=initramfs.archive(files), cwd=folder, check=True,
                           capture_output=True)
            self.assertEqual((Path(folder) / "dir" / "a").read_bytes(), b"12345")
            self.assertEqual((Path(folder) / "b").stat().st_mode & 0o777, 0o755)

    def test_modules_are_plain_in_the_archive(self):
        with tempfile.TemporaryDirectory() as folder:
            packed = Path(folder) / "m.ko.gz"
            packed.write_bytes(gzip.compress(b"module"))
            self.assertEqual(initramfs.plain_module(packed), b"module")


if __name__ == "__main__":
    unittest.main()
