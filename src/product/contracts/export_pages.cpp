#include "base/json.h"
#include "base/text.h"
#include "product/contracts/export.h"

// A contract as a page for people.
namespace weft::contracts {
namespace {

struct Row {
  std::string where, type, flags, text;
};

std::string flags_of(const odcs::Property& property) {
  std::string all;
  const auto add = [&](std::string_view flag) { all += (all.empty() ? "" : ", ") + std::string(flag); };
  if (property.is_primary_key) add("key");
  if (property.is_required) add("required");
  if (property.is_unique) add("unique");
  if (property.is_partitioned) add("partition");
  if (!property.classification.empty()) add(property.classification);
  return all;
}

void collect(const std::vector<odcs::Property>& properties, const std::string& prefix, std::vector<Row>& rows) {
  for (const odcs::Property& each : properties) {
    rows.push_back({.where = prefix + each.name,
                    .type = each.physical_type.empty() ? each.logical_type : each.physical_type,
                    .flags = flags_of(each),
                    .text = each.description});
    collect(each.properties, prefix + each.name + ".", rows);
    if (each.items.size() == 1) collect(each.items.front().properties, prefix + each.name + "[].", rows);
  }
}

std::string cell(std::string_view text) {
  std::string all;
  for (const char c : text) all += c == '|' ? std::string("\\|") : c == '\n' ? std::string(" ") : std::string(1, c);
  return all;
}

std::string rule_text(const odcs::Quality& quality) {
  const auto member = [&](std::string_view name) {
    const auto* value = quality.rule.find(name);
    return value == nullptr || !value->is_text() ? std::string() : value->text();
  };
  for (const std::string_view name : {"description", "name"}) {
    if (!member(name).empty()) return member(name);
  }
  return json::write(json::Value(quality.rule));
}

void collect_rules(const std::vector<odcs::Property>& properties, const std::string& prefix,
                   std::vector<std::string>& all) {
  for (const odcs::Property& each : properties) {
    for (const odcs::Quality& rule : each.quality) all.push_back(prefix + each.name + ": " + rule_text(rule));
    collect_rules(each.properties, prefix + each.name + ".", all);
  }
}

std::string levels_of(const odcs::Contract& contract) {
  std::string all;
  const json::Value& levels = contract.document["slaProperties"];
  if (!levels.is_array()) return all;
  for (const json::Value& each : levels.array()) {
    const json::Value& value = each["value"];
    all += format("- {}: {} {} {}\n", each["property"].text_or(""), value.is_text() ? value.text() : json::write(value),
                  each["unit"].text_or(""), each["element"].text_or(""));
  }
  return all;
}

std::string escaped(std::string_view text) {
  std::string all;
  for (const char c : text) {
    switch (c) {
      case '&':
        all += "&amp;";
        break;
      case '<':
        all += "&lt;";
        break;
      case '>':
        all += "&gt;";
        break;
      case '"':
        all += "&quot;";
        break;
      default:
        all += c;
    }
  }
  return all;
}

std::string title_of(const odcs::Contract& contract) {
  return format("{} {}", contract.name.empty() ? contract.id : contract.name, contract.version);
}

}  // namespace

Exported to_markdown(const odcs::Contract& contract) {
  Exported out;
  out.text = format("# {}\n\n", title_of(contract));
  if (!contract.purpose.empty()) out.text += contract.purpose + "\n\n";
  out.text += format("Contract `{}`, status {}, domain {}.\n", contract.id, contract.status,
                     contract.domain.empty() ? "none" : contract.domain);
  for (const odcs::SchemaObject& object : contract.objects) {
    out.text += format("\n## {}\n\n", object.name);
    if (!object.description.empty()) out.text += object.description + "\n\n";
    out.text += "| field | type | | meaning |\n| --- | --- | --- | --- |\n";
    std::vector<Row> rows;
    collect(object.properties, "", rows);
    for (const Row& row : rows)
      out.text += format("| `{}` | {} | {} | {} |\n", cell(row.where), cell(row.type), cell(row.flags), cell(row.text));
    std::vector<std::string> rules;
    for (const odcs::Quality& rule : object.quality) rules.push_back(rule_text(rule));
    collect_rules(object.properties, "", rules);
    if (!rules.empty()) out.text += "\nQuality:\n\n";
    for (const std::string& rule : rules) out.text += "- " + cell(rule) + "\n";
  }
  if (const std::string levels = levels_of(contract); !levels.empty()) out.text += "\n## Service levels\n\n" + levels;
  return out;
}

Exported to_html(const odcs::Contract& contract) {
  Exported out;
  out.text = format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title><style>body{{font:16px/1.5 "
      "sans-serif;max-width:60rem;margin:2rem auto;padding:0 "
      "1rem}}table{{border-collapse:collapse;width:100%}}td,th{{border-bottom:1px "
      "solid #ccc;padding:.3rem "
      ".6rem;text-align:left;vertical-align:top}}code{{font-size:90%}}</style></head><body>\n<h1>{0}</h1>\n",
      escaped(title_of(contract)));
  if (!contract.purpose.empty()) out.text += format("<p>{}</p>\n", escaped(contract.purpose));
  out.text += format("<p>Contract <code>{}</code>, status {}, domain {}.</p>\n", escaped(contract.id),
                     escaped(contract.status), contract.domain.empty() ? "none" : escaped(contract.domain));
  for (const odcs::SchemaObject& object : contract.objects) {
    out.text += format("<h2>{}</h2>\n<p>{}</p>\n<table><tr><th>field<th>type<th><th>meaning</tr>\n",
                       escaped(object.name), escaped(object.description));
    std::vector<Row> rows;
    collect(object.properties, "", rows);
    for (const Row& row : rows)
      out.text += format("<tr><td><code>{}</code><td>{}<td>{}<td>{}</tr>\n", escaped(row.where), escaped(row.type),
                         escaped(row.flags), escaped(row.text));
    out.text += "</table>\n";
    std::vector<std::string> rules;
    for (const odcs::Quality& rule : object.quality) rules.push_back(rule_text(rule));
    collect_rules(object.properties, "", rules);
    if (!rules.empty()) out.text += "<h3>Quality</h3>\n<ul>\n";
    for (const std::string& rule : rules) out.text += format("<li>{}</li>\n", escaped(rule));
    if (!rules.empty()) out.text += "</ul>\n";
  }
  if (const std::string levels = levels_of(contract); !levels.empty())
    out.text += format("<h2>Service levels</h2>\n<pre>{}</pre>\n", escaped(levels));
  out.text += "</body></html>\n";
  return out;
}

}  // namespace weft::contracts
