#include <sys/prctl.h>

#include <cstdio>
#include <cstdlib>

#include "duckdb/main/database.hpp"
#include "platform/engine/protocol.h"
#include "platform/engine/worker/database.h"
#include "platform/engine/worker/dialogue.h"
#include "platform/engine/worker/fences.h"
#include "platform/engine/worker/files.h"
#include "platform/engine/worker/scan.h"

// A worker: `weft-engine MEMORY THREADS SPILL_FOLDER` with its socket as descriptor 3. Only weft starts it.
namespace {

constexpr int kSocket = 3;

int fail_start(const weft::Error& error) {
  std::fprintf(stderr, "weft-engine: %s [%s]\n", error.message.c_str(), error.code.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace weft::engine;
  if (argc != 4) {
    std::fprintf(stderr, "weft-engine is started by weft, not by hand; see `weft serve --help`\n");
    return 2;
  }
  worker::DatabaseOptions options{.memory_bytes = std::strtoull(argv[1], nullptr, 10),
                                  .threads = std::max(1, std::atoi(argv[2])),
                                  .spill_folder = argv[3]};
  ::prctl(PR_SET_NAME, "weft-engine");  // It was executed by descriptor, so the kernel calls it by a number.
  worker::Descriptors descriptors;
  worker::ScanFiles scans;
  auto database = worker::open_database(options, descriptors, scans);
  if (!database) return fail_start(database.error());
  auto fences = worker::raise_fences({.memory_bytes = options.memory_bytes, .spill_folder = options.spill_folder});
  if (!fences) return fail_start(fences.error());
  if (fences->find("landlock")->integer() == 0) options.spill_folder.clear();
  if (const auto locked = worker::lock_down(**database, options); !locked) return fail_start(locked.error());
  Channel channel(weft::Fd(kSocket), Channel::Takes::descriptors);
  weft::json::Object hello{
      {"protocol", kProtocolVersion}, {"build", WEFT_VERSION}, {"engine", duckdb::DuckDB::LibraryVersion()}};
  hello.set("fences", std::move(*fences));
  if (!channel.send_json(FrameType::hello, hello)) return 0;
  worker::Dialogue dialogue(std::move(channel), **database, descriptors, scans);
  dialogue.run();
  // The engine's threads are idle; leaving without its tear-down is faster and cannot hang.
  std::_Exit(0);
}
