// Runs a fuzzer's entry point over the files of its corpus and over a fixed number of mutations of each (cuts,
// flipped bytes, repeated pieces), so that every build checks the parsers against broken input, also where libFuzzer
// is not to be had. The same corpus gives the same inputs on every run. A corpus that is missing or empty fails.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;
constexpr int kMutationsPerFile = 400;
constexpr std::size_t kLargestMutated = 64 * 1024;

Input read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return Input(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

Input mutate(Input input, std::mt19937& random) {
  const auto below = [&](std::size_t n) { return n == 0 ? 0 : random() % n; };
  if (input.size() > kLargestMutated) input.resize(kLargestMutated);
  for (std::size_t i = 0, edits = 1 + below(4); i < edits; ++i) {
    const std::size_t at = below(input.size());
    switch (below(5)) {
      case 0:
        input.resize(at);
        break;
      case 1:
        if (!input.empty()) input[at] = static_cast<std::uint8_t>(random());
        break;
      case 2:
        input.insert(input.begin() + static_cast<std::ptrdiff_t>(at),
                     static_cast<std::uint8_t>("0 \n\xff:-9"[below(8)]));
        break;
      case 3:
        input.erase(input.begin() + static_cast<std::ptrdiff_t>(at),
                    input.begin() + static_cast<std::ptrdiff_t>(at + below(input.size() - at)));
        break;
      default: {
        const Input piece(input.begin() + static_cast<std::ptrdiff_t>(at),
                          input.begin() + static_cast<std::ptrdiff_t>(at + below(input.size() - at)));
        input.insert(input.begin() + static_cast<std::ptrdiff_t>(below(input.size())), piece.begin(), piece.end());
        break;
      }
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || !std::filesystem::is_directory(argv[1])) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER (must exist)\n", argv[0]);
    return 2;
  }
  std::mt19937 random(20261120);
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[1])) {
    if (!entry.is_regular_file()) continue;
    ++files;
    const Input input = read_file(entry.path());
    LLVMFuzzerTestOneInput(input.data(), input.size());
    for (int i = 0; i < kMutationsPerFile; ++i) {
      const Input mutated = mutate(input, random);
      LLVMFuzzerTestOneInput(mutated.data(), mutated.size());
    }
  }
  std::printf("%d corpus files, %d inputs\n", files, files * (kMutationsPerFile + 1));
  return files > 0 ? 0 : 1;
}
