"""Boots Debian's 6.1 for real and runs LEAKSCOPE in it: guest.py LEAKSCOPE."""
import json
import subprocess
import sys
from pathlib import Path

LAB = Path(__file__).parent.parent / "lab.py"


def main(leakscope: str) -> None:
    inside = 'grep -c "^9p\\|^overlay" /proc/modules >&2; "$0" status --json; echo "status: $?" >&2; exit 3'
    done = subprocess.run([sys.executable, "-B", str(LAB), "boot", "6.1", "--timeout", "240", "--",
                           "sh", "-c", inside, leakscope], capture_output=True, text=True, check=False)
    assert done.returncode == 3, f"want the command's code 3, got {done.returncode}: {done.stderr}"
    assert "status: 0\n" in done.stderr, done.stderr
    document = json.loads(done.stdout)
    assert document["host"]["kernel"].startswith("6.1."), document["host"]
    assert document["host"]["hostname"] == "guest", document["host"]
    ledger = document["ledger"]
    rows = sum(row["bytes"] for row in ledger["rows"])
    assert rows + ledger["unattributed_bytes"] == ledger["total_bytes"], ledger
    assert 512 << 20 < ledger["total_bytes"] < 1 << 30, ledger["total_bytes"]


if __name__ == "__main__":
    main(*sys.argv[1:])
