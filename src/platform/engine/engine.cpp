#include "platform/engine/engine.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "platform/engine/session.h"

namespace weft::engine {
namespace {

constexpr double kMemoryShare = 0.6;
constexpr std::uint64_t kWorkerMemoryMin = 256ULL << 20;

class PooledEngine final : public Engine {
 public:
  PooledEngine(Fd program, std::string library_path, Pool::Sizes sizes, std::chrono::seconds idle_max, metrics::Registry& metrics)
      : pool_(std::move(program), std::move(library_path), sizes, idle_max, metrics) {}

  void warm() override { pool_.warm(); }

  Result<std::unique_ptr<Session>> session(WorkClass work, const Limits& limits, std::stop_token cancelled) override {
    auto worker = TRY(pool_.lease(cancelled));
    return make_session(pool_, std::move(worker), work, limits, std::move(cancelled));
  }

  Result<json::Value> fences() override { return pool_.hello(); }

 private:
  Pool pool_;
};

std::filesystem::path program_beside_us() {
  if (const char* named = std::getenv("WEFT_ENGINE"); named != nullptr && *named != '\0') return named;
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return self.parent_path() / "weft-engine";
}

std::uint64_t machine_memory() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

Pool::Sizes sizes_of(const Options& options) {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  Pool::Sizes sizes;
  sizes.threads = cores;
  sizes.heavy_max = cores;
  sizes.workers_max = options.workers_max > 0 ? options.workers_max : cores * 2 + 4;
  sizes.warm = std::min(2, sizes.workers_max);
  const std::uint64_t all = options.memory_bytes > 0 ? options.memory_bytes : static_cast<std::uint64_t>(static_cast<double>(machine_memory()) * kMemoryShare);
  sizes.worker_memory_bytes = std::max(kWorkerMemoryMin, all / static_cast<std::uint64_t>(sizes.workers_max));
  // A small budget makes fewer workers, never workers that together exceed it.
  sizes.workers_max = std::max(1, std::min(sizes.workers_max, static_cast<int>(all / sizes.worker_memory_bytes)));
  return sizes;
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::open(const Options& options, metrics::Registry& metrics) {
  const auto program = options.program.empty() ? program_beside_us() : options.program;
  Fd fd(::open(program.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return fail(ErrorKind::unavailable, "engine.program", "{} cannot be opened ({}): weft-engine must lie beside weft", program.string(), std::strerror(errno));
  }
  // fexecve leaves $ORIGIN without a folder, so the library's places are named.
  const auto folder = program.parent_path();
  std::string library_path = folder.string() + ":" + (folder / ".." / "lib").lexically_normal().string();
  if (const char* named = std::getenv("WEFT_LIBRARY_PATH"); named != nullptr && *named != '\0') library_path += ":" + std::string(named);
  return std::unique_ptr<Engine>(std::make_unique<PooledEngine>(std::move(fd), std::move(library_path), sizes_of(options), options.idle_max, metrics));
}

}  // namespace weft::engine
