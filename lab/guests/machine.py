"""The virtual machine: QEMU's command line, and whether KVM can be used."""
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from . import cache
from .errors import LabError
from .kernels import Kernel

QEMU = "qemu-system-x86_64"

# A boot sector that writes 0x10 to port 0xf4 and halts: with isa-debug-exit there, QEMU ends with (0x10 << 1) | 1.
_SIGN_OF_LIFE = b"\xba\xf4\x00\xb0\x10\xee\xf4"
_ALIVE = 0x21


@dataclass(frozen=True)
class Shape:
    """What kind of machine the caller wants."""
    memory_mib: int = 1024
    cpus: int = 2
    numa: int = 1
    append: str = ""
    interactive: bool = False


def _seconds_to_life(accelerator: str) -> float | None:
    """How long a machine takes to its first instruction; nothing when it never runs one."""
    with tempfile.NamedTemporaryFile(suffix=".img") as disk:
        disk.write(_SIGN_OF_LIFE.ljust(510, b"\0") + b"\x55\xaa")
        disk.flush()
        command = [QEMU, "-accel", accelerator, "-m", "16", "-nodefaults", "-display", "none",
                   "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
                   "-drive", f"file={disk.name},format=raw,if=ide,snapshot=on"]
        start = time.monotonic()
        try:
            done = subprocess.run(command, capture_output=True, timeout=10, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
    return time.monotonic() - start if done.returncode == _ALIVE else None


def _kvm_is_faster() -> bool:
    kvm = _seconds_to_life("kvm")
    emulated = _seconds_to_life("tcg") if kvm is not None else None
    return kvm is not None and (emulated is None or kvm < emulated)


def kvm_works() -> bool:
    """/dev/kvm may be there, open, make a machine and still never run an instruction, or run them so slowly, in a
    machine that is emulated itself, that a kernel never gets to its console: a sector is booted both ways, once per boot.
    """
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    known = cache.root() / "kvm-is-faster"
    try:
        seen, answer = known.read_text().split()
        if seen == boot:
            return answer == "yes"
    except (OSError, ValueError):
        pass
    works = _kvm_is_faster()
    known.parent.mkdir(parents=True, exist_ok=True)
    known.write_text(f"{boot} {'yes' if works else 'no'}\n")
    return works


def _numa(shape: Shape) -> list:
    """The memory and the CPUs in equal shares on each node."""
    if shape.numa < 2:
        return []
    if shape.memory_mib % shape.numa or shape.cpus < shape.numa:
        raise LabError(f"{shape.numa} NUMA nodes need as many CPUs and memory that they can share evenly")
    words = []
    for node in range(shape.numa):
        cpus = [cpu for cpu in range(shape.cpus) if cpu * shape.numa // shape.cpus == node]
        words += ["-object", f"memory-backend-ram,id=node{node},size={shape.memory_mib // shape.numa}M",
                  "-numa", f"node,nodeid={node},cpus={cpus[0]}-{cpus[-1]},memdev=node{node}"]
    return words


def _share(tag: str, path: Path, readonly: bool) -> list:
    # QEMU's option syntax doubles a comma that is meant.
    place = str(path).replace(",", ",,")
    options = f"local,id={tag},path={place},security_model=none,multidevs=remap"
    return ["-fsdev", options + (",readonly=on" if readonly else ""),
            "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]


def command_line(kernel: Kernel, shape: Shape, control: Path, results: Path, kvm: bool, monitor: int) -> list:
    """`monitor`: a descriptor that QEMU inherits, a socket that its monitor answers."""
    # A panic restarts the machine at once, and a restart ends QEMU: nothing is left hanging.
    append = " ".join(filter(None, ("console=ttyS0 panic=-1 reboot=t log_buf_len=4M", kernel.append, shape.append.strip())))
    console = f"id=console,logfile={str(control / 'console').replace(',', ',,')}"
    kind = "stdio,mux=on,signal=off" if shape.interactive else "null"
    return [
        QEMU, "-no-user-config", "-nodefaults", "-no-reboot", "-display", "none",
        *(["-accel", "kvm", "-cpu", "host"] if kvm else ["-accel", "tcg,thread=multi", "-cpu", "max"]),
        "-m", str(shape.memory_mib), "-smp", str(shape.cpus), *_numa(shape),
        "-kernel", str(kernel.image), "-initrd", str(kernel.initramfs), "-append", append,
        "-chardev", f"{kind},{console}", "-serial", "chardev:console",
        "-chardev", f"socket,id=monitor,fd={monitor}", "-mon", "chardev=monitor,mode=control",
        # Inert in a guest that does not load the driver.
        "-device", "virtio-balloon-pci",
        *_share("rootfs", Path("/"), readonly=True),
        *_share("control", control, readonly=False), *_share("results", results, readonly=False),
    ]
