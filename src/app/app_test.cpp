#include "app/app.h"

#include <gtest/gtest.h>

#include "app/command.h"
#include "app/problem.h"
#include "base/json.h"

namespace weft {
namespace {

class NoStore final : public store::Store {
 public:
  Result<> write(const Work&, store::Durability) override { return {}; }
  Result<> read(const Work&) override { return {}; }
  Result<> backup_to(const std::filesystem::path&) override { return {}; }
  Result<> announce(std::string_view) override { return {}; }
};

class NoEngine final : public engine::Engine {
 public:
  void warm() override {}
  Result<std::unique_ptr<engine::Session>> session(engine::WorkClass, const engine::Limits&, std::stop_token) override {
    return fail(ErrorKind::unavailable, "test", "none");
  }
  Result<json::Value> fences() override { return json::Value(); }
};

class AppTest : public ::testing::Test {
 protected:
  std::unique_ptr<App> make() {
    return std::make_unique<App>(App::Parts{.settings = {},
                                            .clock = clock_,
                                            .store = store_,
                                            .objects = *objects_,
                                            .engine = engine_,
                                            .metrics = metrics_});
  }
  SystemClock clock_;
  NoStore store_;
  NoEngine engine_;
  metrics::Registry metrics_;
  std::unique_ptr<objects::Objects> objects_ =
      std::move(*objects::Objects::open(std::filesystem::temp_directory_path()));
};

struct Base {
  explicit Base(std::vector<std::string>& log) : log(log) {}
  ~Base() { log.push_back("base ends"); }
  std::vector<std::string>& log;
};
struct User {
  explicit User(Base& base) : base(base) {}
  ~User() { base.log.push_back("user ends"); }
  Base& base;
};
struct Happened {
  int what = 0;
};

TEST_F(AppTest, ServicesEndBeforeThoseTheyUse) {
  std::vector<std::string> log;
  auto app = make();
  app->emplace<Base>(log);
  app->emplace<User>(app->use<Base>());
  app.reset();
  EXPECT_EQ(log, (std::vector<std::string>{"user ends", "base ends"}));
}

TEST_F(AppTest, ListenersHearInTheOrderTheyCame) {
  auto app = make();
  std::vector<int> heard;
  app->on<Happened>([&](const Happened& event) { heard.push_back(event.what); });
  app->on<Happened>([&](const Happened& event) { heard.push_back(event.what * 10); });
  app->emit(Happened{.what = 7});
  app->emit(std::string("nobody listens"));
  EXPECT_EQ(heard, (std::vector<int>{7, 70}));
}

using AppDeathTest = AppTest;

TEST_F(AppDeathTest, AServiceIsMadeOnceAndBeforeItIsUsed) {
  std::vector<std::string> log;
  auto app = make();
  EXPECT_DEATH(app->use<Base>(), "found");
  app->emplace<Base>(log);
  EXPECT_DEATH(app->emplace<Base>(log), "by_type_");
}

// Answers what it was told to and keeps what it was asked.
class FakeApi final : public Api {
 public:
  Result<Response> send(Call call, ByteSink*) override {
    asked = call.method + " " + call.path;
    if (call.body != nullptr) {
      std::array<char, 1000> bytes;
      body.assign(bytes.data(), TRY(call.body->read(bytes.data(), bytes.size())));
    }
    return answer;
  }
  Response answer;
  std::string asked, body;
};

TEST(Api, AnswersAreJsonAndProblemsAreErrors) {
  FakeApi api;
  api.answer = Response::json(json::Object{{"a", 1}});
  EXPECT_EQ((*api.get("/x?y=1"))["a"].integer(), 1);
  EXPECT_EQ(api.asked, "GET /x?y=1");
  EXPECT_TRUE(api.post("/x", json::Object{{"b", "ä"}}));
  EXPECT_EQ(api.asked, "POST /x");
  EXPECT_EQ(api.body, "{\"b\":\"ä\"}");
  api.answer.status = 204;
  api.answer.body = std::string();
  EXPECT_TRUE(api.remove("/x")->is_null());
  EXPECT_EQ(api.asked, "DELETE /x");
  api.answer = problem({.kind = ErrorKind::refused, .code = "c.d", .message = "no", .details = {}}, "");
  EXPECT_EQ(api.get("/x").error().code, "c.d");
  EXPECT_EQ(api.get("/x").error().kind, ErrorKind::refused);
  api.answer = Response::text("<html>");
  EXPECT_EQ(api.get("/x").error().code, "json.malformed");
}

}  // namespace
}  // namespace weft
