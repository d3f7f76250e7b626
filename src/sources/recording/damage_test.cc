#include <fcntl.h>
#include <unistd.h>

#include <fstream>

#include <gtest/gtest.h>

#include "sources/recording/frame_scan.h"
#include "sources/recording/made_samples.h"

namespace leakscope::sources::recording {
namespace {

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void put_contents(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

FrameScan scan(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  auto found = scan_frames(fd.get(), path);
  EXPECT_TRUE(found);
  return found.value_or(FrameScan{});
}

// A session frame, an hour, chunks; no end, as after a SIGKILL. Gives back what was written.
std::vector<Glimpse> write_small(const std::string& path, int samples = 40) {
  MadeMachine machine(11);
  WriterOptions options = machine.options();
  options.flush_every = std::chrono::seconds(15);
  options.block_length = std::chrono::seconds(70);
  auto writer = RecordingWriter::create(path, options);
  EXPECT_TRUE(writer);
  std::vector<Glimpse> written;
  for (int i = 0; i < samples; ++i) {
    written.push_back(glimpse(machine.next_calm(6)));
    EXPECT_TRUE(writer->add(machine.sample, machine.registry));
  }
  EXPECT_TRUE(writer->flush(machine.registry));
  return written;
}

// Each sample that was read is one that was written, and they are in order.
void expect_subsequence(const std::vector<Glimpse>& read, const std::vector<Glimpse>& written) {
  std::size_t at = 0;
  for (const Glimpse& seen : read) {
    while (at < written.size() && written[at] != seen) ++at;
    ASSERT_LT(at, written.size());
    ++at;
  }
}

TEST(Damage, CutAtEveryByteNothingWholeIsLost) {
  ScratchDir scratch(ScratchDir::kInMemory);
  const std::vector<Glimpse> written = write_small(scratch.file("whole"));
  const std::string bytes = contents(scratch.file("whole"));
  const FrameScan whole = scan(scratch.file("whole"));
  ASSERT_GE(whole.frames.size(), 4U);
  ASSERT_EQ(whole.frames[1].header.kind, FrameKind::kHour);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    put_contents(scratch.file("cut"), std::string_view(bytes).substr(0, size));
    std::uint64_t expected = 0;
    std::uint64_t frames = 0;
    for (const FrameRef& frame : whole.frames) {
      if (frame.end() > size) break;
      expected += frame.header.samples;
      ++frames;
    }
    const ReadBack back = glimpse_back(scratch.file("cut"));
    if (frames == 0) {
      ASSERT_TRUE(back.error);
      ASSERT_EQ(back.error->kind, Error::Kind::kTruncated) << size;
      continue;
    }
    ASSERT_FALSE(back.error) << size << ": " << to_string(*back.error);
    ASSERT_EQ(back.glimpses.size(), expected) << size;
    ASSERT_EQ(back.lost("samples lost"), 0U);
    ASSERT_EQ(back.lost("not written to its end"), size - (frames == 0 ? 0 : whole.frames[frames - 1].end()));
    expect_subsequence(back.glimpses, written);
  }
}

TEST(Damage, AppendingToEveryCutGoesOnWhereItWasWhole) {
  ScratchDir scratch(ScratchDir::kInMemory);
  const std::size_t all = write_small(scratch.file("whole"), 20).size();
  const std::string bytes = contents(scratch.file("whole"));
  const FrameScan whole = scan(scratch.file("whole"));
  for (std::size_t size = 1; size < bytes.size(); size += 7) {
    put_contents(scratch.file("cut"), std::string_view(bytes).substr(0, size));
    std::uint64_t expected = 0;
    for (const FrameRef& frame : whole.frames) expected += frame.end() <= size ? frame.header.samples : 0;
    MadeMachine machine(12);
    machine.skip(std::chrono::hours(1));
    auto writer = RecordingWriter::create(scratch.file("cut"), machine.options());
    ASSERT_TRUE(writer) << size << ": " << to_string(writer.error());
    const bool at_border = std::ranges::any_of(whole.frames, [&](const FrameRef& f) { return f.end() == size; });
    ASSERT_EQ(writer->notes().size(), at_border ? 0U : 1U) << writer->notes()[0];
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(writer->add(machine.next_calm(), machine.registry));
    ASSERT_TRUE(writer->finish(machine.registry));
    const ReadBack back = glimpse_back(scratch.file("cut"));
    ASSERT_FALSE(back.error);
    ASSERT_EQ(back.glimpses.size(), expected + 3) << size << " of " << all;
    ASSERT_EQ(back.lost("damaged"), 0U);
  }
}

TEST(Damage, AFlippedByteCostsOneFrameAndIsTold) {
  ScratchDir scratch(ScratchDir::kInMemory);
  const std::vector<Glimpse> written = write_small(scratch.file("whole"));
  const std::string bytes = contents(scratch.file("whole"));
  const FrameScan whole = scan(scratch.file("whole"));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x20);
    put_contents(scratch.file("flipped"), flipped);
    const auto hit = std::ranges::find_if(whole.frames, [&](const FrameRef& f) { return at < f.end(); });
    ASSERT_NE(hit, whole.frames.end());
    const ReadBack back = glimpse_back(scratch.file("flipped"));
    ASSERT_FALSE(back.error) << at << ": " << to_string(*back.error);
    ASSERT_EQ(back.glimpses.size(), written.size() - hit->header.samples) << at;
    expect_subsequence(back.glimpses, written);
    if (hit != std::prev(whole.frames.end())) {
      ASSERT_GE(back.lost("damaged parts"), 1U) << at;
    }
    const bool in_the_middle = hit != std::prev(whole.frames.end()) && hit != whole.frames.begin();
    if (in_the_middle && hit->header.samples > 0 && hit != std::next(whole.frames.begin())) {
      ASSERT_EQ(back.lost("samples lost"), hit->header.samples) << at;
    }
  }
}

TEST(Damage, APieceCutOutOfTheMiddleCostsWhatItHeld) {
  ScratchDir scratch(ScratchDir::kInMemory);
  const std::vector<Glimpse> written = write_small(scratch.file("whole"));
  const std::string bytes = contents(scratch.file("whole"));
  const FrameScan whole = scan(scratch.file("whole"));
  for (std::size_t from = 0; from < bytes.size(); from += 13) {
    for (const std::size_t size : {1U, 50U, 700U}) {
      const std::size_t to = std::min(from + size, bytes.size());
      put_contents(scratch.file("holed"), bytes.substr(0, from) + bytes.substr(to));
      std::uint64_t expected = 0;
      for (const FrameRef& frame : whole.frames) {
        if (frame.end() <= from || frame.offset >= to) expected += frame.header.samples;
      }
      const ReadBack back = glimpse_back(scratch.file("holed"));
      ASSERT_FALSE(back.error);
      ASSERT_EQ(back.glimpses.size(), expected) << from << "+" << size;
      expect_subsequence(back.glimpses, written);
    }
  }
}

TEST(Damage, BytesBetweenFramesAreSteppedOver) {
  ScratchDir scratch(ScratchDir::kInMemory);
  const std::vector<Glimpse> written = write_small(scratch.file("whole"));
  const std::string bytes = contents(scratch.file("whole"));
  const FrameScan whole = scan(scratch.file("whole"));
  std::string mixed;
  for (const FrameRef& frame : whole.frames) {
    mixed += bytes.substr(frame.offset, frame.header.frame_size());
    mixed += "junk";
    mixed += kMagic;
  }
  put_contents(scratch.file("mixed"), mixed);
  const ReadBack back = glimpse_back(scratch.file("mixed"));
  ASSERT_FALSE(back.error);
  EXPECT_EQ(back.glimpses, written);
  EXPECT_EQ(back.lost("damaged parts"), whole.frames.size() - 1);
}

// A writer killed at any step of putting an hour in the place of its chunks.
TEST(Damage, AnHourThatIsBeingMovedIsReadOnce) {
  ScratchDir scratch(ScratchDir::kInMemory);
  MadeMachine machine(13);
  std::vector<Told> written;
  std::vector<Glimpse> glimpses;
  std::string before;
  {
    WriterOptions options = machine.options();
    options.flush_every = std::chrono::seconds(10);
    auto writer = RecordingWriter::create(scratch.file("r"), options);
    ASSERT_TRUE(writer);
    for (int i = 0; i < 60; ++i) {
      written.push_back(tell(machine.next_calm(8), machine.registry));
      glimpses.push_back(glimpse(machine.sample));
      ASSERT_TRUE(writer->add(machine.sample, machine.registry));
    }
    ASSERT_TRUE(writer->flush(machine.registry));
    before = contents(scratch.file("r"));
    ASSERT_TRUE(writer->finish(machine.registry));
  }
  const std::string after = contents(scratch.file("r"));
  const FrameScan moved = scan(scratch.file("r"));
  ASSERT_EQ(moved.frames.size(), 3U);
  const FrameRef& hour = moved.frames[1];
  ASSERT_EQ(hour.header.kind, FrameKind::kHour);
  ASSERT_LT(hour.header.frame_size(), before.size() - hour.offset);
  FrameHeader marked = hour.header;
  marked.supersedes = before.size() - hour.offset;
  std::string appended = before;
  encode_header(marked, appended);
  appended += after.substr(hour.offset + kHeaderSize, hour.header.stored_size);

  const auto expect_all = [&](const std::string& bytes, const std::string& what) {
    put_contents(scratch.file("torn"), bytes);
    ReadBack back = read_back(scratch.file("torn"));
    ASSERT_FALSE(back.error) << what;
    ASSERT_EQ(back.samples, written) << what;
    ASSERT_EQ(back.lost("damaged"), 0U) << what;
    // A pipe gets each sample once, too.
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      (void)!::write(ends[1], bytes.data(), bytes.size());
      ::_exit(0);
    }
    ::close(ends[1]);
    auto registry = std::make_shared<model::Registry>();
    back = read_all(open_recording(UniqueFd(ends[0]), "-", registry), *registry);
    ASSERT_FALSE(back.error) << what;
    expect_subsequence(back.glimpses, glimpses);
    // And the next session tidies up.
    MadeMachine other(14);
    other.skip(std::chrono::hours(2));
    auto writer = RecordingWriter::create(scratch.file("torn"), other.options());
    ASSERT_TRUE(writer) << what;
    ASSERT_TRUE(writer->finish(other.registry));
    back = read_back(scratch.file("torn"));
    ASSERT_EQ(back.samples, written) << what;
    ASSERT_EQ(back.losses.size(), 0U) << what;
  };
  for (std::size_t size = before.size(); size <= appended.size(); size += 97) {
    const std::string bytes = appended.substr(0, size);
    put_contents(scratch.file("torn"), bytes);
    const ReadBack back = read_back(scratch.file("torn"));
    ASSERT_FALSE(back.error);
    ASSERT_EQ(back.samples, written) << "appended up to " << size;
  }
  for (std::size_t copied = 0; copied <= hour.header.frame_size(); copied += 61) {
    std::string bytes = appended;
    bytes.replace(hour.offset, copied, after.substr(hour.offset, copied));
    expect_all(bytes, "copied " + std::to_string(copied));
  }
}

TEST(Damage, ANewerSchemaIsSaid) {
  ScratchDir scratch(ScratchDir::kInMemory);
  write_small(scratch.file("r"));
  const std::size_t old_size = std::filesystem::file_size(scratch.file("r"));
  FrameHeader newer{.schema = 3};
  std::string bytes;
  encode_header(newer, bytes);
  put_contents(scratch.file("newer"), bytes + "whatever");
  const ReadBack alone = read_back(scratch.file("newer"));
  ASSERT_TRUE(alone.error);
  EXPECT_EQ(alone.error->kind, Error::Kind::kUnsupported);
  EXPECT_EQ(alone.error->what, "written by a newer leakscope (schema 3; this one reads up to 1)");
  const auto writer = RecordingWriter::create(scratch.file("newer"), MadeMachine(1).options());
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().kind, Error::Kind::kUnsupported);

  // Behind an older session: that one is read first.
  put_contents(scratch.file("both"), contents(scratch.file("r")) + bytes);
  const ReadBack both = read_back(scratch.file("both"));
  EXPECT_EQ(both.samples.size(), 40U);
  ASSERT_TRUE(both.error);
  EXPECT_EQ(both.error->kind, Error::Kind::kUnsupported);
  EXPECT_EQ(std::filesystem::file_size(scratch.file("r")), old_size);
}

TEST(Damage, OtherFilesAreRefused) {
  ScratchDir scratch(ScratchDir::kInMemory);
  for (const std::string& bytes : {std::string("MemTotal: 5 kB\n"), std::string(100'000, '\0'),
                                   std::string("\x89LKS"
                                               "RAC\n")}) {
    put_contents(scratch.file("other"), bytes);
    const ReadBack back = read_back(scratch.file("other"));
    ASSERT_TRUE(back.error);
    EXPECT_EQ(back.error->kind, Error::Kind::kMalformed);
    const auto writer = RecordingWriter::create(scratch.file("other"), MadeMachine(1).options());
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().kind, Error::Kind::kMalformed);
    EXPECT_EQ(contents(scratch.file("other")), bytes);
  }
  put_contents(scratch.file("empty"), "");
  EXPECT_EQ(read_back(scratch.file("empty")).error->kind, Error::Kind::kTruncated);
  EXPECT_EQ(read_back(scratch.path()).error->kind, Error::Kind::kUsage);
  EXPECT_EQ(read_back(scratch.file("none")).error->kind, Error::Kind::kNotFound);
  EXPECT_EQ(read_back("/dev/zero").error->kind, Error::Kind::kUsage);
}

TEST(Damage, AHugeSparseFileIsGivenUpSoon) {
  ScratchDir scratch(ScratchDir::kInMemory);
  put_contents(scratch.file("sparse"), "");
  std::filesystem::resize_file(scratch.file("sparse"), std::uintmax_t{1} << 38U);
  const FrameScan found = scan(scratch.file("sparse"));
  EXPECT_TRUE(found.frames.empty());
  EXPECT_EQ(found.whole_size, 0U);
}

}  // namespace
}  // namespace leakscope::sources::recording
