#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "sources/recording/frame.h"
#include "sources/recording/profile_file.h"
#include "sources/recording/profile_head.h"
#include "sources/recording/profile_sites.h"

namespace {

using namespace leakscope;
using namespace leakscope::sources::recording;

void check_head(std::string_view payload) {
  const auto head = parse_profile_head(payload);
  if (!head) return;
  std::string again;
  encode_profile_head(*head, again);
  const auto same = parse_profile_head(again);
  if (!same || !(*same == *head)) __builtin_trap();
}

void check_sites(std::string_view payload) {
  const auto sites = parse_profile_sites(payload);
  if (!sites) return;
  ProfileSitesBuilder builder;
  for (const model::Site& site : sites->sites) builder.add(site);
  std::string again;
  builder.encode(sites->first, again);
  const auto same = parse_profile_sites(again);
  if (!same || same->sites != sites->sites) __builtin_trap();
}

// The bytes as each of both frames of a file that is whole.
void check_file(std::string_view payload) {
  ProfileHead head;
  head.sites = 5;
  std::string made;
  encode_profile_head(head, made);
  FrameCodec codec;
  std::string file;
  bool ok = codec.append_frame({.kind = FrameKind::kProfile}, made, std::nullopt, file).has_value();
  ok = ok && codec.append_frame({.kind = FrameKind::kProfileSites}, payload, std::nullopt, file);
  ok = ok && codec.append_frame({.kind = FrameKind::kProfile}, payload, std::nullopt, file);
  ok = ok && codec.append_frame({.kind = FrameKind::kProfileSites}, payload, std::nullopt, file);
  UniqueFd fd(::memfd_create("input", MFD_CLOEXEC));
  if (!ok || ::write(fd.get(), file.data(), file.size()) != static_cast<ssize_t>(file.size())) return;
  (void)contents_of(file);
  if (const auto saved = read_profile(std::move(fd), "input")) {
    if (saved->profile.sites.size() > kMaxSitesPerFrame) __builtin_trap();
  }
}

}  // namespace

// Any bytes as the payload of a profile's head and of its sites.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view payload(reinterpret_cast<const char*>(data), size);
  check_head(payload);
  check_sites(payload);
  check_file(payload);
  return 0;
}
