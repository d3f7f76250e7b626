"""Boots the debug kernel for real and looks whether each of what it is for works."""
import subprocess
import sys
from pathlib import Path

LAB = Path(__file__).parent.parent / "lab.py"
# Each line is a check: its name, and a command that fails when it does not hold.
CHECKS = r"""
page_owner: dd if=/sys/kernel/debug/page_owner bs=64k count=1 2>/dev/null | grep -q 'Page allocated via order'
allocinfo: awk 'NR > 2 && $1 > 0 && /func:/ { n++ } END { exit n < 100 }' /proc/allocinfo
kmemleak: modprobe kmemleak-test; for i in 1 2 3; do echo scan >/sys/kernel/debug/kmemleak; sleep 6; done; grep -q 'unreferenced object' /sys/kernel/debug/kmemleak
modules: grep -q '^kmemleak_test ' /proc/modules
btf: bpftool btf dump file /sys/kernel/btf/vmlinux format raw | grep -q "STRUCT 'kmem_cache'"
kprobes: echo p:leakscope_lab do_exit >/sys/kernel/tracing/kprobe_events; grep -q leakscope_lab /sys/kernel/tracing/kprobe_events
kcore: head -c 4 /proc/kcore | grep -q ELF
kallsyms: grep -q ' kmalloc_caches$' /proc/kallsyms
config: zcat /proc/config.gz | grep -qx CONFIG_PAGE_OWNER=y
bpf: bpftool prog list
io_uring: grep -qw io_uring_setup /proc/kallsyms || grep -q __x64_sys_io_uring_setup /proc/kallsyms
zram: modprobe zram; test -b /dev/zram0
tun: modprobe tun; test -c /dev/net/tun
bridge: modprobe br_netfilter; test -e /proc/sys/net/bridge/bridge-nf-call-iptables
nf_tables: modprobe nf_tables
ebtables: modprobe ebtables
brd: modprobe brd rd_nr=1; test -b /dev/ram0
io: grep -qw io /sys/fs/cgroup/cgroup.controllers
memory: grep -qw memory /sys/fs/cgroup/cgroup.controllers
"""


def main() -> None:
    checks = [line.partition(": ") for line in CHECKS.strip().splitlines()]
    inside = "\n".join(f"({command}) >&2 && echo {name} works || echo {name} FAILS" for name, _, command in checks)
    done = subprocess.run([sys.executable, "-B", str(LAB), "boot", "debug", "--timeout", "400", "--", "sh", "-c", inside],
                          capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr, sep="\n")
    assert done.returncode == 0, f"want 0, got {done.returncode}"
    wanted = [f"{name} works" for name, _, _ in checks]
    assert done.stdout.splitlines() == wanted, "some do not work"


if __name__ == "__main__":
    main()
