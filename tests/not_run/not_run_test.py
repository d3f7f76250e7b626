import unittest

from not_run import not_run

LOG = """Start testing: Nov 20 18:58 UTC
----------------------------------------------------------
1/3 Testing: lab.guest
1/3 Test: lab.guest
Command: "python3" "trial.py"
Output:
----------------------------------------------------------
lab: looking for kernel 6.1
did not run: no qemu-system-x86_64
<end of output>
Test Passed.

2/3 Testing: model
2/3 Test: model
Command: "model_test"
Output:
----------------------------------------------------------
[ RUN      ] Registry.Forgets
[       OK ] Registry.Forgets (0 ms)
[ RUN      ] Probe.Attaches
/x/probe_test.cc:30: Skipped
needs CAP_BPF
and a kernel with BTF

[  SKIPPED ] Probe.Attaches (0 ms)
[ RUN      ] Probe.Detaches
/x/probe_test.cc:40: Skipped

[  SKIPPED ] Probe.Detaches (1 ms)
[==========] 3 tests from 2 test suites ran. (1 ms total)
[  SKIPPED ] 2 tests, listed below:
[  SKIPPED ] Probe.Attaches
[  SKIPPED ] Probe.Detaches
<end of output>
Test Passed.
3/3 Test: layers
nothing did not run: at all
"""


class NotRunTest(unittest.TestCase):
    def test_each_is_named_with_its_reason(self):
        self.assertEqual(not_run(LOG), [("lab.guest", "no qemu-system-x86_64"),
                                        ("model: Probe.Attaches", "needs CAP_BPF and a kernel with BTF"),
                                        ("model: Probe.Detaches", "no reason was given")])

    def test_all_ran(self):
        self.assertEqual(not_run("1/1 Test: base\n[       OK ] A.B (0 ms)\n"), [])


if __name__ == "__main__":
    unittest.main()
