"""The small first root of a guest: busybox, the modules that reach the host's files, and guest/init."""
import gzip
import lzma
import subprocess
from pathlib import Path

from .errors import LabError

BUSYBOX = Path("/bin/busybox")
INIT = Path(__file__).parent.parent / "guest" / "init"
# What a guest needs before it sees the host's files. Loaded in this order, each after what it depends on.
NEEDED = ("virtio_pci", "9pnet_virtio", "9p", "overlay")


def member(name: str, mode: int, data: bytes, inode: int) -> bytes:
    """One file in cpio's "newc" format (Documentation/driver-api/early-userspace/buffer-format.rst)."""
    encoded = name.encode() + b"\0"
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def archive(files) -> bytes:
    """An archive of (name, mode, data); mode has the file's type."""
    parts = [member(name, mode, data, inode) for inode, (name, mode, data) in enumerate(files, 1)]
    return b"".join(parts) + member("TRAILER!!!", 0, b"", 0)


def parse_modules_dep(text: str) -> dict:
    """modules.dep ("kernel/fs/9p/9p.ko.xz: kernel/net/9p/9pnet.ko.xz"), by the module's name."""
    rows = {}
    for line in text.splitlines():
        path, colon, needs = line.partition(":")
        if colon:
            rows[module_name(path)] = (path, needs.split())
    return rows


def module_name(path: str) -> str:
    return path.rsplit("/", 1)[-1].split(".ko")[0].replace("-", "_")


def load_order(dep: dict, builtin: set, needed) -> list:
    """Paths of the modules to load, each after those it needs. Raises for one that the kernel does not have."""
    order = []
    for name in needed:
        wanted = name.replace("-", "_")
        if wanted in dep:
            path, needs = dep[wanted]
            # depmod lists direct and indirect ones so that the last is to be loaded first.
            order += [p for p in [*reversed(needs), path] if p not in order]
        elif wanted not in builtin:
            raise LabError(f"this kernel has no module {name}; a guest cannot reach the host's files without it")
    return order


def plain_module(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".xz":
        return lzma.decompress(data)
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dcq", str(path)], check=True, capture_output=True).stdout
    return data


def build(folder: Path, release: str) -> None:
    """Writes folder/initramfs for the module tree in folder/lib/modules/RELEASE."""
    tree = folder / "lib/modules" / release
    dep = parse_modules_dep((tree / "modules.dep").read_text())
    builtin = {module_name(line) for line in (tree / "modules.builtin").read_text().split()}
    order = load_order(dep, builtin, NEEDED)
    directory, program, plain = 0o040755, 0o100755, 0o100644
    files = [(name, directory, b"") for name in ("bin", "dev", "proc", "sys", "root", "modules")]
    files += [("bin/busybox", program, BUSYBOX.read_bytes()), ("init", program, INIT.read_bytes())]
    names = []
    for path in order:
        names.append(f"{module_name(path)}.ko")
        files.append((f"modules/{names[-1]}", plain, plain_module(tree / path)))
    files.append(("modules/order", plain, "".join(f"{n}\n" for n in names).encode()))
    (folder / "initramfs").write_bytes(gzip.compress(archive(files), 6, mtime=0))
