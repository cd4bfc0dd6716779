#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/json_value.h"
#include "base/result.h"

// The dialogue between control and a worker: frames over a Unix stream socket, descriptors beside them.
//
//   frame = size (u32, little endian, of what follows) · type (u8) · descriptor count (u8) · payload
//
// Both sides treat what comes as hostile: sizes, counts and types are checked before anything is kept.
namespace weft::engine {

inline constexpr int kProtocolVersion = 1;
inline constexpr std::size_t kFrameBytesMax = 64 << 20;  // Of any frame; most types have less (frame_bytes_max).
inline constexpr std::size_t kDescriptorsMax = 250;      // SCM_MAX_FD is 253.
inline constexpr std::size_t kDataBytesMax = 256 << 10;

enum class FrameType : std::uint8_t {
  hello = 1,      // Worker → control: version, build, fences.
  request = 2,    // Control → worker: one operation, JSON.
  reply = 3,      // Worker → control: its answer, JSON.
  failure = 4,    // Worker → control: its Error, JSON.
  files = 5,      // Control → worker: descriptors and their facts, JSON.
  data = 6,       // Worker → control: final bytes of an answer.
  need_file = 7,  // Worker → control: wants a new file to write; answered by one `files` frame.
  progress = 8,   // Worker → control.
};

// What a frame of this type may hold. What comes from a worker is kept small: it may be in a stranger's hands.
std::size_t frame_bytes_max(FrameType type);

struct Frame {
  FrameType type = FrameType::request;
  std::string payload;
  std::vector<Fd> descriptors;
};

// One end of the socket. Not thread-safe.
class Channel {
 public:
  // A worker takes descriptors; control takes none from it.
  enum class Takes { nothing, descriptors };
  Channel(Fd socket, Takes takes) : socket_(std::move(socket)), takes_(takes) {}

  // cancelled "engine.closed" when the other end is gone.
  Result<> send(FrameType type, std::string_view payload, const std::vector<int>& descriptors = {});
  Result<> send_json(FrameType type, const json::Value& value, const std::vector<int>& descriptors = {});

  // Waits for one frame; `idle` is called about every `tick` and ends the wait with its error. invalid
  // "engine.protocol" when what comes is no frame.
  using Idle = std::function<Result<>()>;
  Result<Frame> receive(std::chrono::milliseconds tick = std::chrono::milliseconds(-1), const Idle& idle = {});

  int fd() const { return socket_.get(); }

 private:
  Result<> fill(std::size_t bytes, std::chrono::milliseconds tick, const Idle& idle);

  Fd socket_;
  Takes takes_;
  std::string buffer_;
  std::size_t at_ = 0;           // Where the unread part of buffer_ begins.
  std::vector<Fd> descriptors_;  // Received, not yet claimed by a frame.
};

// The JSON of a frame: invalid "engine.protocol".
Result<json::Value> payload_json(const Frame& frame);

// A frame's head, pure, for tests and fuzzing: the payload's size, type and descriptor count.
struct FrameHead {
  std::uint32_t size = 0;
  FrameType type = FrameType::request;
  std::uint8_t descriptors = 0;
};
inline constexpr std::size_t kHeadBytes = 6;
Result<FrameHead> parse_head(std::string_view bytes);

}  // namespace weft::engine
