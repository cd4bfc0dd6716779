#include "platform/engine/protocol.h"

#include <poll.h>
#include <sys/socket.h>

#include <cstring>

#include "base/json.h"

namespace weft::engine {
namespace {

constexpr std::size_t kReadBytes = 256 << 10;

std::unexpected<Error> closed() {
  return fail(ErrorKind::cancelled, "engine.closed", "the other end of the dialogue is gone");
}

std::string head_of(FrameType type, std::size_t size, std::size_t descriptors) {
  std::string head(kHeadBytes, '\0');
  for (int i = 0; i < 4; ++i) head[static_cast<std::size_t>(i)] = static_cast<char>(size >> (8 * i));
  head[4] = static_cast<char>(type);
  head[5] = static_cast<char>(descriptors);
  return head;
}

// Room for the descriptors of one message, aligned as the kernel wants it.
struct Control {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kDescriptorsMax)> bytes{};
};

}  // namespace

std::size_t frame_bytes_max(FrameType type) {
  switch (type) {
    case FrameType::request:
      return kFrameBytesMax;
    case FrameType::reply:
    case FrameType::files:
      return 16 << 20;
    case FrameType::failure:
      return 1 << 20;
    case FrameType::data:
      return kDataBytesMax;
    case FrameType::hello:
    case FrameType::need_file:
    case FrameType::progress:
      return 64 << 10;
  }
  return 0;
}

Result<FrameHead> parse_head(std::string_view bytes) {
  if (bytes.size() < kHeadBytes) return fail(ErrorKind::invalid, "engine.protocol", "the head of a frame is cut");
  FrameHead head;
  for (int i = 0; i < 4; ++i)
    head.size |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)])) << (8 * i);
  const auto type = static_cast<std::uint8_t>(bytes[4]);
  head.descriptors = static_cast<std::uint8_t>(bytes[5]);
  if (type < static_cast<std::uint8_t>(FrameType::hello) || type > static_cast<std::uint8_t>(FrameType::progress)) {
    return fail(ErrorKind::invalid, "engine.protocol", "a frame of the unknown type {}", type);
  }
  if (head.descriptors > kDescriptorsMax)
    return fail(ErrorKind::limit, "engine.protocol", "a frame with {} descriptors", head.descriptors);
  head.type = static_cast<FrameType>(type);
  if (head.size > frame_bytes_max(head.type)) {
    return fail(ErrorKind::limit, "engine.protocol", "a frame of {} bytes; at most {}", head.size,
                frame_bytes_max(head.type));
  }
  return head;
}

Result<json::Value> payload_json(const Frame& frame) {
  auto value = json::parse(frame.payload, {.bytes_max = kFrameBytesMax, .depth_max = 128});
  if (!value)
    return fail(ErrorKind::invalid, "engine.protocol", "a frame whose payload is no JSON: {}", value.error().message);
  return value;
}

Result<> Channel::send_json(FrameType type, const json::Value& value, const std::vector<int>& descriptors) {
  return send(type, json::write(value), descriptors);
}

Result<> Channel::send(FrameType type, std::string_view payload, const std::vector<int>& descriptors) {
  if (payload.size() > frame_bytes_max(type) || descriptors.size() > kDescriptorsMax) {
    return fail(ErrorKind::limit, "engine.protocol", "a frame of {} bytes and {} descriptors is too large to send",
                payload.size(), descriptors.size());
  }
  const std::string head = head_of(type, payload.size(), descriptors.size());
  std::size_t sent = 0;
  const std::size_t total = head.size() + payload.size();
  while (sent < total) {
    std::array<iovec, 2> parts{};
    std::size_t count = 0;
    if (sent < head.size()) parts[count++] = {const_cast<char*>(head.data()) + sent, head.size() - sent};
    const std::size_t body = sent < head.size() ? 0 : sent - head.size();
    if (payload.size() > body) parts[count++] = {const_cast<char*>(payload.data()) + body, payload.size() - body};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    Control control;
    if (sent == 0 && !descriptors.empty()) {
      message.msg_control = control.bytes.data();
      message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors.size());
      cmsghdr* part = CMSG_FIRSTHDR(&message);
      part->cmsg_level = SOL_SOCKET;
      part->cmsg_type = SCM_RIGHTS;
      part->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
      std::memcpy(CMSG_DATA(part), descriptors.data(), sizeof(int) * descriptors.size());
    }
    const ssize_t written = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return closed();
    sent += static_cast<std::size_t>(written);
  }
  return {};
}

Result<> Channel::fill(std::size_t bytes, std::chrono::milliseconds tick, const Idle& idle) {
  while (buffer_.size() - at_ < bytes) {
    pollfd waiting{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(tick.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (idle) TRY(idle());
    if (ready == 0) continue;
    if (at_ > 0) {
      buffer_.erase(0, at_);
      at_ = 0;
    }
    const std::size_t had = buffer_.size();
    const std::size_t room = std::max(kReadBytes, bytes - had);
    iovec part{nullptr, room};
    Control control;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (takes_ == Takes::descriptors) {
      message.msg_control = control.bytes.data();
      message.msg_controllen = control.bytes.size();
    }
    ssize_t size = 0;
    buffer_.resize_and_overwrite(had + room, [&](char* data, std::size_t) {
      part.iov_base = data + had;
      size = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
      return had + static_cast<std::size_t>(std::max<ssize_t>(size, 0));
    });
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size <= 0) return closed();
    for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr; each = CMSG_NXTHDR(&message, each)) {
      if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
      const std::size_t count = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      std::vector<int> fds(count);
      std::memcpy(fds.data(), CMSG_DATA(each), count * sizeof(int));
      for (const int fd : fds) descriptors_.emplace_back(fd);
    }
    if ((message.msg_flags & MSG_CTRUNC) != 0 || descriptors_.size() > 4 * kDescriptorsMax) {
      return fail(ErrorKind::limit, "engine.protocol", "more descriptors than frames may bring");
    }
  }
  return {};
}

Result<Frame> Channel::receive(std::chrono::milliseconds tick, const Idle& idle) {
  TRY(fill(kHeadBytes, tick, idle));
  const FrameHead head = TRY(parse_head(std::string_view(buffer_).substr(at_)));
  TRY(fill(kHeadBytes + head.size, tick, idle));
  Frame frame;
  frame.type = head.type;
  frame.payload = buffer_.substr(at_ + kHeadBytes, head.size);
  at_ += kHeadBytes + head.size;
  // Descriptors travel with the first byte of their frame, so they are here once the frame is.
  if (descriptors_.size() < head.descriptors)
    return fail(ErrorKind::invalid, "engine.protocol", "a frame announced descriptors that did not come");
  for (int i = 0; i < head.descriptors; ++i)
    frame.descriptors.push_back(std::move(descriptors_[static_cast<std::size_t>(i)]));
  descriptors_.erase(descriptors_.begin(), descriptors_.begin() + head.descriptors);
  return frame;
}

}  // namespace weft::engine
