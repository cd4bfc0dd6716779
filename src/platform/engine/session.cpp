#include "platform/engine/session.h"

#include "platform/engine/wire.h"

namespace weft::engine {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{10};
constexpr double kMemoryGrace = 1.25;  // Over the engine's own limit: buffers that it does not count.

class WorkerSession final : public Session {
 public:
  WorkerSession(Pool& pool, std::unique_ptr<WorkerProcess> worker, WorkClass work, const Limits& limits, std::stop_token cancelled)
      : pool_(pool), worker_(std::move(worker)), work_(work), limits_(limits), cancelled_(std::move(cancelled)), deadline_(Steady::now() + limits.time_max) {
    if (limits_.memory_bytes == 0) limits_.memory_bytes = pool.sizes().worker_memory_bytes;
  }

  ~WorkerSession() override {
    if (has_heavy_) pool_.give_heavy();
    if (condition_ == Pool::Condition::clean && has_begun_ && !end()) condition_ = Pool::Condition::spoiled;
    pool_.give_back(std::move(worker_), condition_);
  }

  Result<Parsed> parse(std::string_view sql) override {
    if (sql.size() > limits_.sql_bytes_max) {
      return fail(ErrorKind::limit, "sql.too_long", "the SQL text has {} bytes; at most {} are read", sql.size(), limits_.sql_bytes_max);
    }
    return parsed_of(TRY(ask("parse", json::Object{{"sql", sql}, {"limits", to_json(limits_)}})));
  }

  Result<Plan> bind(const Query& query, std::vector<Relation> relations) override {
    for (const Relation& relation : relations) rows_of_.push_back(relation.row_count);
    return plan_of(TRY(ask("bind", json::Object{{"query", to_json(query)}, {"relations", to_json(relations)}, {"limits", to_json(limits_)}})));
  }

  Result<Outcome> run(std::vector<RelationData> data, Format format, ByteSink& out) override;
  Result<PublishOutcome> publish(PublishJob job, std::vector<RelationData> data, const MakeFile& make_file, const Progress& progress) override;
  Result<PublishOutcome> compact(PublishJob job, const MakeFile& make_file) override;

  Result<json::Value> lineage(const json::Value& request) override { return ask("lineage", json::Object{{"request", request}, {"limits", to_json(limits_)}}); }

 private:
  struct Reply {
    json::Value value;
  };
  Result<json::Value> ask(std::string_view operation, json::Object request) {
    TRY(send(operation, std::move(request)));
    return answer({}, {}, nullptr);
  }
  Result<> send(std::string_view operation, json::Object request);
  Result<> send_files(const std::vector<RelationData>& data);
  Result<> send_file_list(int relation, const std::vector<File>& files);
  // Frames until the reply, handling what comes before it.
  Result<json::Value> answer(const MakeFile& make_file, const Progress& progress, ByteSink* out);
  Result<> supply_file(const Frame& frame, const MakeFile& make_file);
  Result<> watch();
  Result<> end();
  std::unexpected<Error> spoil(Error error);
  Error end_of(const Error& error);
  Result<> take_turn(const std::vector<RelationData>& data);

  Pool& pool_;
  std::unique_ptr<WorkerProcess> worker_;
  WorkClass work_;
  Limits limits_;
  std::stop_token cancelled_;
  Steady::time_point deadline_;
  std::vector<std::uint64_t> rows_of_;
  std::uint64_t memory_peak_ = 0;
  std::uint64_t bytes_out_ = 0;
  Pool::Condition condition_ = Pool::Condition::clean;
  bool has_begun_ = false;
  bool has_heavy_ = false;
};

std::unexpected<Error> WorkerSession::spoil(Error error) {
  condition_ = Pool::Condition::spoiled;
  worker_->kill();
  return std::unexpected(std::move(error));
}

// What the end of the worker means: its own death, or what we ended it for.
Error WorkerSession::end_of(const Error& error) {
  if (error.code != "engine.closed") return error;
  // The socket closes a moment before the process can be reaped.
  std::string reason;
  for (int i = 0; i < 100 && (reason = worker_->end_reason()).empty(); ++i) std::this_thread::yield();
  if (reason.empty()) reason = "it closed the dialogue";
  return {.kind = ErrorKind::unavailable, .code = "engine.worker_died",
          .message = format("the engine worker of this query died ({}); only this query is lost: try again", reason), .details = {}};
}

Result<> WorkerSession::watch() {
  if (cancelled_.stop_requested()) return fail(ErrorKind::cancelled, "engine.cancelled", "the query was cancelled");
  if (Steady::now() > deadline_) {
    return fail(ErrorKind::timeout, "engine.timeout", "the query ran longer than its {} ms; narrow it, or ask for more time with timeout_ms", limits_.time_max.count());
  }
  const std::uint64_t resident = worker_->resident_bytes();
  memory_peak_ = std::max(memory_peak_, resident);
  if (static_cast<double>(resident) > static_cast<double>(limits_.memory_bytes) * kMemoryGrace) {
    return fail(ErrorKind::limit, "engine.out_of_memory", "the query needed more than its {} MB of memory; narrow it, or aggregate in steps", limits_.memory_bytes / 1'000'000);
  }
  return {};
}

Result<> WorkerSession::send(std::string_view operation, json::Object request) {
  has_begun_ = true;
  request.set("op", operation);
  const auto sent = worker_->channel().send_json(FrameType::request, json::Value(std::move(request)));
  if (!sent) return spoil(end_of(sent.error()));
  return {};
}

Result<json::Value> WorkerSession::answer(const MakeFile& make_file, const Progress& progress, ByteSink* out) {
  while (true) {
    auto frame = worker_->channel().receive(kTick, [this] { return watch(); });
    if (!frame) return spoil(end_of(frame.error()));
    switch (frame->type) {
      case FrameType::reply: return payload_json(*frame);
      case FrameType::failure: {
        Error error = error_of(TRY(payload_json(*frame)));
        // After an error of the query itself the worker is as good as new; after any other it is not trusted again.
        const bool is_own = error.kind != ErrorKind::invalid && error.kind != ErrorKind::denied && error.kind != ErrorKind::limit && error.kind != ErrorKind::refused &&
                            error.kind != ErrorKind::unsupported && error.kind != ErrorKind::not_found;
        if (is_own || bytes_out_ > 0 || error.code == "engine.out_of_memory") return spoil(std::move(error));
        return std::unexpected(std::move(error));
      }
      case FrameType::data: {
        if (out == nullptr) return spoil({.kind = ErrorKind::internal, .code = "engine.protocol", .message = "the worker sent data that nobody asked for", .details = {}});
        bytes_out_ += frame->payload.size();
        const auto written = out->write(frame->payload);
        if (!written) return spoil(written.error());
        if (const auto fine = watch(); !fine) return spoil(fine.error());
        break;
      }
      case FrameType::need_file: {
        const auto supplied = supply_file(*frame, make_file);
        if (!supplied) return spoil(supplied.error());
        break;
      }
      case FrameType::progress: {
        const json::Value value = TRY(payload_json(*frame));
        if (progress) progress(static_cast<std::uint64_t>(value["done"].integer_or(0)), static_cast<std::uint64_t>(value["total"].integer_or(0)));
        break;
      }
      default: return spoil({.kind = ErrorKind::internal, .code = "engine.protocol", .message = "the worker sent a frame out of turn", .details = {}});
    }
  }
}

Result<> WorkerSession::supply_file(const Frame& frame, const MakeFile& make_file) {
  if (!make_file) return fail(ErrorKind::internal, "engine.protocol", "the worker asked for a file that it may not write");
  const json::Value wanted = TRY(payload_json(frame));
  auto [name, fd] = TRY(make_file(wanted["hint"].text_or("data")));
  return worker_->channel().send_json(FrameType::files, json::Object{{"name", name}}, {fd.get()});
}

Result<> WorkerSession::send_file_list(int relation, const std::vector<File>& files) {
  for (std::size_t at = 0; at == 0 || at < files.size(); at += kDescriptorsMax) {
    json::Array facts;
    std::vector<int> descriptors;
    for (std::size_t i = at; i < std::min(files.size(), at + kDescriptorsMax); ++i) {
      facts.push_back(json::Object{{"size", files[i].size}, {"name", files[i].name}, {"rows", files[i].row_count}});
      descriptors.push_back(files[i].fd.get());
    }
    json::Object payload{{"relation", relation}, {"last", at + kDescriptorsMax >= files.size()}};
    payload.set("files", json::Value(std::move(facts)));
    const auto sent = worker_->channel().send_json(FrameType::files, payload, descriptors);
    if (!sent) return spoil(end_of(sent.error()));
  }
  return {};
}

Result<> WorkerSession::send_files(const std::vector<RelationData>& data) {
  for (const RelationData& each : data) TRY(send_file_list(each.relation, each.files));
  return {};
}

Result<> WorkerSession::take_turn(const std::vector<RelationData>& data) {
  std::uint64_t rows = 0;
  for (const RelationData& each : data) {
    for (const File& file : each.files) rows += file.row_count;
  }
  if (rows < kHeavyRows && work_ == WorkClass::interactive) return {};
  TRY(pool_.take_heavy(cancelled_, deadline_));
  has_heavy_ = true;
  return {};
}

Result<Outcome> WorkerSession::run(std::vector<RelationData> data, Format format, ByteSink& out) {
  TRY(take_turn(data));
  TRY(send("run", json::Object{{"format", static_cast<int>(format)}, {"heavy", has_heavy_}, {"lists", data.size()}}));
  TRY(send_files(data));
  data.clear();
  Outcome outcome = outcome_of(TRY(answer({}, {}, &out)));
  outcome.memory_peak = std::max(outcome.memory_peak, memory_peak_);
  outcome.bytes = bytes_out_;
  return outcome;
}

Result<PublishOutcome> WorkerSession::publish(PublishJob job, std::vector<RelationData> data, const MakeFile& make_file, const Progress& progress) {
  TRY(pool_.take_heavy(cancelled_, deadline_));
  has_heavy_ = true;
  // Lists: the input, the existing files, then the relations of a bound query.
  TRY(send("publish", json::Object{{"job", to_json(job)}, {"heavy", true}, {"lists", data.size() + 2}, {"limits", to_json(limits_)}}));
  std::vector<File> input;
  if (job.input) input.push_back(std::move(*job.input));
  TRY(send_file_list(-1, input));
  TRY(send_file_list(-2, job.existing));
  TRY(send_files(data));
  return publish_outcome_of(TRY(answer(make_file, progress, nullptr)));
}

Result<PublishOutcome> WorkerSession::compact(PublishJob job, const MakeFile& make_file) {
  TRY(pool_.take_heavy(cancelled_, deadline_));
  has_heavy_ = true;
  TRY(send("compact", json::Object{{"job", to_json(job)}, {"heavy", true}, {"lists", 1}, {"limits", to_json(limits_)}}));
  TRY(send_file_list(-2, job.existing));
  return publish_outcome_of(TRY(answer(make_file, {}, nullptr)));
}

// Tells the worker that the session is over, and waits until it is clean for the next.
Result<> WorkerSession::end() {
  TRY(send("end", {}));
  deadline_ = Steady::now() + std::chrono::seconds(2);
  cancelled_ = {};
  TRY(answer({}, {}, nullptr));
  return {};
}

}  // namespace

std::unique_ptr<Session> make_session(Pool& pool, std::unique_ptr<WorkerProcess> worker, WorkClass work, const Limits& limits, std::stop_token cancelled) {
  return std::make_unique<WorkerSession>(pool, std::move(worker), work, limits, std::move(cancelled));
}

}  // namespace weft::engine
