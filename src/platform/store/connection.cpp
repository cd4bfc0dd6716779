#include "platform/store/connection.h"

#include <sqlite3.h>

#include "base/check.h"

namespace weft::store {
namespace {

constexpr int kBusyMs = 10'000;
constexpr std::size_t kStatementsMax = 512;

// Resets a statement when its use ends, so that it holds no lock and no borrowed parameter. A spare one ends with it.
class Use {
 public:
  Use(sqlite3_stmt* statement, bool is_kept) : statement_(statement), is_kept_(is_kept) {}
  ~Use() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
    if (!is_kept_) sqlite3_finalize(statement_);
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  sqlite3_stmt* statement_;
  bool is_kept_;
};

int bind(sqlite3_stmt* statement, int index, const Param& param) {
  struct Binder {
    sqlite3_stmt* statement;
    int index;
    int operator()(std::nullptr_t) const { return sqlite3_bind_null(statement, index); }
    int operator()(std::int64_t value) const { return sqlite3_bind_int64(statement, index, value); }
    int operator()(double value) const { return sqlite3_bind_double(statement, index, value); }
    int operator()(std::string_view text) const {
      return sqlite3_bind_text64(statement, index, text.data() == nullptr ? "" : text.data(), text.size(),
                                 SQLITE_STATIC, SQLITE_UTF8);
    }
    int operator()(Blob blob) const {
      return sqlite3_bind_blob64(statement, index, blob.bytes.data() == nullptr ? "" : blob.bytes.data(),
                                 blob.bytes.size(), SQLITE_STATIC);
    }
  };
  return std::visit(Binder{statement, index}, param);
}

sqlite3_stmt* of(void* statement) { return static_cast<sqlite3_stmt*>(statement); }

}  // namespace

bool Row::is_null(int column) const { return sqlite3_column_type(of(statement_), column) == SQLITE_NULL; }
std::int64_t Row::integer(int column) const { return sqlite3_column_int64(of(statement_), column); }
double Row::real(int column) const { return sqlite3_column_double(of(statement_), column); }
std::string Row::text(int column) const { return std::string(view(column)); }
std::string_view Row::view(int column) const {
  const void* bytes = sqlite3_column_blob(of(statement_), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(of(statement_), column));
  return bytes == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(bytes), size);
}

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& file, Mode mode) {
  sqlite3* database = nullptr;
  const int flags = mode == Mode::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  const int code =
      sqlite3_open_v2(file.c_str(), &database, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  std::unique_ptr<Connection> connection(new Connection(database));
  if (code != SQLITE_OK) return connection->error_of(code, "open " + file.string());
  sqlite3_busy_timeout(database, kBusyMs);
  sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
  TRY(
      connection->script("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA "
                         "cache_size = -16384;"));
  if (mode == Mode::read_only) TRY(connection->script("PRAGMA query_only = ON;"));
  return connection;
}

Connection::~Connection() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(database_);
}

std::unexpected<Error> Connection::error_of(int code, std::string_view sql) const {
  const char* said = database_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database_);
  switch (code & 0xFF) {
    case SQLITE_CONSTRAINT:
      return fail(ErrorKind::conflict, "store.constraint", "a rule of the store was broken: {}", said);
    case SQLITE_FULL:
      return fail(ErrorKind::unavailable, "store.full",
                  "the disk of the mesh's folder is full; nothing was changed: free some space");
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return fail(ErrorKind::unavailable, "store.io", "the store cannot be read or written ({}); nothing was changed",
                  said);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return fail(ErrorKind::unavailable, "store.corrupt", "the store is damaged ({}); restore a backup", said);
    case SQLITE_NOMEM:
      return fail(ErrorKind::unavailable, "store.memory", "the store has no memory left; nothing was changed");
    case SQLITE_TOOBIG:
      return fail(ErrorKind::limit, "store.too_large", "a value is larger than the store takes; nothing was changed");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail(ErrorKind::unavailable, "store.busy", "the store is busy ({}); try again", said);
    default:
      return fail(ErrorKind::internal, "store.sql", "{} in {}", said, sql);
  }
}

Result<sqlite3_stmt*> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, &rest);
  if (code != SQLITE_OK) return error_of(code, sql);
  const auto used = static_cast<std::size_t>(rest - sql.data());
  if (statement == nullptr || sql.substr(used).find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    sqlite3_finalize(statement);
    return fail(ErrorKind::internal, "store.sql", "not exactly one statement: {}", sql);
  }
  return statement;
}

Result<Connection::Prepared> Connection::prepared(std::string_view sql) {
  std::string key(sql);
  if (const auto found = statements_.find(key); found != statements_.end()) {
    // A row callback may come back here with the statement that called it.
    if (sqlite3_stmt_busy(found->second) == 0) return Prepared{.statement = found->second, .is_kept = true};
    return Prepared{.statement = TRY(prepare(sql)), .is_kept = false};
  }
  if (statements_.size() >= kStatementsMax) {
    std::erase_if(statements_, [](const auto& kept) {
      if (sqlite3_stmt_busy(kept.second) != 0) return false;
      sqlite3_finalize(kept.second);
      return true;
    });
  }
  sqlite3_stmt* statement = TRY(prepare(sql));
  statements_.emplace(std::move(key), statement);
  return Prepared{.statement = statement, .is_kept = true};
}

Result<std::int64_t> Connection::run(std::string_view sql, std::initializer_list<Param> params) {
  return run_with(sql, std::span<const Param>(params.begin(), params.size()));
}

Result<std::int64_t> Connection::run_with(std::string_view sql, std::span<const Param> params) {
  TRY(each_with(sql, params, [](const Row&) -> Result<> { return {}; }));
  return sqlite3_changes64(database_);
}

Result<> Connection::each(std::string_view sql, std::initializer_list<Param> params, const EachRow& row) {
  return each_with(sql, std::span<const Param>(params.begin(), params.size()), row);
}

Result<> Connection::each_with(std::string_view sql, std::span<const Param> params, const EachRow& row) {
  const Prepared found = TRY(prepared(sql));
  sqlite3_stmt* statement = found.statement;
  const Use use(statement, found.is_kept);
  for (std::size_t i = 0; i < params.size(); ++i) {
    const int code = bind(statement, static_cast<int>(i) + 1, params[i]);
    if (code != SQLITE_OK) return error_of(code, sql);
  }
  while (true) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return error_of(code, sql);
    TRY(row(Row(statement)));
  }
}

Result<> Connection::script(std::string_view sql) {
  const std::string text(sql);
  const int code = sqlite3_exec(database_, text.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error_of(code, sql.substr(0, 80));
  return {};
}

}  // namespace weft::store
