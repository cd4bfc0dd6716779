#include "base/bytes.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <zlib.h>

namespace weft {
namespace {

// zlib's own writer: window 15 is zlib, 31 gzip.
std::string deflate_as(std::string_view bytes, int window) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

TEST(Fd, ClosesWhatItOwnsOnce) {
  const int number = ::open("/dev/null", O_RDONLY);
  {
    Fd first(number);
    Fd second = std::move(first);
    EXPECT_FALSE(first);
    EXPECT_EQ(second.get(), number);
    second = std::move(*&second);
    EXPECT_TRUE(is_open(number));
    second = Fd();
    EXPECT_FALSE(is_open(number));
  }
  Fd third(::open("/dev/null", O_RDONLY));
  const int kept = third.release();
  EXPECT_FALSE(third);
  EXPECT_TRUE(is_open(kept));
  ::close(kept);
}

TEST(Inflate, ReadsZlibAndGzip) {
  const std::string text(200'000, 'w');
  EXPECT_EQ(*inflate(deflate_as(text, 15), text.size()), text);
  EXPECT_EQ(*inflate(deflate_as(text, 31), text.size()), text);
  EXPECT_EQ(*inflate(deflate_as("", 31), 0), "");
}

TEST(Inflate, ReadsEveryMemberOfAGzipFile) {
  EXPECT_EQ(*inflate(deflate_as("one ", 31) + deflate_as("two", 31), 100), "one two");
}

TEST(Inflate, ABombStopsAtTheLimit) {
  const std::string bomb = deflate_as(std::string(50'000'000, '\0'), 31);
  EXPECT_LT(bomb.size(), 100'000U);
  const auto refused = inflate(bomb, 1'000'000);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "compress.too_large");
  EXPECT_EQ(refused.error().kind, ErrorKind::limit);
  EXPECT_EQ(inflate(deflate_as("12345", 31), 4).error().code, "compress.too_large");
  EXPECT_TRUE(inflate(deflate_as("1234", 31), 4));
}

TEST(Inflate, WhatIsCutOrDamagedIsRefused) {
  const std::string good = deflate_as("some text that is long enough to be cut", 31);
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_EQ(inflate(good.substr(0, size), 1000).error().code, "compress.malformed") << size;
  std::string flipped = good;
  flipped[good.size() - 5] = static_cast<char>(flipped[good.size() - 5] ^ 1);
  EXPECT_EQ(inflate(flipped, 1000).error().code, "compress.malformed");
  EXPECT_EQ(inflate(good + "garbage", 1000).error().code, "compress.malformed");
  EXPECT_EQ(*inflate_raw(deflate_raw("text") + "sum", 1000), "text") << "Avro of Python's writers";
}

TEST(Inflate, TheHeadIsWhatFitsAndNoMore) {
  const std::string zipped = deflate_as("0123456789", 31);
  EXPECT_EQ(inflate_head(zipped, 4), "0123");
  EXPECT_EQ(inflate_head(zipped, 100), "0123456789");
  EXPECT_EQ(inflate_head(zipped, 0), "");
  EXPECT_EQ(inflate_head("no gzip", 10), "");
}

RC_GTEST_PROP(Inflate, WhatIsDeflatedIsInflatedEqual, (const std::string& bytes)) {
  RC_ASSERT(*inflate_raw(deflate_raw(bytes), bytes.size()) == bytes);
}

RC_GTEST_PROP(Inflate, AnyBytesAreAnsweredWithoutAFall, (const std::string& bytes)) {
  const auto plain = inflate(bytes, 1000);
  const auto raw = inflate_raw(bytes, 1000);
  RC_ASSERT(!plain || plain->size() <= 1000);
  RC_ASSERT(!raw || raw->size() <= 1000);
}

}  // namespace
}  // namespace weft
