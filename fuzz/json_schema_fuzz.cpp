#include <cstdint>

#include "base/check.h"
#include "base/json.h"
#include "formats/json_schema/compatibility.h"

// Up to three lines: a schema, an older one, and a value. What is taken is written and taken again as the same; every
// schema can be read by itself, and what is compatible reads the value that the older one allows.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weft;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto next_line = [&rest] {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return line;
  };
  const auto reader = json_schema::SchemaText::parse(next_line());
  if (!reader) return 0;
  for (const std::string& text : {reader->canonical(), reader->normalized()}) {
    const auto again = json_schema::SchemaText::parse(text);
    CHECK(again);
    CHECK((text == reader->canonical() ? again->canonical() : again->normalized()) == text);
    for (const auto& each : json_schema::differences(*again, *reader, json_schema::Policy::strict)) {
      // What is unevaluated is compared by its words, in which a sorted set differs.
      CHECK(each.type == "COMPARISON_LIMIT_REACHED" || text.find("unevaluated") != std::string::npos);
    }
  }
  const auto writer = json_schema::SchemaText::parse(next_line());
  if (!writer) return 0;
  (void)json_schema::differences(*reader, *writer, json_schema::Policy::strict);
  (void)json_schema::differences(*writer, *reader, json_schema::Policy::lenient);
  const auto value = json::parse(rest);
  if (!value) return 0;
  for (const auto* schema : {&*reader, &*writer}) {
    const auto validator = schema->validator();
    if (validator) CHECK(validator->allows(*value) == validator->check(*value).empty());
  }
  return 0;
}
