#include "sources/procfs/host.h"

#include <unistd.h>

#include "sources/procfs/boot_parameters.h"
#include "sources/procfs/page_size.h"
#include "sources/procfs/test_texts.h"
#include "sources/procfs/virtualization.h"

namespace leakscope::sources::procfs {
namespace {

TEST(BootParameters, KeepsNamesAndValuesThatAreAboutMemory) {
  EXPECT_EQ(without_private_values(testdata("boot_parameters/server-format-made.txt")),
            "BOOT_IMAGE root ro quiet page_owner=on slub-debug=U,kmalloc-64 hugepagesz=2M hugepages=512 "
            "crashkernel=384M-:128M dyndbg ip rd.luks.key cgroup_no_v1=all transparent_hugepage=madvise");
}

TEST(BootParameters, ReadsQuotesAsTheKernelDoes) {
  EXPECT_EQ(without_private_values("a=\"x mem=1\" mem=2"), "a mem=2");
  EXPECT_EQ(without_private_values("\"secret=x y\" mem=2"), "secret mem=2");
  EXPECT_EQ(without_private_values("mem=\"1 2"), "mem=\"1 2");
  EXPECT_EQ(without_private_values("a=b=c  \t memory=1 -- mem=3"), "a memory");
  EXPECT_EQ(without_private_values(""), "");
  EXPECT_EQ(without_private_values("  \n"), "");
}

TEST(Virtualization, KnowsHypervisorsByTheirMakers) {
  EXPECT_EQ(hypervisor_from_dmi("QEMU", "Standard PC (Q35 + ICH9, 2009)"), "kvm");
  EXPECT_EQ(hypervisor_from_dmi("Microsoft Corporation", "Virtual Machine"), "hyperv");
  EXPECT_EQ(hypervisor_from_dmi("Microsoft Corporation", "Surface Pro"), "");
  EXPECT_EQ(hypervisor_from_dmi("VMware, Inc.", "VMware7,1"), "vmware");
  EXPECT_EQ(hypervisor_from_dmi("innotek GmbH", "VirtualBox"), "virtualbox");
  EXPECT_EQ(hypervisor_from_dmi("Xen", "HVM domU"), "xen");
  EXPECT_EQ(hypervisor_from_dmi("Amazon EC2", "m5.large"), "kvm");
  EXPECT_EQ(hypervisor_from_dmi("Amazon EC2", "m5.metal"), "");
  EXPECT_EQ(hypervisor_from_dmi("Dell Inc.", "PowerEdge R740"), "");
  EXPECT_EQ(hypervisor_from_dmi("", ""), "");
}

TEST(Virtualization, AsksTheCpuWhereNothingElseTells) {
  EXPECT_EQ(has_hypervisor_flag(testdata("virtualization/cpuinfo-vm-format-made.txt")), true);
  EXPECT_EQ(has_hypervisor_flag(testdata("virtualization/cpuinfo-metal-format-made.txt")), false);
  EXPECT_EQ(has_hypervisor_flag(testdata("virtualization/cpuinfo-arm64-format-made.txt")), std::nullopt);
  EXPECT_EQ(has_hypervisor_flag(""), std::nullopt);
}

TEST(Virtualization, LooksFirstForAContainer) {
  const TestTree tree;
  EXPECT_EQ(detect_virtualization(tree.root()), "");
  tree.write("proc/cpuinfo", testdata("virtualization/cpuinfo-metal-format-made.txt"));
  EXPECT_EQ(detect_virtualization(tree.root()), "none");
  tree.write("proc/cpuinfo", testdata("virtualization/cpuinfo-vm-format-made.txt"));
  EXPECT_EQ(detect_virtualization(tree.root()), "vm");
  tree.write("sys/class/dmi/id/sys_vendor", "QEMU\n");
  EXPECT_EQ(detect_virtualization(tree.root()), "kvm");
  tree.write("sys/hypervisor/type", "xen\n");
  EXPECT_EQ(detect_virtualization(tree.root()), "xen");
  tree.write(".dockerenv", "");
  EXPECT_EQ(detect_virtualization(tree.root()), "container");
}

TEST(PageSize, IsTheSmallestOfAnyMapping) {
  EXPECT_EQ(page_size_from_smaps(testdata("page_size/6.18-x86_64-vm-smaps.txt")), PageSize{4096});
  EXPECT_EQ(page_size_from_smaps(testdata("page_size/arm64-64k-smaps-format-made.txt")), PageSize{65536});
  EXPECT_EQ(page_size_from_smaps("KernelPageSize: 4"), std::nullopt);
  EXPECT_EQ(page_size_from_smaps("KernelPageSize: 5 kB\nKernelPageSize: -4 kB\nKernelPageSize: 0 kB\n"), std::nullopt);
}

TEST(PageSize, IsWhatMakesBothFilesAgree) {
  const std::string meminfo = testdata("meminfo/6.12-format-made.txt");
  EXPECT_EQ(page_size_from_counters(meminfo, testdata("vmstat/6.12-format-made.txt")), PageSize{4096});
  EXPECT_EQ(page_size_from_counters(testdata("meminfo/6.18-x86_64-vm.txt"), testdata("vmstat/6.18-x86_64-vm.txt")),
            PageSize{4096});
  EXPECT_EQ(page_size_from_counters("Shmem: 6400 kB\n", "nr_shmem 101\n"), PageSize{65536});
  EXPECT_EQ(page_size_from_counters("Shmem: 6400 kB\n", "nr_shmem 1100\n"), std::nullopt);
  EXPECT_EQ(page_size_from_counters("Shmem: 0 kB\n", "nr_shmem 0\n"), std::nullopt);
  EXPECT_EQ(page_size_from_counters("", ""), std::nullopt);
}

TEST(PageSize, IsAGuessThatSaysSoWhereNothingTells) {
  const TestTree tree;
  EXPECT_EQ(page_size_of(tree.root()).size, PageSize{4096});
  EXPECT_FALSE(page_size_of(tree.root()).note.empty());
  tree.write("proc/meminfo", "Shmem: 6400 kB\n");
  tree.write("proc/vmstat", "nr_shmem 101\n");
  EXPECT_EQ(page_size_of(tree.root()).size, PageSize{65536});
  EXPECT_TRUE(page_size_of(tree.root()).note.empty());
  tree.write("proc/1/smaps", "KernelPageSize:       16 kB\n");
  EXPECT_EQ(page_size_of(tree.root()).size, PageSize{16384});
}

TEST(Host, FindsTheCgroupVersionInEitherKindOfMountList) {
  EXPECT_EQ(cgroup_version_from_mounts(testdata("host/mountinfo-hybrid-format-made.txt")), 12);
  EXPECT_EQ(cgroup_version_from_mounts(testdata("host/mounts-v2-format-made.txt")), 2);
  EXPECT_EQ(cgroup_version_from_mounts(testdata("host/mounts-v1-format-made.txt")), 1);
  EXPECT_EQ(cgroup_version_from_mounts(testdata("host/mounts-hybrid-memory-in-v2-format-made.txt")), 2);
  EXPECT_EQ(cgroup_version_from_mounts("tmpfs /sys/fs/cgroup tmpfs rw,memory 0 0\n"), std::nullopt);
  EXPECT_EQ(cgroup_version_from_mounts("\n - \ncgroup\n"), std::nullopt);
}

TEST(Host, CountsCpus) {
  EXPECT_EQ(count_cpu_list("0-3,5\n"), 5);
  EXPECT_EQ(count_cpu_list("0"), 1);
  for (const char* bad : {"", "3-1", "a", "0-", "-1", "0,,1", "0-99999999999", "0-9223372036854775807"}) {
    EXPECT_EQ(count_cpu_list(bad), std::nullopt) << bad;
  }
}

TEST(Host, ReadsWordsInBracketsAndMachinesInReleases) {
  EXPECT_EQ(bracketed_word("always [madvise] never"), "madvise");
  EXPECT_EQ(bracketed_word("always ]madvise[ never"), "");
  EXPECT_EQ(bracketed_word(""), "");
  EXPECT_EQ(machine_from_release("4.18.0-553.el8_10.x86_64"), "x86_64");
  EXPECT_EQ(machine_from_release("6.1.0-28-amd64"), "x86_64");
  EXPECT_EQ(machine_from_release("6.12.1"), "");
}

TEST(Host, ReadsARecordedTree) {
  const TestTree tree;
  tree.write("proc/sys/kernel/hostname", "db-17\n");
  tree.write("proc/sys/kernel/osrelease", "4.18.0-553.el8_10.aarch64\n");
  tree.write("proc/version", "Linux version 4.18.0-553.el8_10.aarch64\n");
  tree.write("proc/sys/kernel/random/boot_id", "01234567-89ab-cdef-0123-456789abcdef\n");
  tree.write("proc/cmdline", "root=/dev/sda page_owner=on\n");
  tree.write("proc/stat", "cpu  1 2\ncpu0 1\ncpu1 1\nctxt 3\n");
  tree.write("proc/mounts", testdata("host/mounts-v2-format-made.txt"));
  tree.write("proc/1/smaps", testdata("page_size/arm64-64k-smaps-format-made.txt"));
  tree.write("proc/modules", "xfs 1 0 - Live 0x0\next4 1 0 - Live 0x0\nhalf");
  tree.write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  const HostReading reading = read_host(tree.root());
  EXPECT_TRUE(reading.coverage.empty());
  EXPECT_EQ(reading.host.hostname, "db-17");
  EXPECT_EQ(reading.host.kernel_release, "4.18.0-553.el8_10.aarch64");
  EXPECT_EQ(reading.host.boot_id, "01234567-89ab-cdef-0123-456789abcdef");
  EXPECT_EQ(reading.host.command_line, "root page_owner=on");
  EXPECT_EQ(reading.host.machine, "aarch64");
  EXPECT_EQ(reading.host.virtualization, "");
  EXPECT_EQ(reading.host.transparent_hugepages, "madvise");
  EXPECT_EQ(reading.host.cgroup_version, 2);
  EXPECT_EQ(reading.host.cpus, 2);
  EXPECT_EQ(reading.host.page_size, PageSize{65536});
  EXPECT_EQ(reading.host.modules, (std::vector<std::string>{"ext4", "xfs"}));
}

TEST(Host, NamesWhatAnEmptyTreeLacks) {
  const TestTree tree;
  const HostReading reading = read_host(tree.root());
  EXPECT_EQ(reading.host, model::Host{});
  ASSERT_EQ(reading.coverage.size(), 8U);
  for (const model::Coverage& entry : reading.coverage) EXPECT_EQ(entry.source, "host");
  EXPECT_EQ(reading.coverage.front().state, model::Coverage::State::kAbsent);
  EXPECT_NE(reading.coverage.front().why.find("proc/sys/kernel/hostname"), std::string::npos);
}

TEST(Host, AKernelWithoutModulesIsWhole) {
  const TestTree tree;
  const std::size_t without = read_host(tree.root()).coverage.size();
  tree.write("proc/modules", "");
  EXPECT_EQ(read_host(tree.root()).coverage.size(), without);
}

TEST(Host, ReadsThisMachine) {
  const auto root = RootedDir::open("/");
  ASSERT_TRUE(root);
  const model::Host host = read_host(*root).host;
  EXPECT_FALSE(host.kernel_release.empty());
  EXPECT_FALSE(host.machine.empty());
  EXPECT_EQ(host.cpus, ::sysconf(_SC_NPROCESSORS_ONLN));
  EXPECT_EQ(host.page_size.bytes, ::sysconf(_SC_PAGESIZE));
  EXPECT_EQ(host.boot_id.size(), 36U);
}

}  // namespace
}  // namespace leakscope::sources::procfs
