#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <condition_variable>
#include <mutex>

#include "platform/store/connection.h"
#include "platform/store/folder_lock.h"
#include "platform/store/migrate.h"
#include "platform/store/store.h"
#include "platform/store/writer.h"

namespace weft::store {
namespace {

constexpr int kBackupPagesAStep = 1024;

class SqliteStore final : public Store {
 public:
  SqliteStore(FolderLock lock, std::filesystem::path file, std::unique_ptr<Connection> writer)
      : lock_(std::move(lock)), file_(std::move(file)), writer_(std::move(writer), file_) {}

  Result<> add_reader() {
    idle_.push_back(TRY(Connection::open(file_, Connection::Mode::read_only)));
    return {};
  }

  Result<> write(const Work& work, Durability durability) override { return writer_.write(work, durability); }

  Result<> read(const Work& work) override {
    std::unique_ptr<Connection> connection = take();
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
  std::unique_ptr<Connection> take() {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [&] { return !idle_.empty(); });
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }
  void give_back(std::unique_ptr<Connection> connection) {
    if (sqlite3_get_autocommit(connection->handle()) == 0) (void)connection->run("ROLLBACK", {});
    {
      const std::lock_guard lock(mutex_);
      idle_.push_back(std::move(connection));
    }
    returned_.notify_one();
  }

  FolderLock lock_;
  std::filesystem::path file_;
  Writer writer_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;  // Guarded by mutex_.
};

Result<> SqliteStore::backup_to(const std::filesystem::path& file) {
  if (std::filesystem::exists(file))
    return fail(ErrorKind::conflict, "backup.exists", "{} is there already", file.string());
  auto from = TRY(Connection::open(file_, Connection::Mode::read_only));
  auto to = TRY(Connection::open(file, Connection::Mode::read_write));
  sqlite3_backup* backup = sqlite3_backup_init(to->handle(), "main", from->handle(), "main");
  if (backup == nullptr)
    return fail(ErrorKind::unavailable, "store.io", "the backup cannot be written: {}", sqlite3_errmsg(to->handle()));
  int code = SQLITE_OK;
  while (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED)
    code = sqlite3_backup_step(backup, kBackupPagesAStep);
  sqlite3_backup_finish(backup);
  if (code != SQLITE_DONE)
    return fail(ErrorKind::unavailable, "store.io", "the backup stopped: {}", sqlite3_errstr(code));
  return to->script("PRAGMA journal_mode = DELETE; PRAGMA wal_checkpoint;");
}

Result<> make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return fail(ErrorKind::unavailable, "store.io", "the folder {} cannot be made: {}", folder.string(),
                error.message());
  ::chmod(folder.c_str(), 0700);
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const Options& options) {
  TRY(make_folder(options.folder));
  FolderLock lock = TRY(FolderLock::take(options.folder));
  const auto file = options.folder / "mesh.db";
  auto connection = TRY(Connection::open(file, Connection::Mode::read_write));
  TRY(connection->script("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;"));
  TRY(migrate(*connection, options.migrations));
  auto store = std::make_unique<SqliteStore>(std::move(lock), file, std::move(connection));
  for (int i = 0; i < std::max(1, options.readers); ++i) TRY(store->add_reader());
  return store;
}

}  // namespace weft::store
