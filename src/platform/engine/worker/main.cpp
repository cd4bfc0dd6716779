#include <cstdio>
#include <cstdlib>

#include "duckdb/main/database.hpp"
#include "platform/engine/protocol.h"
#include "platform/engine/worker/database.h"
#include "platform/engine/worker/dialogue.h"
#include "platform/engine/worker/fences.h"
#include "platform/engine/worker/files.h"
#include "platform/engine/worker/plan_hooks.h"
#include "platform/engine/worker/scan.h"

// A worker: `weft-engine MEMORY THREADS` with its socket as descriptor 3. Only weft starts it.
namespace {

constexpr int kSocket = 3;

int fail_start(const weft::Error& error) {
  std::fprintf(stderr, "weft-engine: %s [%s]\n", error.message.c_str(), error.code.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace weft::engine;
  if (argc != 3) {
    std::fprintf(stderr, "weft-engine is started by weft, not by hand; see `weft serve --help`\n");
    return 2;
  }
  const worker::DatabaseOptions options{.memory_bytes = std::strtoull(argv[1], nullptr, 10), .threads = std::max(1, std::atoi(argv[2]))};
  worker::Descriptors descriptors;
  worker::ScanFiles scans;
  worker::PlanHooks hooks;
  auto database = worker::open_database(options, descriptors, scans, hooks);
  if (!database) return fail_start(database.error());
  auto fences = worker::raise_fences(options.memory_bytes);
  if (!fences) return fail_start(fences.error());
  if (const auto locked = worker::lock_down(**database, options); !locked) return fail_start(locked.error());
  Channel channel((weft::Fd(kSocket)));
  weft::json::Object hello{{"protocol", kProtocolVersion}, {"build", WEFT_VERSION}, {"engine", duckdb::DuckDB::LibraryVersion()}};
  hello.set("fences", std::move(*fences));
  if (!channel.send_json(FrameType::hello, hello)) return 0;
  worker::Dialogue dialogue(std::move(channel), **database, descriptors, scans, hooks);
  dialogue.run();
  // The engine's threads are idle; leaving without its tear-down is faster and cannot hang.
  std::_Exit(0);
}
