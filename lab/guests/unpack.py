"""A kernel's files out of its Debian packages."""
import shutil
import subprocess
import tempfile
from pathlib import Path

from .errors import LabError

# Folders of the module tree that no guest has hardware or use for; they are two thirds of it.
UNUSED_MODULES = ("sound", "drivers/accel", "drivers/gpu", "drivers/hid", "drivers/hwmon", "drivers/iio",
                  "drivers/infiniband", "drivers/input", "drivers/isdn", "drivers/media", "drivers/mtd",
                  "drivers/net/ethernet", "drivers/net/wireless", "drivers/scsi", "drivers/staging", "drivers/usb",
                  "net/bluetooth", "net/mac80211", "net/wireless")


def unpack(debs, folder: Path) -> str:
    """The kernel's files out of its packages, modules below lib/modules. Gives its release."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        tree = Path(scratch)
        for deb in debs:
            subprocess.run(["dpkg-deb", "-x", str(deb), str(tree)], check=True)
        images = [p for pattern in ("boot/vmlinuz-*", "usr/lib/modules/*/vmlinuz", "lib/modules/*/vmlinuz")
                  for p in tree.glob(pattern)]
        trees = [p for pattern in ("lib/modules/*", "usr/lib/modules/*") for p in tree.glob(pattern)
                 if (p / "kernel").is_dir()]
        if len(trees) != 1 or not images:
            raise LabError(f"no kernel in {', '.join(Path(d).name for d in debs)}")
        release = trees[0].name
        for unused in UNUSED_MODULES:
            shutil.rmtree(trees[0] / "kernel" / unused, ignore_errors=True)
        for link in ("build", "source"):
            (trees[0] / link).unlink(missing_ok=True)
        shutil.copyfile(images[0], folder / "vmlinuz")
        for config in tree.glob("boot/config-*"):
            shutil.copyfile(config, folder / "config")
        (folder / "lib/modules").mkdir(parents=True)
        shutil.move(str(trees[0]), str(folder / "lib/modules" / release))
    subprocess.run(["depmod", "-b", str(folder), release], check=True)
    return release
