#include "product/lineage/lines.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace weft::lineage {
namespace {

class Text final : public ByteSource {
 public:
  explicit Text(std::string text) : text_(std::move(text)) {}
  // A few bytes at a time: lines come in pieces.
  Result<std::size_t> read(char* out, std::size_t size) override {
    const std::size_t taken = text_.copy(out, std::min<std::size_t>(size, 7), at_);
    at_ += taken;
    return taken;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

class Collect final : public ByteSink {
 public:
  Result<> write(std::string_view bytes) override {
    text += bytes;
    return {};
  }
  std::string text;
};

class EchoSession final : public engine::Session {
 public:
  Result<engine::Parsed> parse(std::string_view) override { return engine::Parsed{}; }
  Result<engine::Plan> bind(const engine::Query&, std::vector<engine::Relation>) override { return engine::Plan{}; }
  Result<engine::Outcome> run(std::vector<engine::RelationData>, engine::Format, ByteSink&) override {
    return engine::Outcome{};
  }
  Result<engine::PublishOutcome> publish(engine::PublishJob, std::vector<engine::RelationData>, const engine::MakeFile&,
                                         const engine::Progress&) override {
    return engine::PublishOutcome{};
  }
  Result<engine::PublishOutcome> compact(engine::PublishJob, const engine::MakeFile&) override {
    return engine::PublishOutcome{};
  }
  Result<json::Value> lineage(const json::Value& request) override {
    if (request["sql"].text_or("") == "die") return fail(ErrorKind::unavailable, "engine.worker_died", "gone");
    return json::Object{{"echo", request["sql"]}};
  }
};

class EchoEngine final : public engine::Engine {
 public:
  void warm() override {}
  Result<std::unique_ptr<engine::Session>> session(engine::WorkClass, const engine::Limits&, std::stop_token) override {
    ++sessions;
    return std::make_unique<EchoSession>();
  }
  Result<json::Value> fences() override { return json::Value(); }
  int sessions = 0;
};

TEST(Lines, AnswersEachLineInOrderAndOutlivesABrokenWorker) {
  EchoEngine engine;
  Text body("{\"sql\":\"a\"}\n\n{\"sql\":\"die\"}\nno json\n{\"sql\":\"b\"}");
  Request request;
  request.headers.set("Content-Type", "application/x-ndjson");
  request.body = &body;
  auto response = answer_sql_lineage(engine, request);
  ASSERT_TRUE(response);
  Collect out;
  ASSERT_TRUE(std::get<BodyWriter>(response->body)(out));
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < out.text.size();) {
    const auto end = out.text.find('\n', at);
    lines.push_back(out.text.substr(at, end - at));
    at = end + 1;
  }
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0], R"({"echo":"a"})");
  EXPECT_NE(lines[1].find("engine.worker_died"), std::string::npos);
  EXPECT_NE(lines[2].find("json.malformed"), std::string::npos);
  EXPECT_EQ(lines[3], R"({"echo":"b"})");
  EXPECT_EQ(engine.sessions, 2);
}

TEST(Lines, AnswersOneRequestAsJson) {
  EchoEngine engine;
  Text body(R"({"sql":"a"})");
  Request request;
  request.headers.set("Content-Type", "application/json");
  request.body = &body;
  const auto response = answer_sql_lineage(engine, request);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(std::get<std::string>(response->body), "{\"echo\":\"a\"}\n");
}

TEST(Lines, RefusesALineWithoutEnd) {
  EchoEngine engine;
  class Endless final : public ByteSource {
   public:
    Result<std::size_t> read(char* out, std::size_t size) override {
      std::fill_n(out, size, 'x');
      return size;
    }
  } body;
  Request request;
  request.headers.set("Content-Type", "application/x-ndjson");
  request.body = &body;
  auto response = answer_sql_lineage(engine, request);
  ASSERT_TRUE(response);
  Collect out;
  EXPECT_EQ(std::get<BodyWriter>(response->body)(out).error().code, "request.too_large");
}

}  // namespace
}  // namespace weft::lineage
