#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <thread>

#include "platform/engine/protocol.h"
#include "platform/engine/wire.h"

// What a worker in a stranger's hands may send to control: frames of any bytes, and JSON of any shape in them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weft::engine;
  int fds[2];
  if (size > 200'000 || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) return 0;
  Channel control(weft::Fd(fds[0]), Channel::Takes::nothing);
  {
    const weft::Fd worker(fds[1]);
    const int room = 1 << 20;
    ::setsockopt(worker.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    if (::send(worker.get(), data, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && size > 0) return 0;
  }
  while (const auto frame = control.receive()) {
    const auto value = payload_json(*frame);
    if (!value) continue;
    (void)parsed_of(*value);
    (void)plan_of(*value);
    (void)publish_outcome_of(*value);
    (void)outcome_of(*value);
    (void)error_of(*value);
  }
  return 0;
}
