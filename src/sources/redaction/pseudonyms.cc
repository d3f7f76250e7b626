#include "sources/redaction/pseudonyms.h"

#include <fcntl.h>
#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/rooted_dir.h"
#include "base/text_cursor.h"

namespace leakscope::sources::redaction {
namespace {

constexpr std::size_t kLeastKey = 16;
constexpr std::size_t kMostKey = 4096;

// SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012).
class SipState {
 public:
  explicit SipState(const Key& key)
      : v_{key[0] ^ 0x736f6d6570736575ULL, key[1] ^ 0x646f72616e646f6dULL, key[0] ^ 0x6c7967656e657261ULL,
           key[1] ^ 0x7465646279746573ULL} {}

  void take(std::uint64_t word) {
    v_[3] ^= word;
    round();
    round();
    v_[0] ^= word;
  }
  std::uint64_t finish() {
    v_[2] ^= 0xff;
    for (int i = 0; i < 4; ++i) round();
    return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
  }

 private:
  void round() {
    v_[0] += v_[1];
    v_[1] = std::rotl(v_[1], 13) ^ v_[0];
    v_[0] = std::rotl(v_[0], 32);
    v_[2] += v_[3];
    v_[3] = std::rotl(v_[3], 16) ^ v_[2];
    v_[0] += v_[3];
    v_[3] = std::rotl(v_[3], 21) ^ v_[0];
    v_[2] += v_[1];
    v_[1] = std::rotl(v_[1], 17) ^ v_[2];
    v_[2] = std::rotl(v_[2], 32);
  }
  std::array<std::uint64_t, 4> v_;
};

std::uint64_t siphash(const Key& key, std::string_view text) {
  SipState state(key);
  const std::size_t size = text.size();
  while (text.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    state.take(word);
    text.remove_prefix(8);
  }
  std::uint64_t last = std::uint64_t{size & 0xffU} << 56U;
  for (std::size_t i = 0; i < text.size(); ++i) {
    last |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
  }
  state.take(last);
  return state.finish();
}

// What every machine has says nothing about one.
constexpr auto kCommon = std::to_array<std::string_view>(
    {"usr",      "bin",    "sbin",         "lib",        "lib64",      "libexec",       "local",
     "etc",      "var",    "tmp",          "home",       "root",       "dev",           "shm",
     "run",      "proc",   "sys",          "fs",         "cgroup",     "opt",           "srv",
     "mnt",      "boot",   "log",          "user",       "init",       "mqueue",        "hugepages",
     "pts",      "lock",   "system.slice", "user.slice", "init.scope", "machine.slice", "kubepods.slice",
     "kubepods", "docker", "lxc",          "memory",     "pids",       "unified",       "systemd"});
constexpr auto kEndings =
    std::to_array<std::string_view>({".service", ".scope", ".slice", ".mount", ".socket", ".swap", " (deleted)"});

}  // namespace

Result<Key> random_key() {
  Key key{};
  if (::getrandom(key.data(), sizeof key, 0) != static_cast<ssize_t>(sizeof key)) {
    return std::unexpected(error_from_errno(errno, "--redact", "get a random key"));
  }
  return key;
}

Result<Key> key_from_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, path, "open"));
  FileBuffer buffer;
  const auto text = read_whole(fd.get(), buffer, path, kMostKey);
  if (!text) return std::unexpected(text.error());
  if (text->size() < kLeastKey) {
    return fail(Error::Kind::kUsage, path, fmt::format("is no key: want at least {} bytes", kLeastKey),
                fmt::format("head -c 32 /dev/urandom > {}", path));
  }
  return Key{siphash({1, 2}, *text), siphash({3, 4}, *text)};
}

std::uint64_t Pseudonyms::hash(std::string_view text) const { return siphash(key_, text); }

std::string Pseudonyms::word(std::string_view name) const {
  if (name.empty()) return {};
  constexpr std::string_view kLetters = "0123456789abcdefghjkmnpqrstvwxyz";
  std::uint64_t bits = hash(name);
  std::string word = "p";
  for (int i = 0; i < 12; ++i) {
    word += kLetters[bits & 31U];
    bits >>= 5U;
  }
  return word;
}

std::string Pseudonyms::component(std::string_view name) const {
  if (name.empty() || name == "." || name == ".." || std::ranges::find(kCommon, name) != kCommon.end()) {
    return std::string(name);
  }
  for (const std::string_view ending : kEndings) {
    if (!name.ends_with(ending) || name.size() == ending.size()) continue;
    return component(name.substr(0, name.size() - ending.size())) + std::string(ending);
  }
  return word(name);
}

std::string Pseudonyms::path(std::string_view path) const {
  std::string said;
  for (;;) {
    const std::size_t slash = path.find('/');
    said += component(path.substr(0, slash));
    if (slash == std::string_view::npos) return said;
    said += '/';
    path.remove_prefix(slash + 1);
  }
}

std::string Pseudonyms::text(std::string_view sentence) const {
  std::string said;
  while (!sentence.empty()) {
    const char first = sentence.front();
    if (first == '\'' || first == '"') {
      const std::size_t end = sentence.find(first, 1);
      const std::string_view quoted = sentence.substr(1, end == std::string_view::npos ? end : end - 1);
      said += first + word(quoted);
      if (end != std::string_view::npos) said += first;
      sentence.remove_prefix(std::min(sentence.size(), end == std::string_view::npos ? end : end + 1));
      continue;
    }
    const std::size_t end = std::min(sentence.find_first_of(" \t\n'\"", 1), sentence.size());
    const std::string_view token = sentence.substr(0, end);
    const std::size_t slash = token.find('/');
    const std::string_view path = slash == std::string_view::npos ? std::string_view{} : token.substr(slash);
    const bool of_kernel = path.starts_with("/proc/") || path.starts_with("/sys/");
    if (path.size() < 2 || (of_kernel && !path.starts_with("/sys/fs/cgroup"))) {
      said += token;
    } else {
      said += token.substr(0, slash);
      said += this->path(path);
    }
    sentence.remove_prefix(end);
  }
  return said;
}

std::string Pseudonyms::id(std::string_view number) const {
  if (number == "0" || !parse_number<std::uint64_t>(number)) return std::string(number);
  return std::to_string(100'000 + hash(number) % 900'000);
}

std::string Pseudonyms::boot_id(std::string_view id) const {
  if (id.empty()) return {};
  const std::uint64_t high = hash(id);
  const std::uint64_t low = hash(word(id));
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xffffU, high & 0xffffU,
                     low >> 48U, low & 0xffffffffffffULL);
}

}  // namespace leakscope::sources::redaction
