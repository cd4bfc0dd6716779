#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>

#include "base/bytes.h"
#include "platform/store/connection.h"
#include "platform/store/folder_lock.h"
#include "platform/store/migrate.h"
#include "platform/store/store.h"
#include "platform/store/writer.h"

namespace weft::store {
namespace {

constexpr int kReadersMax = 256;
constexpr std::chrono::seconds kReaderWait{30};

class SqliteStore final : public Store {
 public:
  SqliteStore(FolderLock lock, std::filesystem::path file, std::unique_ptr<Connection> writer)
      : lock_(std::move(lock)), file_(std::move(file)), writer_(std::move(writer), file_) {}

  Result<> add_reader() {
    idle_.push_back(TRY(Connection::open(file_, Connection::Mode::read_only)));
    idle_max_ = idle_.size();
    return {};
  }

  Result<> write(const Work& work, Durability durability) override { return writer_.write(work, durability); }

  Result<> read(const Work& work) override {
    std::unique_ptr<Connection> connection = TRY(take());
    Result<> answer = connection->script("BEGIN");
    if (answer) {
      try {
        answer = work(*connection);
      } catch (...) {
        give_back(std::move(connection));
        throw;
      }
    }
    give_back(std::move(connection));
    return answer;
  }

  Result<> backup_to(const std::filesystem::path& file) override;
  Result<> announce(std::string_view url) override { return lock_.announce(url); }

 private:
  // A read within a read takes a second connection: were the pool fixed, readers could wait for each other for ever.
  Result<std::unique_ptr<Connection>> take() {
    {
      std::unique_lock lock(mutex_);
      const auto has_room = [&] { return !idle_.empty() || used_ < kReadersMax; };
      if (!returned_.wait_for(lock, kReaderWait, has_room))
        return fail(ErrorKind::unavailable, "store.busy", "{} reads are running already; try again", kReadersMax);
      ++used_;
      if (!idle_.empty()) {
        auto connection = std::move(idle_.back());
        idle_.pop_back();
        return connection;
      }
    }
    auto opened = Connection::open(file_, Connection::Mode::read_only);
    if (!opened) forget_one();
    return opened;
  }
  void give_back(std::unique_ptr<Connection> connection) {
    if (sqlite3_get_autocommit(connection->handle()) == 0) (void)connection->run("ROLLBACK", {});
    {
      const std::lock_guard lock(mutex_);
      if (idle_.size() < idle_max_) idle_.push_back(std::move(connection));
    }
    forget_one();
  }
  void forget_one() {
    {
      const std::lock_guard lock(mutex_);
      --used_;
    }
    returned_.notify_one();
  }

  FolderLock lock_;
  std::filesystem::path file_;
  Writer writer_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;  // Guarded by mutex_, as is:
  int used_ = 0;
  std::size_t idle_max_ = 0;
};

// SQLite would make it readable for everybody; its log gets the same mode.
Result<> make_private(const std::filesystem::path& file) {
  const Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd)
    return fail(ErrorKind::unavailable, "store.io", "{} cannot be opened: {}", file.string(), std::strerror(errno));
  return {};
}

Result<> SqliteStore::backup_to(const std::filesystem::path& file) {
  if (std::filesystem::exists(file))
    return fail(ErrorKind::conflict, "backup.exists", "{} is there already", file.string());
  TRY(make_private(file));
  auto from = TRY(Connection::open(file_, Connection::Mode::read_only));
  auto to = TRY(Connection::open(file, Connection::Mode::read_write));
  sqlite3_backup* backup = sqlite3_backup_init(to->handle(), "main", from->handle(), "main");
  if (backup == nullptr)
    return fail(ErrorKind::unavailable, "store.io", "the backup cannot be written: {}", sqlite3_errmsg(to->handle()));
  // All pages in one step, which is one read transaction: between steps a writer would make it begin anew, for ever.
  // In WAL mode writers do not wait for it.
  const int code = sqlite3_backup_step(backup, -1);
  sqlite3_backup_finish(backup);
  if (code == SQLITE_FULL)
    return fail(ErrorKind::unavailable, "store.full", "the disk of {} is full: the backup stopped", file.string());
  if (code != SQLITE_DONE)
    return fail(ErrorKind::unavailable, "store.io", "the backup stopped: {}", sqlite3_errstr(code));
  return to->script("PRAGMA journal_mode = DELETE; PRAGMA wal_checkpoint;");
}

Result<> make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  const bool is_new = std::filesystem::create_directories(folder, error);
  if (error)
    return fail(ErrorKind::unavailable, "store.io", "the folder {} cannot be made: {}", folder.string(),
                error.message());
  // One that was there keeps its mode: it may be somebody's home.
  if (is_new) ::chmod(folder.c_str(), 0700);
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const Options& options) {
  TRY(make_folder(options.folder));
  FolderLock lock = TRY(FolderLock::take(options.folder));
  const auto file = options.folder / "mesh.db";
  TRY(make_private(file));
  auto connection = TRY(Connection::open(file, Connection::Mode::read_write));
  TRY(connection->script("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;"));
  TRY(migrate(*connection, options.migrations));
  auto store = std::make_unique<SqliteStore>(std::move(lock), file, std::move(connection));
  for (int i = 0; i < std::max(1, options.readers); ++i) TRY(store->add_reader());
  return store;
}

}  // namespace weft::store
