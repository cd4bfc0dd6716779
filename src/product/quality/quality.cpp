#include "product/quality/quality.h"

#include "base/text.h"

namespace weft::quality {
namespace {

constexpr const char* kOperators[] = {
    "mustBe",         "mustNotBe",           "mustBeGreaterThan", "mustBeGreaterOrEqualTo",
    "mustBeLessThan", "mustBeLessOrEqualTo", "mustBeBetween",     "mustNotBeBetween"};

Severity severity_of(const json::Value& rule) {
  const auto written = rule["severity"].text_or("");
  return written == "warning" ? Severity::warning : written == "info" ? Severity::info : Severity::error;
}

class Compiler {
 public:
  explicit Compiler(const odcs::SchemaObject& object) : object_(object) {}

  RuleSet run(const mesh::Port& port) {
    std::vector<std::string> key;
    for (const mesh::Column& column : port.columns) {
      if (column.is_required) add("required", column.name, {}, true);
      if (column.is_unique && column.primary_key_position == 0) unique(column.name + ".unique", {column.name});
    }
    for (int position = 1; position <= static_cast<int>(port.columns.size()); ++position) {
      for (const mesh::Column& column : port.columns) {
        if (column.primary_key_position == position) key.push_back(column.name);
      }
    }
    if (!key.empty()) unique("primary_key", key);
    for (const odcs::Property& property : object_.properties) of_property(property);
    int index = 0;
    for (const odcs::Quality& quality : object_.quality) of_quality(quality, "", ++index);
    return std::move(set_);
  }

 private:
  void add(const std::string& kind, const std::string& column, json::Object spec, bool is_by_row) {
    spec.set("severity", "error");
    set_.rules.push_back({.check = {.id = column + "." + kind,
                                    .kind = kind,
                                    .columns = {column},
                                    .spec = std::move(spec),
                                    .is_by_row = is_by_row},
                          .severity = Severity::error,
                          .description = {}});
  }

  void unique(const std::string& id, std::vector<std::string> columns) {
    set_.rules.push_back({.check = {.id = id,
                                    .kind = "unique",
                                    .columns = std::move(columns),
                                    .spec = {{"severity", "error"}},
                                    .is_by_row = true},
                          .severity = Severity::error,
                          .description = {}});
  }

  // logicalTypeOptions, each kind of them one check.
  void of_property(const odcs::Property& property) {
    const json::Value options(property.options);
    auto take = [&](std::initializer_list<const char*> keys) {
      json::Object spec;
      for (const char* key : keys) {
        if (!options[key].is_null()) spec.set(key, options[key]);
      }
      return spec;
    };
    const std::string& type = property.logical_type;
    if (type == "string") {
      if (auto spec = take({"minLength", "maxLength"}); !spec.empty())
        add("length", property.name, std::move(spec), true);
      if (auto spec = take({"pattern"}); !spec.empty()) add("pattern", property.name, std::move(spec), true);
      if (auto spec = take({"format"}); !spec.empty()) of_format(property, std::move(spec));
    } else if (type == "array") {
      if (auto spec = take({"minItems", "maxItems", "uniqueItems"}); !spec.empty())
        add("items", property.name, std::move(spec), true);
    } else if (type == "object") {
      if (!property.options.empty())
        set_.unchecked.push_back({property.name + ".options", "options of objects are not checked"});
    } else if (auto spec = take({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"});
               !spec.empty()) {
      add("bounds", property.name, std::move(spec), true);
    }
    if (!property.enumeration.empty()) {
      json::Value values = json::Array{};
      values.array() = property.enumeration;
      json::Object spec;
      spec.set("values", std::move(values));
      add("enum", property.name, std::move(spec), true);
    }
    int index = 0;
    for (const odcs::Quality& quality : property.quality) of_quality(quality, property.name, ++index);
  }

  void of_format(const odcs::Property& property, json::Object spec) {
    const auto name = json::Value(spec)["format"].text_or("");
    for (const char* known : {"email", "uuid", "uri", "hostname", "ipv4", "ipv6", "byte"}) {
      if (name == known) return add("format", property.name, std::move(spec), true);
    }
    if (name != "binary" && name != "password")
      set_.unchecked.push_back({property.name + ".format", format("the format {} is not known here", name)});
  }

  void of_quality(const odcs::Quality& quality, const std::string& column, int index) {
    const json::Value rule(quality.rule);
    const std::string type(rule["type"].text_or("library"));
    std::string id(rule["id"].text_or(rule["name"].text_or("")));
    if (id.empty()) id = format("{}{}.{}", column.empty() ? object_.name : column, ".quality", index);
    if (type == "text") return set_.unchecked.push_back({id, "a rule in words"});
    if (type == "custom")
      return set_.unchecked.push_back(
          {id, format("a rule for {}, which does not run here", rule["engine"].text_or("another engine"))});
    Rule compiled{
        .check = {.id = id, .kind = type == "sql" ? "sql" : "metric", .columns = {}, .spec = {}, .is_by_row = false},
        .severity = severity_of(rule),
        .description = std::string(rule["description"].text_or(""))};
    for (const char* op : kOperators) {
      if (!rule[op].is_null()) compiled.check.spec.set(op, rule[op]);
    }
    if (!column.empty()) compiled.check.columns = {column};
    if (type == "sql") {
      compiled.check.spec.set("query", rule["query"]);
      compiled.check.spec.set("object", object_.name);
    } else if (!of_metric(rule, compiled)) {
      return set_.unchecked.push_back(
          {id, format("the metric {} is not known here", rule["metric"].text_or(rule["rule"].text_or("")))});
    }
    compiled.check.spec.set("severity", to_string(compiled.severity));
    set_.rules.push_back(std::move(compiled));
  }

  // Names of 3.0 mean metrics of 3.1.
  static bool of_metric(const json::Value& rule, Rule& compiled) {
    std::string metric(rule["metric"].text_or(rule["rule"].text_or("")));
    if (metric == "nullCheck" || metric == "nullCount") metric = "nullValues";
    if (metric == "duplicateCount" || metric == "uniqueCheck") metric = "duplicateValues";
    if (metric == "countCheck") metric = "rowCount";
    if (metric != "rowCount" && metric != "nullValues" && metric != "missingValues" && metric != "invalidValues" &&
        metric != "duplicateValues")
      return false;
    compiled.check.spec.set("metric", metric);
    for (const char* key : {"validValues", "missingValues", "pattern"}) {
      if (!rule["arguments"][key].is_null()) compiled.check.spec.set(key, rule["arguments"][key]);
    }
    if (rule["validValues"].is_array()) compiled.check.spec.set("validValues", rule["validValues"]);
    if (rule["unit"].text_or("") == "percent") compiled.check.spec.set("unit", "percent");
    if (const json::Value& properties = rule["arguments"]["properties"]; properties.is_array()) {
      compiled.check.columns.clear();
      for (const json::Value& each : properties.array()) compiled.check.columns.emplace_back(each.text_or(""));
    }
    return metric == "rowCount" || !compiled.check.columns.empty();
  }

  const odcs::SchemaObject& object_;
  RuleSet set_;
};

}  // namespace

std::string_view to_string(Severity severity) {
  return severity == Severity::error ? "error" : severity == Severity::warning ? "warning" : "info";
}

RuleSet rules_of(const mesh::MeshState& mesh, const mesh::Port& port) {
  const odcs::SchemaObject* object = mesh.object_of(port);
  return object == nullptr ? RuleSet{} : Compiler(*object).run(port);
}

Verdict judge(const RuleSet& rules, const std::vector<engine::CheckResult>& results, BadRows bad_rows) {
  Verdict verdict{.judged = {}, .unchecked = rules.unchecked, .is_refused = false};
  for (std::size_t i = 0; i < rules.rules.size(); ++i) {
    Judged judged{
        .rule = rules.rules[i],
        .result = i < results.size()
                      ? results[i]
                      : engine::CheckResult{.id = rules.rules[i].check.id, .has_run = false, .note = "it was not run"},
        .is_passed = false};
    if (!judged.result.has_run) {
      verdict.unchecked.push_back({judged.rule.check.id, judged.result.note});
    } else {
      judged.is_passed = judged.rule.check.is_by_row ? judged.result.failures == 0
                                                     : satisfies(judged.result.value, judged.rule.check.spec);
    }
    const bool is_set_aside = judged.rule.check.is_by_row && bad_rows == BadRows::were_set_aside;
    verdict.is_refused =
        verdict.is_refused || (!judged.is_passed && !is_set_aside && judged.rule.severity == Severity::error);
    verdict.judged.push_back(std::move(judged));
  }
  return verdict;
}

bool satisfies(const json::Value& value, const json::Object& rule_object) {
  const json::Value rule(rule_object);
  const auto number = [](const json::Value& each) {
    return each.is_boolean() ? (each.boolean() ? 1.0 : 0.0) : each.is_number() ? each.number() : 0.0;
  };
  const auto equal = [&](const json::Value& wanted) {
    if (wanted.is_text() || value.is_text()) return wanted == value;
    return number(wanted) == number(value);
  };
  const double actual = number(value);
  if (rule_object.contains("mustBe")) return equal(rule["mustBe"]);
  if (rule_object.contains("mustNotBe")) return !equal(rule["mustNotBe"]);
  if (rule["mustBeGreaterThan"].is_number()) return actual > rule["mustBeGreaterThan"].number();
  if (rule["mustBeGreaterOrEqualTo"].is_number()) return actual >= rule["mustBeGreaterOrEqualTo"].number();
  if (rule["mustBeLessThan"].is_number()) return actual < rule["mustBeLessThan"].number();
  if (rule["mustBeLessOrEqualTo"].is_number()) return actual <= rule["mustBeLessOrEqualTo"].number();
  for (const bool wanted : {true, false}) {
    const json::Value& ends = rule[wanted ? "mustBeBetween" : "mustNotBeBetween"];
    if (ends.is_array() && ends.array().size() == 2)
      return (actual > ends.array()[0].number() && actual < ends.array()[1].number()) == wanted;
  }
  return false;
}

}  // namespace weft::quality
