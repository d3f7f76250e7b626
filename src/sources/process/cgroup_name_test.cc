#include "sources/process/cgroup_name.h"

#include <gtest/gtest.h>

namespace leakscope::sources::process {
namespace {

using Kind = CgroupName::Kind;
#define ID "3fa0d2a1b8c94e5f60718293a4b5c6d7e8f90123456789abcdef0123456789ab"
#define SHORT "3fa0d2a1b8c9"

struct Case {
  const char* path;
  Kind kind;
  const char* name;
};

TEST(CgroupName, KnowsTheLayouts) {
  const Case cases[] = {
      {"/", Kind::kNone, ""},
      {"", Kind::kNone, ""},
      {"/jobs/17", Kind::kNone, ""},
      {"/system.slice/nginx.service", Kind::kUnit, "nginx.service"},
      {"/system.slice/foo.service/supervisor", Kind::kUnit, "foo.service"},
      {"/system.slice/system-getty.slice/getty@tty1.service", Kind::kUnit, "getty@tty1.service"},
      {"/system.slice/_cpu.service", Kind::kUnit, "cpu.service"},
      {"/user.slice/user-1000.slice/session-3.scope", Kind::kUnit, "session-3.scope"},
      {"/user.slice/user-1000.slice/user@1000.service/app.slice/sync.service", Kind::kUnit, "sync.service"},
      {"/user.slice/user-1000.slice/user@1000.service/init.scope", Kind::kUnit, "user@1000.service"},
      {"/init.scope", Kind::kUnit, "init.scope"},
      {"/user.slice/user-1000.slice", Kind::kUnit, "user-1000.slice"},
      {"/user.slice", Kind::kUnit, "user.slice"},
      {"/.slice", Kind::kNone, ""},
      {"/system.slice/dev-disk-by\\x2dlabel-swap.swap", Kind::kUnit, "dev-disk-by\\x2dlabel-swap.swap"},
      {"/docker/" ID, Kind::kContainer, "docker-" SHORT},
      {"/docker/" ID "/system.slice/nginx.service", Kind::kContainer, "docker-" SHORT},
      {"/system.slice/docker-" ID ".scope", Kind::kContainer, "docker-" SHORT},
      {"/kubepods/burstable/pod1b2c/" ID, Kind::kContainer, SHORT},
      {"/kubepods/pod1b2c", Kind::kNone, ""},
      {"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1_2.slice/cri-containerd-" ID ".scope",
       Kind::kContainer, "containerd-" SHORT},
      {"/kubepods.slice/kubepods-pod1_2.slice/crio-" ID ".scope", Kind::kContainer, "crio-" SHORT},
      {"/kubepods.slice/kubepods-pod1_2.slice/crio-conmon-" ID ".scope", Kind::kContainer, "crio-" SHORT},
      {"/kubepods.slice/kubepods-pod1_2.slice", Kind::kUnit, "kubepods-pod1_2.slice"},
      {"/system.slice/containerd.service/kubepods-pod1_2.slice:cri-containerd:" ID, Kind::kContainer,
       "containerd-" SHORT},
      {"/machine.slice/libpod-" ID ".scope/container", Kind::kContainer, "podman-" SHORT},
      {"/machine.slice/libpod-conmon-" ID ".scope", Kind::kContainer, "podman-" SHORT},
      {"/libpod_parent/libpod-" ID, Kind::kContainer, "podman-" SHORT},
      {"/../" ID, Kind::kContainer, SHORT},
      {"/lxc/web", Kind::kContainer, "web"},
      {"/lxc.payload.web/system.slice/nginx.service", Kind::kContainer, "web"},
      {"/lxc.payload/web", Kind::kContainer, "web"},
      {"/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator", Kind::kMachine, "qemu-1-web"},
      {"/machine.slice/machine-bad\\x2.scope", Kind::kMachine, "bad\\x2"},
      {"/docker/" ID "/kubelet.slice/cri-containerd-" ID ".scope", Kind::kContainer, "containerd-" SHORT},
  };
  for (const Case& c : cases) {
    const CgroupName name = cgroup_name(c.path);
    EXPECT_EQ(name.kind, c.kind) << c.path;
    EXPECT_EQ(name.name, c.name) << c.path;
  }
}

}  // namespace
}  // namespace leakscope::sources::process
