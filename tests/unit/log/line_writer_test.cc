#include "log/line_writer.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace protogres::log {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kPatience{20};

class LineWriterTest : public testing::Test {
 protected:
  LineWriterTest() {
    signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(pipe(ends_.data()), 0);
  }
  ~LineWriterTest() override {
    CloseReader();
    close(ends_[1]);
  }

  int out() const { return ends_[1]; }
  void CloseReader() {
    if (ends_[0] >= 0) close(ends_[0]);
    ends_[0] = -1;
  }
  // Until `end` has come.
  std::string ReadTo(const std::string& end) const {
    std::string text;
    std::array<char, 4096> part;
    while (text.find(end) == std::string::npos) {
      const ssize_t size = read(ends_[0], part.data(), part.size());
      if (size <= 0) break;
      text.append(part.data(), static_cast<std::size_t>(size));
    }
    return text;
  }
  // Until the pipe is full, and a megabyte of lines is lost.
  static void Flood(LineWriter* writer) {
    for (int i = 0; i < 20'000; ++i) writer->Write(std::to_string(i) + std::string(100, 'x') + "\n");
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

TEST_F(LineWriterTest, WritesLinesInTheirOrder) {
  LineWriter writer(out(), 1 << 20);
  const std::string large(10'000, 'l');
  writer.Write("first\n");
  writer.Write(large + "\n");
  writer.Write("last\n");
  EXPECT_TRUE(writer.Flush(kPatience));
  EXPECT_EQ(ReadTo("last\n"), "first\n" + large + "\nlast\n");
  EXPECT_EQ(writer.dropped(), 0);
}

TEST_F(LineWriterTest, NeitherWritingNorTheEndWaitsForWhoDoesNotRead) {
  const auto begin = steady_clock::now();
  {
    LineWriter writer(out(), 1 << 20);
    Flood(&writer);
    EXPECT_FALSE(writer.Flush(milliseconds(50)));
    EXPECT_GT(writer.dropped(), 1'000);
  }
  EXPECT_LT(steady_clock::now() - begin, kPatience);
}

TEST_F(LineWriterTest, TheOldestLinesAreDroppedAndALineSaysSo) {
  std::uint64_t told = 0;
  LineWriter writer(out(), 1 << 20, [&told](std::uint64_t dropped) {
    told += dropped;
    return std::string("some are missing\n");
  });
  writer.Write("first\n");
  EXPECT_TRUE(writer.Flush(kPatience));
  Flood(&writer);
  writer.Write("last\n");
  const std::string text = ReadTo("last\n");
  EXPECT_TRUE(writer.Flush(kPatience));
  EXPECT_EQ(text.rfind("first\n", 0), 0);
  EXPECT_THAT(text, testing::HasSubstr("\nsome are missing\n"));
  EXPECT_GT(told, 1'000);
  EXPECT_EQ(told, writer.dropped());
}

TEST_F(LineWriterTest, LinesThatNobodyCanReadAnyMoreAreDropped) {
  LineWriter writer(out(), 1 << 20);
  CloseReader();
  writer.Write("one\n");
  EXPECT_TRUE(writer.Flush(kPatience));
  EXPECT_EQ(writer.dropped(), 1);
}

}  // namespace
}  // namespace protogres::log
