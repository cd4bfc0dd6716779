#include "platform/engine/worker/dialogue.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <new>

#include "duckdb.hpp"
#include "duckdb/main/prepared_statement_data.hpp"
#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/expression/parameter_expression.hpp"
#include "duckdb/parser/statement/explain_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "platform/engine/wire.h"
#include "platform/engine/worker/analysis.h"
#include "platform/engine/worker/answers.h"
#include "platform/engine/worker/fences.h"
#include "platform/engine/worker/prepare.h"
#include "platform/engine/worker/publish.h"
#include "platform/engine/worker/statement.h"
#include "platform/engine/worker/statement_walk.h"
#include "platform/engine/worker/types.h"

namespace weft::engine::worker {
namespace {

std::int64_t cpu_micros() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000LL + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

Result<duckdb::Value> parameter_value(const json::Value& value) {
  if (value.is_null()) return duckdb::Value();
  if (value.is_boolean()) return duckdb::Value::BOOLEAN(value.boolean());
  if (value.is_integer()) return duckdb::Value::BIGINT(value.integer());
  if (value.is_real()) return duckdb::Value::DOUBLE(value.number());
  if (value.is_text() && value.text().find('\0') == std::string::npos) return duckdb::Value(value.text());
  return fail(
      ErrorKind::invalid, "sql.parameters",
      "a parameter is null, a boolean, a number of 64 bits, or a text without NUL; others go as text with a cast");
}

// Puts the values where the parameters stand: they are constants, never SQL text.
class PutParameters final : public TreeWalk {
 public:
  explicit PutParameters(const json::Array& values) : values_(values) {}

 private:
  Result<> on_expression(ExpressionSlot& slot) override {
    if (slot->GetExpressionClass() != duckdb::ExpressionClass::PARAMETER) return {};
    const std::string name = slot->Cast<duckdb::ParameterExpression>().identifier;
    const auto number = std::strtoul(name.c_str(), nullptr, 10);
    if (number < 1 || number > values_.size())
      return fail(ErrorKind::invalid, "sql.parameters", "there is no value for ${}", name);
    auto constant = duckdb::make_uniq<duckdb::ConstantExpression>(TRY(parameter_value(values_[number - 1])));
    constant->alias = slot->alias;
    slot = std::move(constant);
    return {};
  }
  Result<> on_show(duckdb::ShowRef&) override { return {}; }
  const json::Array& values_;
};

Result<Format> format_numbered(std::int64_t number) {
  if (number >= 0 && number <= static_cast<std::int64_t>(Format::arrow)) return static_cast<Format>(number);
  return fail(ErrorKind::internal, "engine.protocol", "there is no format of answers with the number {}", number);
}

}  // namespace

Dialogue::Dialogue(Channel channel, duckdb::DuckDB& database, Descriptors& descriptors, ScanFiles& scans)
    : channel_(std::move(channel)), database_(database), descriptors_(descriptors), scans_(scans) {}

Dialogue::~Dialogue() = default;

void Dialogue::run() {
  while (true) {
    auto frame = channel_.receive();
    if (!frame || frame->type != FrameType::request) return;
    const auto request = payload_json(*frame);
    if (!request) return;
    Result<json::Value> answer;
    try {
      answer = handle(*request);
    } catch (const std::bad_alloc&) {
      answer = fail(ErrorKind::limit, "engine.out_of_memory", "the query needed more memory than a worker has");
    } catch (const std::exception& exception) {
      answer = fail(error_from(exception));
    }
    const std::lock_guard lock(channel_mutex_);
    const auto sent = answer ? channel_.send_json(FrameType::reply, *answer)
                             : channel_.send_json(FrameType::failure, to_json(answer.error()));
    if (!sent) return;
  }
}

duckdb::Connection& Dialogue::connection() {
  if (!connection_) connection_ = std::make_unique<duckdb::Connection>(database_);
  return *connection_;
}

Result<json::Value> Dialogue::handle(const json::Value& request) {
  const auto operation = request["op"].text_or("");
  if (operation == "parse") return parse(request);
  if (operation == "bind") return bind(request);
  if (operation == "run") return run_query(request);
  if (operation == "publish") return publish(request);
  if (operation == "compact") return compact(request);
  if (operation == "lineage") return foreign_lineage(request["request"]);
  if (operation == "fences") return json::Value(try_fences());
  if (operation == "end") return end();
  return fail(ErrorKind::internal, "engine.protocol", "the worker knows no operation {}", operation);
}

Result<json::Value> Dialogue::parse(const json::Value& request) {
  const ParsedSql parsed =
      TRY(parse_governed(*connection().context, request["sql"].text_or(""), limits_of(request["limits"])));
  json::Value answer = to_json(parsed.parsed);
  answer.object().set("point", looks_like_point(*parsed.statement));
  return answer;
}

Result<json::Value> Dialogue::bind(const json::Value& request) {
  const Query query = TRY(query_of(request["query"]));
  const std::vector<Relation> relations = TRY(relations_of(request["relations"]));
  auto statement = TRY(rewrite(*connection().context, query, relations, limits_of(request["limits"])));
  PutParameters put(query.parameters);
  TRY(put.walk(select_of(*statement)));
  statement->named_param_map.clear();
  scans_.set_relations(relations);
  bound_ = statement->Copy();
  Prepared prepared = TRY(prepare(connection(), std::move(statement), relations));
  prepared_ = std::move(prepared.statement);
  return to_json(prepared.plan);
}

Result<Dialogue::Lists> Dialogue::receive_files(std::int64_t lists) {
  Lists all;
  int last = INT32_MIN;
  std::vector<std::string> paths;
  auto close_list = [&] {
    if (last >= 0) scans_.set_files(last, paths);
    if (last == -1) all.input = paths;
    if (last == -2) all.existing = paths;
    paths.clear();
  };
  for (std::int64_t seen = 0; seen < lists;) {
    Frame frame = TRY(channel_.receive());
    if (frame.type != FrameType::files)
      return fail(ErrorKind::internal, "engine.protocol", "a list of files was announced and did not come");
    const json::Value facts = TRY(payload_json(frame));
    const int relation = static_cast<int>(facts["relation"].integer_or(0));
    const json::Array& files = facts["files"].array();
    if (files.size() != frame.descriptors.size())
      return fail(ErrorKind::internal, "engine.protocol", "files and descriptors differ in number");
    if (relation != last) close_list();
    last = relation;
    for (std::size_t i = 0; i < files.size(); ++i) {
      const bool is_rows = relation >= 0 && scans_.relation(relation) != nullptr &&
                           scans_.relation(relation)->kind == RelationKind::rows;
      if (relation == -2) all.existing_rows.push_back(static_cast<std::uint64_t>(files[i]["rows"].integer_or(0)));
      const auto size = static_cast<std::uint64_t>(files[i]["size"].integer_or(0));
      Fd& fd = frame.descriptors[i];
      paths.push_back(is_rows ? descriptors_.add_readable(format("rows/{}", relation), std::move(fd), size)
                              : descriptors_.add_readable(std::move(fd), size));
    }
    if (facts["last"].boolean_or(true)) ++seen;
  }
  close_list();
  return all;
}

void Dialogue::serve_new_files() {
  descriptors_.on_make_file([this](std::string_view hint) -> Result<std::pair<std::string, Fd>> {
    const std::lock_guard lock(channel_mutex_);
    TRY(channel_.send_json(FrameType::need_file, json::Object{{"hint", hint}}));
    Frame frame = TRY(channel_.receive());
    if (frame.type != FrameType::files || frame.descriptors.size() != 1)
      return fail(ErrorKind::internal, "engine.protocol", "control sent no file");
    const json::Value facts = TRY(payload_json(frame));
    return std::make_pair(std::string(facts["name"].text_or("")), std::move(frame.descriptors[0]));
  });
}

Result<json::Value> Dialogue::run_query(const json::Value& request) {
  if (!prepared_) return fail(ErrorKind::internal, "engine.protocol", "nothing was bound");
  TRY(receive_files(request["lists"].integer_or(0)));
  const auto started = std::chrono::steady_clock::now();
  const std::int64_t cpu_before = cpu_micros();
  duckdb::vector<duckdb::Value> values;
  auto result = prepared_->Execute(values, true);
  if (result->HasError()) result->GetErrorObject().Throw();
  Chunks chunks(*result, limits_of(request["limits"]).rows_max);
  auto send = [this](std::string_view bytes) -> Result<> {
    const std::lock_guard lock(channel_mutex_);
    for (std::size_t at = 0; at < bytes.size(); at += kDataBytesMax)
      TRY(channel_.send(FrameType::data, bytes.substr(at, kDataBytesMax)));
    return {};
  };
  TRY(write_answer(connection(), descriptors_, chunks, TRY(format_numbered(request["format"].integer_or(0))), send));
  Outcome outcome;
  outcome.rows = chunks.rows();
  outcome.cpu_micros = cpu_micros() - cpu_before;
  outcome.wall_micros =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started).count();
  return to_json(outcome);
}

Result<json::Value> Dialogue::publish(const json::Value& request) {
  const PublishJob job = TRY(publish_job_of(request["job"]));
  Lists lists = TRY(receive_files(request["lists"].integer_or(0)));
  const Limits limits = limits_of(request["limits"]);
  serve_new_files();
  const std::int64_t cpu_before = cpu_micros();
  const auto started = std::chrono::steady_clock::now();
  PublishContext context{.connection = connection(),
                         .descriptors = descriptors_,
                         .input = lists.input.empty() ? std::string() : lists.input[0],
                         .query = lists.input.empty() ? std::move(bound_) : nullptr,
                         .existing = std::move(lists.existing),
                         .limits = limits,
                         .progress = [this](std::uint64_t done, std::uint64_t total) {
                           const std::lock_guard lock(channel_mutex_);
                           (void)channel_.send_json(FrameType::progress,
                                                    json::Object{{"done", done}, {"total", total}});
                         }};
  prepared_.reset();
  PublishOutcome outcome = TRY(worker::publish(context, job));
  outcome.cost.cpu_micros = cpu_micros() - cpu_before;
  outcome.cost.wall_micros =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started).count();
  return to_json(outcome);
}

Result<json::Value> Dialogue::compact(const json::Value& request) {
  const PublishJob job = TRY(publish_job_of(request["job"]));
  Lists lists = TRY(receive_files(request["lists"].integer_or(0)));
  const Limits limits = limits_of(request["limits"]);
  serve_new_files();
  PublishContext context{.connection = connection(),
                         .descriptors = descriptors_,
                         .input = {},
                         .query = nullptr,
                         .existing = std::move(lists.existing),
                         .limits = limits,
                         .progress = {}};
  return to_json(TRY(worker::compact(context, job)));
}

Result<json::Value> Dialogue::end() {
  prepared_.reset();
  bound_.reset();
  connection_.reset();  // With it go temporary tables and settings of the session.
  descriptors_.clear();
  scans_.clear();
  return json::Value(true);
}

}  // namespace weft::engine::worker
