#include "base/bytes.h"

#include <zlib.h>
#include <zstd.h>

namespace weft {
namespace {

constexpr int kRaw = -15;
constexpr int kZlibOrGzip = 15 + 32;

Result<std::string> inflate_as(std::string_view bytes, std::size_t bytes_max, int window) {
  z_stream stream{};
  if (inflateInit2(&stream, window) != Z_OK)
    return fail(ErrorKind::unavailable, "compress.memory", "no memory to inflate");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::array<char, 65536> piece;
  int code = Z_OK;
  while (code == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    code = ::inflate(&stream, Z_NO_FLUSH);
    out.append(piece.data(), piece.size() - stream.avail_out);
    if (out.size() > bytes_max) break;
    // A gzip file is a series of members (RFC 1952 §2.2); what else follows the end is damage. Raw blocks end where
    // they end: writers of Avro in Python leave a part of zlib's checksum behind them.
    if (code == Z_STREAM_END && stream.avail_in > 0 && window == kZlibOrGzip) code = inflateReset(&stream);
  }
  inflateEnd(&stream);
  if (out.size() > bytes_max)
    return fail(ErrorKind::limit, "compress.too_large", "the compressed bytes hold more than {} bytes", bytes_max);
  if (code != Z_STREAM_END)
    return fail(ErrorKind::invalid, "compress.malformed", "the compressed bytes are malformed or cut");
  return out;
}

}  // namespace

Result<std::string> inflate(std::string_view bytes, std::size_t bytes_max) {
  return inflate_as(bytes, bytes_max, kZlibOrGzip);
}
Result<std::string> inflate_raw(std::string_view bytes, std::size_t bytes_max) {
  return inflate_as(bytes, bytes_max, kRaw);
}

std::string inflate_head(std::string_view bytes, std::size_t size) {
  z_stream stream{};
  std::string out(size, '\0');
  if (inflateInit2(&stream, kZlibOrGzip) != Z_OK) return {};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::inflate(&stream, Z_SYNC_FLUSH);
  out.resize(std::min<std::size_t>(size, stream.total_out));
  inflateEnd(&stream);
  return out;
}

std::string unzstd_head(std::string_view bytes, std::size_t size) {
  const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(), ZSTD_freeDStream);
  std::string out(size, '\0');
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  while (stream && to.pos < to.size && in.pos < in.size &&
         ZSTD_isError(ZSTD_decompressStream(stream.get(), &to, &in)) == 0) {
  }
  out.resize(to.pos);
  return out;
}

std::string deflate_raw(std::string_view bytes) {
  z_stream stream{};
  std::string out;
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRaw, 8, Z_DEFAULT_STRATEGY) != Z_OK) return out;
  out.resize(deflateBound(&stream, bytes.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_FINISH);
  out.resize(std::min<std::size_t>(out.size(), stream.total_out));
  deflateEnd(&stream);
  return out;
}

}  // namespace weft
