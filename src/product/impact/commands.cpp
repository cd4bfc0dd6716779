#include "product/impact/commands.h"

#include <fstream>
#include <iterator>

#include "base/text.h"

namespace weft::impact {
namespace {

// "domain.product" is the port that is named like the product.
Result<std::string> port_path(const std::string& name) {
  const auto parts = text::split(name, '.');
  if (parts.size() < 2 || parts.size() > 3)
    return fail(ErrorKind::invalid, "product.name", "{} is no domain.product[.port]", name);
  return format("/v1/products/{}/{}/ports/{}", text::percent_encode(parts[0]), text::percent_encode(parts[1]),
                text::percent_encode(parts.back()));
}

std::string times(std::int64_t uses) { return uses == 1 ? "once" : format("{} times", uses); }

std::string one_line(std::string_view sql) {
  std::string line;
  for (const char c : sql) {
    const bool is_space = c == ' ' || c == '\n' || c == '\t';
    if (!is_space || (!line.empty() && line.back() != ' ')) line += is_space ? ' ' : c;
  }
  return line.size() > 100 ? line.substr(0, 99) + "…" : line;
}

void print(Output& out, const json::Value& impact) {
  out.text(format("{}: {}\n", impact["port"].text_or(""), impact["verdict"].text_or("")));
  for (const json::Value& reason : impact["reasons"].array()) out.text(format("  {}\n", reason.text_or("")));
  for (const json::Value& change : impact["changes"].array())
    out.text(format("{:<13} {}: {}\n", change["weight"].text_or(""), change["where"].text_or(""),
                    change["message"].text_or("")));
  for (const json::Value& each : impact["consumers"].array()) {
    const bool is_query = each["kind"].text_or("") == "query";
    const std::string who =
        is_query ? format("{} asked {}, last {}: {}", each["principal"].text_or(""), times(each["uses"].integer_or(0)),
                          each["last_use"].text_or("").substr(0, 10), one_line(each["name"].text_or("")))
                 : format("{} {} of {}", each["kind"].text_or(""), each["name"].text_or(""), each["owner"].text_or(""));
    out.text(format("{} {}\n    {}{}\n", each["breaks"].boolean_or(true) ? "✗" : "~", who,
                    each["column"].is_null() ? "" : format("column {}: ", each["column"].text_or("")),
                    each["why"].text_or("")));
  }
}

Result<int> run_impact(Invocation& call) {
  const std::string path = call.text("--proposed");
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorKind::unavailable, "contract.file", "{} cannot be read", path);
  std::string contract((std::istreambuf_iterator<char>(in)), {});
  if (!text::is_valid_utf8(contract))
    return fail(ErrorKind::invalid, "yaml.invalid_utf8", "{} is not valid UTF-8", path);
  Api* api = TRY(call.api());
  const json::Value impact =
      TRY(api->post(TRY(port_path(call.text("PORT"))) + ":impact", json::Object{{"contract", std::move(contract)}}));
  if (call.out().format() == OutputFormat::table)
    print(call.out(), impact);
  else
    call.out().object(impact);
  return impact["verdict"].text_or("").starts_with("accept") ? 0 : 1;
}

}  // namespace

std::vector<Command> commands() {
  return {
      {.name = "impact",
       .summary = "Who would be hurt by a new version of a contract",
       .description = "Every view, pipeline and recorded query that reads the port is bound again against the proposed "
                      "columns; those that\n"
                      "no longer work are listed with who asks, how often and which column it is about. Exit status 1: "
                      "refused, or a\n"
                      "new major version is needed.\n\n  weft impact sales.orders --proposed contracts/orders.yaml",
       .options =
           {{.name = "PORT", .value = "PORT", .summary = "domain.product[.port]", .otherwise = "", .is_required = true},
            {.name = "--proposed",
             .value = "FILE",
             .summary = "The contract as it would be",
             .otherwise = "",
             .is_required = true}},
       .run = run_impact}};
}

}  // namespace weft::impact
