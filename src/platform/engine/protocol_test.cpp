#include "platform/engine/protocol.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <thread>

#include "base/json.h"
#include "platform/engine/wire.h"

namespace weft::engine {
namespace {

using Takes = Channel::Takes;

struct Ends {
  Channel ours, theirs;
};

Ends ends(Takes takes = Takes::descriptors) {
  int fds[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  return {.ours = Channel(Fd(fds[0]), Takes::nothing), .theirs = Channel(Fd(fds[1]), takes)};
}

std::string head(std::uint32_t size, int type, int descriptors) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(size >> (8 * i));
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(descriptors);
  return bytes;
}

void write_raw(Channel& channel, std::string_view bytes) {
  ASSERT_EQ(::write(channel.fd(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
}

TEST(Protocol, AFrameComesAsItWent) {
  auto both = ends();
  ASSERT_TRUE(both.ours.send_json(FrameType::request, json::Object{{"op", "parse"}}));
  ASSERT_TRUE(both.ours.send(FrameType::data, ""));
  ASSERT_TRUE(both.ours.send(FrameType::data, std::string("\0\n\xff", 3)));
  auto first = both.theirs.receive();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->type, FrameType::request);
  EXPECT_EQ((*payload_json(*first))["op"].text_or(""), "parse");
  EXPECT_EQ(both.theirs.receive()->payload, "");
  EXPECT_EQ(both.theirs.receive()->payload, std::string("\0\n\xff", 3));
}

TEST(Protocol, LargeFramesPassWhileTheOtherSideReads) {
  auto both = ends();
  const std::string payload(5 << 20, 'x');
  std::jthread sender([&] { EXPECT_TRUE(both.ours.send(FrameType::request, payload)); });
  const auto frame = both.theirs.receive();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->payload.size(), payload.size());
}

TEST(Protocol, DescriptorsTravelWithTheirFrame) {
  auto both = ends();
  std::vector<Fd> files;
  std::vector<int> numbers;
  for (std::size_t i = 0; i < kDescriptorsMax; ++i) {
    files.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    numbers.push_back(files.back().get());
  }
  ASSERT_TRUE(both.ours.send(FrameType::files, "a", numbers));
  ASSERT_TRUE(both.ours.send(FrameType::files, "b", {numbers[0]}));
  ASSERT_TRUE(both.ours.send(FrameType::request, "c"));
  const auto first = both.theirs.receive();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->descriptors.size(), kDescriptorsMax);
  struct stat facts{};
  EXPECT_EQ(::fstat(first->descriptors.back().get(), &facts), 0);
  EXPECT_EQ(both.theirs.receive()->descriptors.size(), 1U);
  EXPECT_TRUE(both.theirs.receive()->descriptors.empty());
}

TEST(Protocol, TooManyDescriptorsAreNotSent) {
  auto both = ends();
  const std::vector<int> numbers(kDescriptorsMax + 1, 0);
  EXPECT_EQ(both.ours.send(FrameType::files, "a", numbers).error().code, "engine.protocol");
}

TEST(Protocol, ControlTakesNoDescriptors) {
  auto both = ends(Takes::nothing);
  ASSERT_TRUE(both.ours.send(FrameType::need_file, "{}", {0}));
  EXPECT_EQ(both.theirs.receive().error().code, "engine.protocol");
}

TEST(Protocol, HeadsThatLieAreRefused) {
  EXPECT_FALSE(parse_head("abc"));
  EXPECT_FALSE(parse_head(head(0, 0, 0)));
  EXPECT_FALSE(parse_head(head(0, 9, 0)));
  EXPECT_FALSE(parse_head(head(0xFFFFFFFF, 2, 0)));
  EXPECT_FALSE(parse_head(head(0, 5, 251)));
  EXPECT_TRUE(parse_head(head(kFrameBytesMax, 2, 250)));
}

TEST(Protocol, EachTypeHasItsLimit) {
  for (int type = 1; type <= 8; ++type) {
    const auto most = static_cast<std::uint32_t>(frame_bytes_max(static_cast<FrameType>(type)));
    EXPECT_TRUE(parse_head(head(most, type, 0))) << type;
    EXPECT_EQ(parse_head(head(most + 1, type, 0)).error().code, "engine.protocol") << type;
  }
}

TEST(Protocol, AnnouncedDescriptorsMustCome) {
  auto both = ends();
  write_raw(both.ours, head(0, 5, 2));
  EXPECT_EQ(both.theirs.receive().error().code, "engine.protocol");
}

TEST(Protocol, ACutFrameReadsAsClosed) {
  auto both = ends();
  write_raw(both.ours, head(100, 2, 0) + "only this");
  {
    const Channel gone = std::move(both.ours);
  }
  EXPECT_EQ(both.theirs.receive().error().code, "engine.closed");
}

TEST(Protocol, WritingToNobodyReadsAsClosed) {
  auto both = ends();
  {
    const Channel gone = std::move(both.theirs);
  }
  EXPECT_EQ(both.ours.send(FrameType::request, "x").error().code, "engine.closed");
}

TEST(Protocol, WaitingEndsWhenItsOwnerSaysSo) {
  auto both = ends();
  int ticks = 0;
  const auto frame = both.theirs.receive(std::chrono::milliseconds(1), [&]() -> Result<> {
    if (++ticks < 3) return {};
    return fail(ErrorKind::timeout, "test.enough", "enough");
  });
  EXPECT_EQ(frame.error().code, "test.enough");
}

TEST(Wire, EveryStructSurvivesTheJourney) {
  Query query{.sql = "SELECT 1", .relations = {0, 1}, .parameters = {}};
  query.parameters.emplace_back("x");
  EXPECT_EQ(json::write(to_json(*query_of(to_json(query)))), json::write(to_json(query)));

  Relation relation{.name = "a.b.c",
                    .kind = RelationKind::view,
                    .columns = {{.field_id = 1, .name = "x", .type = "long", .mask_sql = "NULL"}},
                    .row_filter_sql = "x > 1",
                    .row_count = 7,
                    .view_sql = "SELECT 1",
                    .view_relations = {2}};
  const std::vector<Relation> relations{relation};
  EXPECT_EQ(json::write(to_json(*relations_of(to_json(relations)))), json::write(to_json(relations)));

  Plan plan;
  plan.columns.push_back({.name = "x",
                          .engine_type = "BIGINT",
                          .type = "long",
                          .from = {{.relation = 0, .column = "x", .field_id = 1, .use = Use::group}}});
  plan.relations.push_back({.columns = {"x"}, .predicates = {{.field_id = 1, .op = "eq", .literals = {}}}});
  plan.rows_estimated = 12.5;
  plan.is_point = true;
  EXPECT_EQ(json::write(to_json(*plan_of(to_json(plan)))), json::write(to_json(plan)));

  PublishJob job;
  job.mode = PublishMode::upsert;
  job.columns.push_back({.field_id = 3, .name = "n", .physical_name = "N", .type = "string", .is_required = true});
  job.checks.push_back({.id = "c", .kind = "required", .columns = {"n"}, .spec = {{"min", 1}}, .is_by_row = true});
  EXPECT_EQ(json::write(to_json(*publish_job_of(to_json(job)))), json::write(to_json(job)));

  PublishOutcome outcome;
  outcome.files.push_back({.name = "f",
                           .row_count = 2,
                           .size = 3,
                           .partition = {},
                           .columns = {{"1", json::Object{{"nulls", 0}}}},
                           .split_offsets = {4}});
  outcome.problems.push_back(
      {.code = "c", .message = "m", .column = "n", .failures = 1, .sample_rows = {1}, .sample_values = {}});
  EXPECT_EQ(json::write(to_json(*publish_outcome_of(to_json(outcome)))), json::write(to_json(outcome)));

  const Error error{.kind = ErrorKind::limit, .code = "a.b", .message = "m", .details = {{"position", 3}}};
  EXPECT_EQ(error_of(to_json(error)).kind, ErrorKind::limit);
  EXPECT_EQ(json::write(to_json(error_of(to_json(error)))), json::write(to_json(error)));
}

TEST(Wire, WhatIsNoneOfItsStructsIsRefusedOrEmpty) {
  for (const char* text : {"null", "[]", "{}", "7", R"({"statement":"drop"})", R"({"tables":[{}],"statement":7})",
                           R"([{"kind":"nothing"}])"}) {
    const json::Value value = *json::parse(text);
    (void)parsed_of(value);
    (void)plan_of(value);
    (void)query_of(value);
    (void)relations_of(value);
    (void)publish_job_of(value);
    (void)publish_outcome_of(value);
    (void)error_of(value);
    (void)outcome_of(value);
    (void)limits_of(value);
  }
  EXPECT_FALSE(plan_of(json::Object{{"statement", "drop"}}));
}

}  // namespace
}  // namespace weft::engine
