#include "base/fail_point.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/check.h"

namespace weft::fail_point {
namespace {

std::string_view armed() {
  static const char* const kName = std::getenv("WEFT_FAIL_POINT");
  return kName == nullptr ? std::string_view() : std::string_view(kName);
}

}  // namespace

void reach(std::string_view name) {
  if (armed().empty()) return;
  CHECK(std::find(std::begin(kAll), std::end(kAll), name) != std::end(kAll));
  if (armed() == name) ::kill(::getpid(), SIGKILL);
}

}  // namespace weft::fail_point
