#include "product/lineage/lines.h"

#include "base/json.h"
#include "base/text.h"

namespace weft::lineage {
namespace {

constexpr std::size_t kLineMax = 8 << 20;
constexpr std::size_t kLinesMax = 100'000;

// The lines of a body, without holding more than one.
class Lines {
 public:
  explicit Lines(ByteSource& body) : body_(body) {}

  // The next line that is not empty; nothing at the end. limit "request.too_large".
  Result<std::optional<std::string>> next() {
    while (true) {
      const auto end = buffer_.find('\n', at_);
      if (end != std::string::npos || is_over_) {
        std::string line = buffer_.substr(at_, end == std::string::npos ? std::string::npos : end - at_);
        const bool was_last = end == std::string::npos;
        at_ = was_last ? buffer_.size() : end + 1;
        if (!text::trim(line).empty()) return line;
        if (was_last) return std::nullopt;
        continue;
      }
      buffer_.erase(0, at_);
      at_ = 0;
      if (buffer_.size() > kLineMax)
        return fail(ErrorKind::limit, "request.too_large", "a line may have at most {}", text::human_bytes(kLineMax));
      std::array<char, 65536> piece;
      const auto size = TRY(body_.read(piece.data(), piece.size()));
      is_over_ = size == 0;
      buffer_.append(piece.data(), size);
    }
  }

 private:
  ByteSource& body_;
  std::string buffer_;
  std::size_t at_ = 0;
  bool is_over_ = false;
};

json::Value error_line(const Error& error) {
  return json::Object{{"error", json::Object{{"code", error.code}, {"message", error.message}}}};
}

// One worker for all lines; another one after a line that broke it.
class Asker {
 public:
  Asker(engine::Engine& engine, std::stop_token cancelled) : engine_(engine), cancelled_(std::move(cancelled)) {}

  Result<json::Value> ask(const json::Value& request) {
    if (!session_) session_ = TRY(engine_.session(engine::WorkClass::interactive, engine::Limits{}, cancelled_));
    auto answer = session_->lineage(request);
    if (!answer) {
      const auto kind = answer.error().kind;
      const bool is_alive = kind == ErrorKind::invalid || kind == ErrorKind::refused || kind == ErrorKind::limit ||
                            kind == ErrorKind::denied;
      if (!is_alive || answer.error().code.starts_with("engine.")) session_.reset();
    }
    return answer;
  }

  json::Value line(const std::string& line) {
    const auto request = json::parse(line, {.bytes_max = kLineMax});
    if (!request) return error_line(request.error());
    auto answer = ask(*request);
    return answer ? std::move(*answer) : error_line(answer.error());
  }

 private:
  engine::Engine& engine_;
  std::stop_token cancelled_;
  std::unique_ptr<engine::Session> session_;
};

bool is_ndjson(const Request& request) {
  const auto type = request.headers.get("content-type");
  return type && (type->starts_with("application/x-ndjson") || type->starts_with("application/jsonl") ||
                  type->starts_with("application/ndjson"));
}

}  // namespace

Answer answer_sql_lineage(engine::Engine& engine, Request& request) {
  if (!is_ndjson(request)) {
    const auto body = TRY(request.json(kLineMax));
    return Response::json(TRY(Asker(engine, request.cancelled).ask(body)));
  }
  if (request.body == nullptr) return Response::text("", "application/x-ndjson");
  auto stream = [&engine, &body = *request.body, cancelled = request.cancelled](ByteSink& out) -> Result<> {
    Lines lines(body);
    Asker asker(engine, cancelled);
    for (std::size_t count = 0;; ++count) {
      const auto line = TRY(lines.next());
      if (!line) return {};
      if (count == kLinesMax)
        return fail(ErrorKind::limit, "request.too_large", "a request may have at most {} lines", kLinesMax);
      TRY(out.write(json::write(asker.line(*line)) + "\n"));
      if (cancelled.stop_requested())
        return fail(ErrorKind::cancelled, "request.cancelled", "the request was cancelled");
    }
  };
  return Response::stream(std::move(stream), "application/x-ndjson");
}

}  // namespace weft::lineage
