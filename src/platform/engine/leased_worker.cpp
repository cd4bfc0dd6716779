#include "platform/engine/leased_worker.h"

#include "base/json.h"
#include "base/log.h"
#include "platform/engine/wire.h"

namespace weft::engine {
namespace {

constexpr std::chrono::milliseconds kLightCpuMax{100};  // A light worker that computed longer gives way from then on.
constexpr double kNearLimit = 0.7;

// After such an error of the query itself the worker is as good as new; after any other it is not trusted again.
bool leaves_it_clean(const Error& error) {
  switch (error.kind) {
    case ErrorKind::invalid:
    case ErrorKind::denied:
    case ErrorKind::refused:
    case ErrorKind::unsupported:
    case ErrorKind::not_found:
      return error.code != "engine.protocol";
    case ErrorKind::limit:
      return error.code != "engine.out_of_memory" && error.code != "engine.protocol";
    default:
      return false;
  }
}

Error out_of_turn(std::string_view what) {
  return {.kind = ErrorKind::internal,
          .code = "engine.protocol",
          .message = format("the engine worker sent {}; the query was ended", what),
          .details = {}};
}

}  // namespace

LeasedWorker::LeasedWorker(Pool& pool, Lane lane, const Limits& limits, std::unique_ptr<WorkerProcess> worker)
    : pool_(pool), lane_(lane), limits_(limits), worker_(std::move(worker)) {
  memory_max_ = worker_->terms().memory_bytes;
  if (limits_.memory_bytes > 0) memory_max_ = std::min(memory_max_, limits_.memory_bytes);
}

Result<std::unique_ptr<LeasedWorker>> LeasedWorker::lease(Pool& pool, Lane lane, const Limits& limits,
                                                          const std::stop_token& cancelled,
                                                          std::chrono::steady_clock::time_point deadline) {
  auto worker = TRY(pool.lease(lane, cancelled, deadline));
  std::unique_ptr<LeasedWorker> leased(new LeasedWorker(pool, lane, limits, std::move(worker)));
  const auto cpu_max = lane == Lane::light ? kLightCpuMax : std::chrono::milliseconds(0);
  WorkerProcess& process = *leased->worker_;
  pool.watch().add(process, {.deadline = deadline, .memory_max = leased->memory_max_, .cpu_max = cpu_max});
  leased->on_cancel_.emplace(cancelled, [&process] { process.end(Ending::cancelled); });
  return leased;
}

LeasedWorker::~LeasedWorker() {
  on_cancel_.reset();  // Waits for a callback that runs.
  const Watch::Seen seen = pool_.watch().remove(*worker_);
  const bool is_used_up = worker_->ending() != Ending::none || seen.has_given_way;
  if (condition_ == Pool::Condition::clean && !is_used_up && requests_ > 0) {
    // The next session waits for the reply to this, not the end of this one.
    const auto sent = worker_->channel().send_json(FrameType::request, json::Object{{"op", "end"}});
    if (!sent) condition_ = Pool::Condition::spoiled;
    worker_->owes_reply = true;
  }
  pool_.give_back(lane_, std::move(worker_), is_used_up ? Pool::Condition::spoiled : condition_);
}

std::uint64_t LeasedWorker::memory_peak() {
  memory_peak_ = std::max(memory_peak_, worker_->private_bytes());
  return memory_peak_;
}

void LeasedWorker::spoil() {
  condition_ = Pool::Condition::spoiled;
  worker_->end(Ending::spoiled);
}

Result<> LeasedWorker::spoiled(Error error) {
  spoil();
  return fail(std::move(error));
}

// What the end of the worker means: what control ended it for, or its own death.
Error LeasedWorker::error_of_end(const Error& error) {
  switch (worker_->ending()) {
    case Ending::cancelled:
      return {.kind = ErrorKind::cancelled,
              .code = "engine.cancelled",
              .message = "the query was cancelled",
              .details = {}};
    case Ending::timeout:
      return {.kind = ErrorKind::timeout,
              .code = "engine.timeout",
              .message = format("the query ran longer than its {} ms; narrow it, or ask for more time with timeout_ms",
                                limits_.time_max.count()),
              .details = {}};
    case Ending::out_of_memory:
      break;
    case Ending::spoiled:
      return error;
    case Ending::none: {
      if (error.code != "engine.closed") return error;
      // The socket closes a moment before the process can be reaped.
      std::string reason;
      for (int i = 0; i < 200 && (reason = worker_->end_reason()).empty(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      const std::string words = worker_->last_words();
      LOG(warning, "engine worker {} died: {}{}{}", worker_->pid(), reason.empty() ? "it closed its dialogue" : reason,
          words.empty() ? "" : ": ", words);
      const Watch::Seen seen = pool_.watch().remove(*worker_);
      if (static_cast<double>(seen.memory_peak) > kNearLimit * static_cast<double>(memory_max_))
        break;  // It could not get more, and gave up.
      return {
          .kind = ErrorKind::unavailable,
          .code = "engine.worker_died",
          .message = format("the engine worker of this query died ({}); only this query is lost: try again", reason),
          .details = {}};
    }
  }
  return {.kind = ErrorKind::limit,
          .code = "engine.out_of_memory",
          .message = format("the query needed more than its {} MB of memory; narrow it, or aggregate in steps",
                            memory_max_ / 1'000'000),
          .details = {}};
}

Result<> LeasedWorker::send(std::string_view operation, json::Object request) {
  ++requests_;
  request.set("op", operation);
  const auto sent = worker_->channel().send_json(FrameType::request, json::Value(std::move(request)));
  if (sent) return {};
  if (sent.error().kind == ErrorKind::limit) return sent;  // Too long to send: the worker has seen nothing.
  return spoiled(error_of_end(sent.error()));
}

Result<> LeasedWorker::send_files(const json::Object& facts, const std::vector<int>& descriptors) {
  const auto sent = worker_->channel().send_json(FrameType::files, facts, descriptors);
  if (sent) return {};
  return spoiled(error_of_end(sent.error()));
}

// True when `reply` is the answer.
Result<bool> LeasedWorker::handle(const Frame& frame, const Handlers& handlers, Result<json::Value>& reply) {
  switch (frame.type) {
    case FrameType::reply:
      reply = TRY(payload_json(frame));
      return true;
    case FrameType::failure: {
      Error error = error_of(TRY(payload_json(frame)));
      if (bytes_out_ > 0 || !leaves_it_clean(error)) spoil();
      reply = fail(std::move(error));
      return true;
    }
    case FrameType::data: {
      if (handlers.out == nullptr) return fail(out_of_turn("data that nobody asked for"));
      bytes_out_ += frame.payload.size();
      TRY(handlers.out->write(frame.payload));
      return false;
    }
    case FrameType::need_file: {
      if (!handlers.need_file) return fail(out_of_turn("a wish for a file that it may not write"));
      TRY(handlers.need_file(TRY(payload_json(frame))));
      return false;
    }
    case FrameType::progress: {
      const json::Value value = TRY(payload_json(frame));
      if (handlers.progress) {
        handlers.progress(static_cast<std::uint64_t>(value["done"].integer_or(0)),
                          static_cast<std::uint64_t>(value["total"].integer_or(0)));
      }
      return false;
    }
    default:
      return fail(out_of_turn("a frame out of turn"));
  }
}

Result<json::Value> LeasedWorker::answer(const Handlers& handlers) {
  Result<json::Value> reply;
  while (true) {
    auto frame = worker_->channel().receive();
    if (!frame) {
      Error error = error_of_end(frame.error());
      spoil();
      return fail(std::move(error));
    }
    const auto is_done = handle(*frame, handlers, reply);
    if (!is_done) {
      // A closed client cancels as well as the query's own token does; a cancelled query fails to write, too.
      Error error = worker_->ending() == Ending::none ? is_done.error() : error_of_end(is_done.error());
      spoil();
      return fail(std::move(error));
    }
    if (*is_done) return reply;
  }
}

}  // namespace weft::engine
