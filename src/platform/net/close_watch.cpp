#include "platform/net/close_watch.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>

#include "base/check.h"

namespace weft::net {

CloseWatch::CloseWatch() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(epoll_ && wake_);
  epoll_event event{.events = EPOLLIN, .data = {.fd = wake_.get()}};
  CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) == 0);
  thread_ = std::thread([this] { run(); });
}

CloseWatch::~CloseWatch() {
  const std::uint64_t one = 1;
  CHECK(::write(wake_.get(), &one, sizeof one) == sizeof one);
  thread_.join();
}

void CloseWatch::add(int fd, std::function<void()> gone) {
  const std::lock_guard lock(mutex_);
  watched_[fd] = std::move(gone);
  epoll_event event{.events = EPOLLRDHUP | EPOLLONESHOT, .data = {.fd = fd}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void CloseWatch::remove(int fd) {
  const std::lock_guard lock(mutex_);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  watched_.erase(fd);
}

void CloseWatch::run() {
  std::array<epoll_event, 64> events;
  while (true) {
    const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == wake_.get()) return;
      // Called under the lock, so that remove() waits for it.
      const std::lock_guard lock(mutex_);
      const auto found = watched_.find(fd);
      if (found == watched_.end()) continue;
      const auto gone = std::move(found->second);
      watched_.erase(found);
      gone();
    }
  }
}

}  // namespace weft::net
