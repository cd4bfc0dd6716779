#include "platform/engine/engine.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "platform/engine/session.h"

namespace weft::engine {
namespace {

constexpr double kMemoryShare = 0.6;  // Of the machine, for all workers together.
constexpr double kLightShare = 0.35;  // Of that, for the light ones.
constexpr std::uint64_t kWorkerMemoryMin = 128ULL << 20;
constexpr std::uint64_t kLightMemoryMax = 1ULL << 30;
constexpr int kLightNice = 0, kHeavyNice = 19;

class PooledEngine final : public Engine {
 public:
  PooledEngine(Fd program, std::string library_path, Pool::Sizes sizes, std::chrono::seconds idle_max,
               metrics::Registry& metrics)
      : pool_(std::move(program), std::move(library_path), sizes, idle_max, metrics) {}

  void warm() override { pool_.warm(); }

  Result<std::unique_ptr<Session>> session(WorkClass work, const Limits& limits, std::stop_token cancelled) override {
    return make_session(pool_, work, limits, std::move(cancelled));
  }

  Result<json::Value> fences() override { return try_fences(pool_); }

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

// A small budget makes fewer workers, never workers that together exceed it.
Pool::LaneSizes lane_of(int wanted, std::uint64_t memory, std::uint64_t worker_memory_max) {
  Pool::LaneSizes lane;
  const auto affordable = static_cast<int>(std::max<std::uint64_t>(1, memory / kWorkerMemoryMin));
  lane.workers_max = std::max(1, std::min(wanted, affordable));
  lane.terms.memory_bytes = std::min(memory / static_cast<std::uint64_t>(lane.workers_max), worker_memory_max);
  return lane;
}

Pool::Sizes sizes_of(const Options& options) {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int light = options.workers_max > 0 ? options.workers_max : cores * 2 + 4;
  const std::uint64_t all = options.memory_bytes > 0
                                ? options.memory_bytes
                                : static_cast<std::uint64_t>(static_cast<double>(machine_memory()) * kMemoryShare);
  Pool::Sizes sizes;
  sizes.light = lane_of(light, static_cast<std::uint64_t>(static_cast<double>(all) * kLightShare), kLightMemoryMax);
  const std::uint64_t rest =
      all - std::min(all, sizes.light.terms.memory_bytes * static_cast<std::uint64_t>(sizes.light.workers_max));
  sizes.heavy = lane_of(std::min(cores, light), rest, rest);
  sizes.light.warm = std::min(2, sizes.light.workers_max);
  sizes.heavy.warm = 1;
  sizes.light.terms.nice = kLightNice;
  sizes.heavy.terms.nice = kHeavyNice;
  for (WorkerTerms* terms : {&sizes.light.terms, &sizes.heavy.terms}) {
    terms->threads = terms == &sizes.light.terms ? 1 : cores;
    terms->spill_folder = options.spill_folder;
  }
  return sizes;
}

// Folders of workers of an earlier run; the lock on the data folder says that none is in use.
Result<> clear_spill_folder(const std::filesystem::path& folder) {
  if (folder.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return fail(ErrorKind::unavailable, "engine.spill_folder", "{} cannot be made: {}", folder.string(),
                error.message());
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    std::error_code ignored;
    if (entry.path().filename().string().starts_with("worker-")) std::filesystem::remove_all(entry.path(), ignored);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::open(const Options& options, metrics::Registry& metrics) {
  const auto program = options.program.empty() ? program_beside_us() : options.program;
  Fd fd(::open(program.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return fail(ErrorKind::unavailable, "engine.program", "{} cannot be opened ({}): weft-engine must lie beside weft",
                program.string(), std::strerror(errno));
  }
  TRY(clear_spill_folder(options.spill_folder));
  // fexecve leaves $ORIGIN without a folder, so the library's places are named.
  const auto folder = program.parent_path();
  std::string library_path = folder.string() + ":" + (folder / ".." / "lib").lexically_normal().string();
  if (const char* named = std::getenv("WEFT_LIBRARY_PATH"); named != nullptr && *named != '\0')
    library_path += ":" + std::string(named);
  return std::unique_ptr<Engine>(std::make_unique<PooledEngine>(std::move(fd), std::move(library_path),
                                                                sizes_of(options), options.idle_max, metrics));
}

}  // namespace weft::engine
