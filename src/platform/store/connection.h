#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "platform/store/store.h"

struct sqlite3;
struct sqlite3_stmt;

namespace weft::store {

// One SQLite connection with its prepared statements. One thread at a time.
class Connection final : public Session {
 public:
  enum class Mode { read_write, read_only };
  static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& file, Mode mode);
  ~Connection() override;

  Result<std::int64_t> run(std::string_view sql, std::initializer_list<Param> params) override;
  Result<std::int64_t> run_with(std::string_view sql, std::span<const Param> params) override;
  Result<> each(std::string_view sql, std::initializer_list<Param> params, const EachRow& row) override;
  Result<> each_with(std::string_view sql, std::span<const Param> params, const EachRow& row) override;

  // Several statements without parameters, not kept.
  Result<> script(std::string_view sql);
  sqlite3* handle() { return database_; }

 private:
  explicit Connection(sqlite3* database) : database_(database) {}
  struct Prepared {
    sqlite3_stmt* statement = nullptr;
    bool is_kept = false;  // Else it ends with its use.
  };
  Result<sqlite3_stmt*> prepare(std::string_view sql);
  Result<Prepared> prepared(std::string_view sql);
  std::unexpected<Error> error_of(int code, std::string_view sql) const;

  sqlite3* database_;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
};

}  // namespace weft::store
