#include "sources/held_objects/process_look.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

namespace leakscope::sources::held_objects {
namespace {

constexpr std::size_t kLinksAtOnce = 256;
constexpr std::size_t kObjectsAtOnce = 64;

std::string fdinfo_path(Pid pid, int fd) { return fmt::format("proc/{}/fdinfo/{}", pid.value, fd); }

}  // namespace

ProcessLook::End ProcessLook::advance(LookContext& context) {
  while (!scanned_) {
    if (context.links == 0 || context.out_of_time()) return End::kMore;
    std::size_t slice = std::min(kLinksAtOnce, context.links);
    context.links -= slice;
    const FdScan::End end = scan_.advance(context.root, who_.id.pid, slice);
    context.links += slice;
    if (end == FdScan::End::kGone) return End::kGone;
    if (end == FdScan::End::kDenied) return End::kDenied;
    scanned_ = end == FdScan::End::kComplete;
  }
  const auto& held = scan_.held();
  while (next_ < held.size()) {
    if (next_ % kObjectsAtOnce == 0 && context.out_of_time()) {
      borrowed_.reset();  // a descriptor less to hold until the next sample
      return End::kMore;
    }
    measure(context, held[next_]);
    ++next_;
  }
  borrowed_.reset();
  const auto now = read_process_identity(context.root, who_.id.pid, context.buffer);
  return now && now->id == who_.id ? End::kComplete : End::kGone;
}

void ProcessLook::measure(LookContext& context, const HeldFd& held) {
  switch (held.kind) {
    case FdTarget::Kind::kSocket:
      return measure_socket(context, held);
    case FdTarget::Kind::kPipe:
      return measure_pipe(context, held);
    case FdTarget::Kind::kInotify:
      has_inotify_ = true;
      if (count_watches_) count_watches(context, held.fd);
      return;
    case FdTarget::Kind::kBpfMap:
      return measure_bpf_map(context, held.fd);
    default:
      return;
  }
}

void ProcessLook::measure_socket(LookContext& context, const HeldFd& held) {
  if (context.sockets == nullptr) return;
  std::optional<std::int64_t> bytes = context.sockets->find(held.inode);
  if (!bytes) {
    const auto asked = borrow(ObjectKey::Kind::kSocket, held, context.page_size);
    if (!asked) return note(ObjectKey::Kind::kSocket, asked.error());
    bytes = *asked;
  }
  if (*bytes > 0) objects_.push_back({{ObjectKey::Kind::kSocket, held.inode}, *bytes, false});
}

void ProcessLook::measure_pipe(LookContext& context, const HeldFd& held) {
  if (context.sockets == nullptr) return;
  const auto known = context.pipes.find(held.inode);
  std::int64_t bytes = 0;
  if (known != context.pipes.end()) {
    bytes = known->second;
  } else {
    const auto asked = borrow(ObjectKey::Kind::kPipe, held, context.page_size);
    if (!asked) return note(ObjectKey::Kind::kPipe, asked.error());
    bytes = *asked;
    context.pipes.emplace(held.inode, bytes);
  }
  if (bytes > 0) objects_.push_back({{ObjectKey::Kind::kPipe, held.inode}, bytes, held.reads});
}

Result<std::int64_t> ProcessLook::borrow(ObjectKey::Kind kind, const HeldFd& held, PageSize page_size) {
  if (!borrowed_) borrowed_ = BorrowedFds::open(who_.id.pid);
  if (!*borrowed_) return std::unexpected(borrowed_->error());
  if (kind == ObjectKey::Kind::kSocket) return (*borrowed_)->socket_bytes(held.fd, held.inode);
  return (*borrowed_)->pipe_bytes(held.fd, held.inode, page_size.bytes);
}

void ProcessLook::note(ObjectKey::Kind kind, const Error& error) {
  // A descriptor that was closed meanwhile holds nothing any more.
  if (error.kind == Error::Kind::kGone) return;
  auto& refused = refused_[static_cast<std::size_t>(kind)];
  if (!refused) refused = error;
}

void ProcessLook::count_watches(LookContext& context, int fd) {
  const Nanoseconds start = thread_cpu_time();
  const auto file = context.root.open_file(fdinfo_path(who_.id.pid, fd));
  if (!file) return;
  InotifyCounter counter;
  std::array<char, 16384> piece;
  for (;;) {
    const ssize_t got = ::read(file->get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return;
    if (got == 0) break;
    counter.feed({piece.data(), static_cast<std::size_t>(got)});
  }
  watches_ = watches_.value_or(0) + counter.watches();
  watches_cost_ += thread_cpu_time() - start;
}

void ProcessLook::measure_bpf_map(LookContext& context, int fd) {
  const auto text = context.root.read(fdinfo_path(who_.id.pid, fd), context.buffer);
  const auto map = text ? parse_bpf_map_fdinfo(*text) : std::unexpected(text.error());
  if (!map) {
    if (map.error().kind != Error::Kind::kNotFound) note(ObjectKey::Kind::kBpfMap, map.error());
    return;
  }
  if (!map->id || !map->memlock) return;
  const ObjectKey key{ObjectKey::Kind::kBpfMap, *map->id};
  if (std::ranges::find(objects_, key, &Object::key) == objects_.end()) objects_.push_back({key, *map->memlock, false});
}

}  // namespace leakscope::sources::held_objects
