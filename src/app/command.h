#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/http.h"

namespace weft {

// A client of the API: over HTTP with --url, in process with --data. Commands know nothing else of the server.
class Api {
 public:
  struct Call {
    std::string method = "GET";
    std::string path;  // With the query; build it with text::percent_encode.
    Headers headers;
    ByteSource* body = nullptr;
    std::optional<std::uint64_t> body_size;
    std::stop_token cancelled;
  };
  virtual ~Api() = default;
  // The answer whatever its status is, its body streamed to `sink` when given (only for 2xx; problems stay in body).
  virtual Result<Response> send(Call call, ByteSink* sink = nullptr) = 0;

  // The JSON answer; a problem document becomes its Error.
  Result<json::Value> get(std::string path);
  Result<json::Value> post(std::string path, const json::Value& body);
  Result<json::Value> remove(std::string path);
};

enum class OutputFormat { table, json, yaml, csv };

// Where a command prints. Human words go to `note` (standard error); results to standard output in the format asked.
class Output {
 public:
  virtual ~Output() = default;
  virtual OutputFormat format() const = 0;
  virtual bool is_terminal() const = 0;
  // An array of flat objects as a table (these columns, in this order), or as JSON, YAML, CSV.
  virtual void rows(const json::Array& rows, const std::vector<std::string>& columns) = 0;
  // One object: `key  value` lines, or JSON, YAML.
  virtual void object(const json::Value& value) = 0;
  virtual void text(std::string_view text) = 0;  // As it is, to standard output.
  virtual ByteSink& raw() = 0;                   // Standard output, for streams.
  virtual void note(std::string_view text) = 0;
  // A progress line on a terminal's standard error; nothing elsewhere. total 0: unknown.
  virtual void progress(std::string_view what, std::uint64_t done, std::uint64_t total) = 0;
};

struct Option {
  std::string_view name;   // "--mode", or "FILE" for a positional one.
  std::string_view value;  // "MODE": what the value is called in help; empty for a flag.
  std::string_view summary;
  std::string_view otherwise;  // Default, shown in help; empty: none.
  bool is_required = false;
  bool is_repeatable = false;
  std::vector<std::string_view> choices;
};

class Invocation {
 public:
  // Connects on first use: commands that need no mesh (init, completion) never open one.
  virtual Result<Api*> api() = 0;
  virtual Output& out() = 0;
  virtual std::stop_token interrupted() const = 0;  // Ctrl-C.
  virtual ~Invocation() = default;

  bool has(std::string_view option) const;
  std::string text(std::string_view option) const;  // Its value, its default, or "".
  const std::vector<std::string>& list(std::string_view option) const;
  std::map<std::string, std::vector<std::string>, std::less<>> values;
};

// One command of `weft`. `name` may have two words: "token create". `run` answers the exit code (0 fine, 1 no, 2 could
// not).
struct Command {
  std::string_view name;
  std::string_view summary;
  std::string_view description;  // Teaches: what it does, an example or two.
  std::vector<Option> options;
  std::function<Result<int>(Invocation&)> run;
};

}  // namespace weft
