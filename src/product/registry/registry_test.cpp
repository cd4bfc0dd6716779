#include "product/registry/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "product/registry/errors.h"
#include "product/registry/rules.h"

namespace weft::registry {
namespace {

using ::testing::ElementsAre;

TEST(Names, SayTheirContextOrTakeThatOfThePath) {
  EXPECT_EQ(*parse_subject("a"), (Subject{".", "a"}));
  EXPECT_EQ(*parse_subject("a", ".sales"), (Subject{".sales", "a"}));
  EXPECT_EQ(*parse_subject(":.sales:a:b"), (Subject{".sales", "a:b"}));
  EXPECT_EQ(*parse_subject(":.sales:", ".x"), (Subject{".sales", ""}));
  EXPECT_EQ(parse_subject(":a")->name, ":a");  // No second colon: a name like others.
  EXPECT_EQ(to_string(Subject{".sales", "a"}), ":.sales:a");
  EXPECT_EQ(to_string(Subject{".", "a"}), "a");
  for (const char* text : {"ctx", ".ctx", ":.ctx:"}) EXPECT_EQ(*parse_context(text), ".ctx") << text;
  EXPECT_EQ(parse_context("a b").error().code, "registry.42208");
  for (const std::string& wrong :
       {std::string("__GLOBAL"), std::string("__EMPTY"), std::string(256, 'x'), std::string("a\tb")})
    EXPECT_EQ(parse_subject(wrong).error().code, "registry.42208") << wrong;
  EXPECT_EQ(domain_of(".sales"), "sales");
  EXPECT_EQ(domain_of("."), "");
  EXPECT_EQ(domain_of(kGlobalContext), "");
}

TEST(Names, PrefixesGoOverOneContextOrAll) {
  EXPECT_TRUE(parse_prefix(":*:a", ".").covers({".sales", "ab"}));
  EXPECT_FALSE(parse_prefix(":*:a", ".").covers({".sales", "b"}));
  EXPECT_TRUE(parse_prefix("", ".sales").covers({".sales", "b"}));
  EXPECT_FALSE(parse_prefix("", ".").covers({".sales", "b"}));
  EXPECT_TRUE(parse_prefix(":.sales:b", ".").covers({".sales", "b"}));
}

Config config(std::string_view text) { return json::parse(text)->object(); }

TEST(SettingsOf, TakeEachMemberFromTheNearestPlace) {
  const Config near = config(R"({"normalize":true})");
  const Config middle = config(R"({"compatibilityLevel":"FULL","normalize":false,"compatibilityGroup":"g"})");
  const Config far = config(R"({"compatibilityLevel":"NONE","compatibilityPolicy":"LENIENT"})");
  const Settings all = settings_of({&near, &middle, &far});
  EXPECT_EQ(all.level, Level::full);
  EXPECT_TRUE(all.normalizes);
  EXPECT_EQ(all.group, "g");
  EXPECT_EQ(all.policy, Policy::lenient);
  EXPECT_EQ(settings_of({}).level, Level::backward);
}

TEST(SettingsOf, AChangeKeepsWhatItDoesNotSpeakOf) {
  const Config before = config(R"({"compatibilityLevel":"FULL","normalize":true})");
  const auto put = [&](std::string_view text) { return updated(before, *json::parse(text)); };
  EXPECT_EQ(json::write(json::Value(*put(R"({"compatibility":"none"})"))),
            R"({"compatibilityLevel":"NONE","normalize":true})");
  EXPECT_EQ(json::write(json::Value(*put(R"({"normalize":null})"))), R"({"compatibilityLevel":"FULL"})");
  EXPECT_EQ(json::write(json::Value(*put(R"({"compatibility":"","zzz":1})"))), json::write(json::Value(before)));
  EXPECT_EQ(put(R"({"compatibility":"UP"})").error().code, "registry.42203");
  EXPECT_EQ(put(R"({"normalize":"yes"})").error().code, "registry.422");
  EXPECT_EQ(put("[]").error().code, "registry.422");
}

TEST(Rules, AreFilledInAndHeldToTheirKinds) {
  const auto rules = [](std::string_view text) { return checked_rules(*json::parse(text)); };
  EXPECT_EQ(
      json::write(*rules(R"({"migrationRules":[{"name":"a","type":"JSONATA"}],"domainRules":[],"enableAt":"CLIENT"})")),
      R"({"migrationRules":[{"name":"a","kind":"TRANSFORM","mode":"UPDOWN","type":"JSONATA","disabled":false}],"enableAt":"CLIENT"})");
  EXPECT_TRUE(rules(R"({"domainRules":[]})")->is_null());
  for (const char* wrong :
       {R"([])", R"({"domainRules":1})", R"({"domainRules":[{"type":"CEL"}]})", R"({"domainRules":[{"name":"a"}]})",
        R"({"domainRules":[{"name":"a","type":"CEL","mode":"UPGRADE"}]})",
        R"({"migrationRules":[{"name":"a","type":"CEL","mode":"READ"}]})",
        R"({"domainRules":[{"name":"a","type":"CEL","kind":"MAYBE"}]})",
        R"({"domainRules":[{"name":"a","type":"CEL"},{"name":"a","type":"CEL"}]})"})
    EXPECT_EQ(rules(wrong).error().code, "registry.42210") << wrong;
}

TEST(Metadata, IsSortedAndTheUpperOneWins) {
  const auto metadata = [](std::string_view text) { return *checked_metadata(*json::parse(text)); };
  const json::Value one = metadata(R"({"properties":{"b":"1","a":"2"},"sensitive":["z","y","z"],"tags":{}})");
  EXPECT_EQ(json::write(one), R"({"properties":{"a":"2","b":"1"},"sensitive":["y","z"]})");
  EXPECT_EQ(json::write(merged_metadata(one, metadata(R"({"properties":{"a":"3"}})"))),
            R"({"properties":{"a":"3","b":"1"},"sensitive":["y","z"]})");
  EXPECT_EQ(checked_metadata(*json::parse(R"({"properties":{"a":1}})")).error().code, "registry.422");
}

Version version(int number, int id, std::string text) {
  const SchemaText schema{.language = Language::avro, .text = std::move(text), .references = {}};
  return {.number = number,
          .id = id,
          .guid = guid_of(schema, {}, {}),
          .schema = std::make_shared<const SchemaText>(schema),
          .metadata = {},
          .rules = {},
          .is_deleted = false,
          .time_ms = 0};
}

TEST(StateOf, AnIdGoesWithItsLastVersionAndAContextWithItsLastSubject) {
  State state;
  const Subject a{".x", "a"}, b{".x", "b"};
  state.add(a, version(1, 7, "\"int\""));
  state.add(b, version(1, 7, "\"int\""));
  EXPECT_EQ(state.schema(".x", 7), state.version(a, 1)->schema);
  EXPECT_EQ(state.version(a, 1)->schema, state.version(b, 1)->schema);  // One text in memory.
  state.set_deleted(a, 1);
  EXPECT_EQ(state.latest(a), nullptr);
  EXPECT_TRUE(state.has(a, Deleted::only));
  state.remove(a, 1);
  EXPECT_NE(state.schema(".x", 7), nullptr);
  EXPECT_THAT(state.contexts(), ElementsAre(".", ".x"));
  state.remove(b, 1);
  EXPECT_EQ(state.schema(".x", 7), nullptr);
  EXPECT_THAT(state.contexts(), ElementsAre("."));
}

TEST(Errors, HaveTheStatusThatTheirCodeBeginsWith) {
  for (const Code code :
       {Code::incompatible, Code::subject_not_found, Code::invalid_schema, Code::malformed, Code::store}) {
    const auto refusal = refuse(code, "x");
    const Response answer = registry_problem(refusal.error(), Request{});
    const auto body = *json::parse(std::get<std::string>(answer.body));
    EXPECT_EQ(body["error_code"].integer(), static_cast<int>(code));
    EXPECT_TRUE(std::to_string(static_cast<int>(code)).starts_with(std::to_string(answer.status)));
  }
}

}  // namespace
}  // namespace weft::registry
