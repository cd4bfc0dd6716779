#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace weft::store {

struct Blob {
  std::string_view bytes;
};
using Param = std::variant<std::nullptr_t, std::int64_t, double, std::string_view, Blob>;

// Makes a Param of what callers have at hand.
template <class T>
Param param(const std::optional<T>& value) {
  return value ? Param(*value) : Param(nullptr);
}

// One row of an answer; valid during the callback only. Columns count from 0.
class Row {
 public:
  explicit Row(void* statement) : statement_(statement) {}
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  std::string_view view(int column) const;  // Text or bytes, valid until the next row.

 private:
  void* statement_;
};

using EachRow = std::function<Result<>(const Row&)>;

// A connection within a transaction. Statements are prepared once and kept. SQL is a constant beside its caller.
class Session {
 public:
  virtual ~Session() = default;
  // Rows that were changed. conflict "store.constraint" when a constraint broke; unavailable "store.full", "store.io".
  virtual Result<std::int64_t> run(std::string_view sql, std::initializer_list<Param> params = {}) = 0;
  virtual Result<std::int64_t> run_with(std::string_view sql, std::span<const Param> params) = 0;
  virtual Result<> each(std::string_view sql, std::initializer_list<Param> params, const EachRow& row) = 0;
  virtual Result<> each_with(std::string_view sql, std::span<const Param> params, const EachRow& row) = 0;

  // The first row through `read`, or nothing.
  template <class F>
  auto first(std::string_view sql, std::initializer_list<Param> params, F read)
      -> Result<std::optional<decltype(read(std::declval<const Row&>()))>> {
    std::optional<decltype(read(std::declval<const Row&>()))> answer;
    TRY(each(sql, params, [&](const Row& row) -> Result<> {
      if (!answer) answer = read(row);
      return {};
    }));
    return answer;
  }
  template <class F>
  auto all(std::string_view sql, std::initializer_list<Param> params, F read)
      -> Result<std::vector<decltype(read(std::declval<const Row&>()))>> {
    std::vector<decltype(read(std::declval<const Row&>()))> answer;
    TRY(each(sql, params, [&](const Row& row) -> Result<> {
      answer.push_back(read(row));
      return {};
    }));
    return answer;
  }
};

struct Migration {
  int version;           // 1, 2, … within its module.
  std::string_view sql;  // Several statements.
};
struct ModuleMigrations {
  std::string_view module;
  std::span<const Migration> migrations;
};

// How soon a write survives a power loss. Both survive a killed process once they return.
enum class Durability { now, soon };  // soon: within 100 ms.

// The mesh's database: SQLite in WAL mode, one writer thread with group commit, a pool of readers. Thread-safe.
class Store {
 public:
  struct Options {
    std::filesystem::path folder;  // Holds mesh.db; made when missing.
    std::span<const ModuleMigrations> migrations;
    int readers = 4;
  };
  // conflict "store.locked" (with the pid and URL of the holder), conflict "store.newer_schema", unavailable
  // "store.io".
  static Result<std::unique_ptr<Store>> open(const Options& options);
  virtual ~Store() = default;

  using Work = std::function<Result<>(Session&)>;
  // Runs `work` in the writer thread. It shares a transaction with others waiting (group commit), each in its own
  // savepoint: when it fails, its changes are undone and its error returned; when it returns, it is committed.
  virtual Result<> write(const Work& work, Durability durability = Durability::now) = 0;
  // Runs `work` on this thread in a read transaction of a pooled connection: one consistent snapshot.
  virtual Result<> read(const Work& work) = 0;

  // A consistent copy while writers go on; then what `also` adds within the same moment is up to the caller.
  virtual Result<> backup_to(const std::filesystem::path& file) = 0;
  // Writes who serves this folder, so that `store.locked` can name it.
  virtual Result<> announce(std::string_view url) = 0;

  template <class T>
  Result<T> write_value(const std::function<Result<T>(Session&)>& work, Durability durability = Durability::now) {
    std::optional<T> answer;
    TRY(write(
        [&](Session& session) -> Result<> {
          answer = TRY(work(session));
          return {};
        },
        durability));
    return std::move(*answer);
  }
  template <class T>
  Result<T> read_value(const std::function<Result<T>(Session&)>& work) {
    std::optional<T> answer;
    TRY(read([&](Session& session) -> Result<> {
      answer = TRY(work(session));
      return {};
    }));
    return std::move(*answer);
  }
};

}  // namespace weft::store
