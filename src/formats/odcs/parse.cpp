#include <set>

#include "base/format.h"
#include "base/pattern.h"
#include "base/text.h"
#include "formats/odcs/keys.h"
#include "formats/odcs/odcs.h"
#include "formats/odcs/types.h"

namespace weft::odcs {
namespace {

constexpr int kDepthMax = 16;
constexpr std::string_view kLogicalTypes[] = {"string", "date",  "timestamp", "time", "number", "integer",
                                              "object", "array", "boolean",   "map",  "vector"};
bool is_logical_type(std::string_view name) {
  return std::find(std::begin(kLogicalTypes), std::end(kLogicalTypes), name) != std::end(kLogicalTypes);
}
constexpr std::string_view kOperators[] = {
    "mustBe",         "mustNotBe",           "mustBeGreaterThan", "mustBeGreaterOrEqualTo",
    "mustBeLessThan", "mustBeLessOrEqualTo", "mustBeBetween",     "mustNotBeBetween"};
constexpr std::string_view kMetrics[] = {"nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount"};

const std::vector<Key>& root_keys() {
  static const std::vector<Key> kKeys = {{"version", Kind::text, true},
                                         {"apiVersion", Kind::text, true},
                                         {"kind", Kind::text, true},
                                         {"id", Kind::text, true},
                                         {"status", Kind::text, true},
                                         {"name", Kind::text},
                                         {"tenant", Kind::text},
                                         {"tags", Kind::array},
                                         {"domain", Kind::text},
                                         {"dataProduct", Kind::text},
                                         {"description", Kind::object},
                                         {"servers", Kind::array},
                                         {"schema", Kind::array},
                                         {"support", Kind::array},
                                         {"price", Kind::object},
                                         {"team"},
                                         {"roles", Kind::array},
                                         {"slaDefaultElement", Kind::text},
                                         {"slaProperties", Kind::array},
                                         {"authoritativeDefinitions", Kind::array},
                                         {"customProperties", Kind::array},
                                         {"contractCreatedTs", Kind::text},
                                         {"context"}};
  return kKeys;
}

const std::vector<Key>& object_keys() {
  static const std::vector<Key> kKeys = {{"id", Kind::text},
                                         {"name", Kind::text, true},
                                         {"physicalName", Kind::text},
                                         {"physicalType", Kind::text},
                                         {"logicalType", Kind::text},
                                         {"description", Kind::text},
                                         {"businessName", Kind::text},
                                         {"tags", Kind::array},
                                         {"authoritativeDefinitions", Kind::array},
                                         {"customProperties", Kind::array},
                                         {"dataGranularityDescription", Kind::text},
                                         {"properties", Kind::array},
                                         {"relationships", Kind::array},
                                         {"quality", Kind::array},
                                         {"deprecated"},
                                         {"synonyms", Kind::array},
                                         {"context"}};
  return kKeys;
}

std::vector<Key> property_keys(bool is_named) {
  return {{"id", Kind::text},
          {"name", Kind::text, is_named},
          {"physicalName", Kind::text},
          {"physicalType", Kind::text},
          {"logicalType", Kind::text},
          {"logicalTypeOptions", Kind::object},
          {"description", Kind::text},
          {"businessName", Kind::text},
          {"tags", Kind::array},
          {"primaryKey", Kind::boolean},
          {"primaryKeyPosition", Kind::integer},
          {"required", Kind::boolean},
          {"unique", Kind::boolean},
          {"partitioned", Kind::boolean},
          {"partitionKeyPosition", Kind::integer},
          {"classification", Kind::text},
          {"encryptedName", Kind::text},
          {"transformSourceObjects", Kind::array},
          {"transformLogic", Kind::text},
          {"transformDescription", Kind::text},
          {"examples", Kind::array},
          {"criticalDataElement", Kind::boolean},
          {"relationships", Kind::array},
          {"quality", Kind::array},
          {"authoritativeDefinitions", Kind::array},
          {"customProperties", Kind::array},
          {"properties", Kind::array},
          {"items", Kind::object},
          {"enum", Kind::array},
          {"semanticType", Kind::text},
          {"deprecated"},
          {"synonyms", Kind::array},
          {"context"}};
}

const std::vector<Key>& quality_keys() {
  static const std::vector<Key> kKeys = {{"id", Kind::text},
                                         {"name", Kind::text},
                                         {"description", Kind::text},
                                         {"type", Kind::text},
                                         {"dimension", Kind::text},
                                         {"method", Kind::text},
                                         {"severity", Kind::text},
                                         {"businessImpact", Kind::text},
                                         {"unit", Kind::text},
                                         {"schedule", Kind::text},
                                         {"scheduler", Kind::text},
                                         {"tags", Kind::array},
                                         {"customProperties", Kind::array},
                                         {"authoritativeDefinitions", Kind::array},
                                         {"metric", Kind::text},
                                         {"rule", Kind::text},
                                         {"arguments", Kind::object},
                                         {"query", Kind::text},
                                         {"engine", Kind::text},
                                         {"implementation"},
                                         {"mustBe"},
                                         {"mustNotBe"},
                                         {"mustBeGreaterThan", Kind::number},
                                         {"mustBeGreaterOrEqualTo", Kind::number},
                                         {"mustBeLessThan", Kind::number},
                                         {"mustBeLessOrEqualTo", Kind::number},
                                         {"mustBeBetween", Kind::array},
                                         {"mustNotBeBetween", Kind::array},
                                         {"validValues", Kind::array}};
  return kKeys;
}

std::vector<Key> option_keys(std::string_view logical_type) {
  const std::vector<Key> bounds = {{"minimum"}, {"maximum"}, {"exclusiveMinimum"}, {"exclusiveMaximum"}};
  std::vector<Key> keys;
  auto with = [&](std::vector<Key> more) {
    keys = bounds;
    keys.insert(keys.end(), more.begin(), more.end());
    return keys;
  };
  if (logical_type == "string")
    return {
        {"minLength", Kind::integer}, {"maxLength", Kind::integer}, {"pattern", Kind::text}, {"format", Kind::text}};
  if (logical_type == "date") return with({{"format", Kind::text}});
  if (logical_type == "timestamp" || logical_type == "time")
    return with({{"format", Kind::text}, {"timezone", Kind::boolean}, {"defaultTimezone", Kind::text}});
  if (logical_type == "integer" || logical_type == "number")
    return with({{"multipleOf", Kind::number}, {"format", Kind::text}});
  if (logical_type == "object")
    return {{"maxProperties", Kind::integer}, {"minProperties", Kind::integer}, {"required", Kind::array}};
  if (logical_type == "array")
    return {{"maxItems", Kind::integer}, {"minItems", Kind::integer}, {"uniqueItems", Kind::boolean}};
  return {};
}

// Reads one document, collecting what is wrong as it goes.
class Reader {
 public:
  explicit Reader(std::vector<Problem>& problems) : problems_(problems) {}

  Contract contract(const json::Value& document);

 private:
  void error(std::string pointer, std::string_view code, std::string message) {
    problems_.push_back({std::move(pointer), std::string(code), std::move(message)});
  }
  SchemaObject object(const json::Value& value, const std::string& pointer);
  Property property(const json::Value& value, const std::string& pointer, int depth, bool is_named);
  void options(Property& property, const std::string& pointer);
  std::vector<Quality> quality(const json::Value& list, const std::string& pointer, bool is_on_property);
  void quality_rule(const json::Value& rule, const std::string& pointer, bool is_on_property);
  void library_rule(const json::Value& rule, const std::string& pointer, bool is_on_property);
  void keys(const SchemaObject& object);
  void custom(const json::Value& list, Contract& contract);

  std::vector<Problem>& problems_;
};

std::vector<std::string> texts_of(const json::Value& list) {
  std::vector<std::string> all;
  if (!list.is_array()) return all;
  for (const json::Value& each : list.array()) {
    if (each.is_text()) all.push_back(each.text());
  }
  return all;
}

void Reader::options(Property& property, const std::string& pointer) {
  if (property.options.empty()) return;
  const std::string at = yaml::pointer_to(pointer, "logicalTypeOptions");
  const auto allowed = option_keys(property.logical_type);
  if (property.logical_type.empty()) {
    error(at, "odcs.options", format("{}: logicalTypeOptions need a logicalType", property.name));
  } else if (!allowed.empty() || property.logical_type == "boolean") {
    check_keys(json::Value(property.options), at, format("logicalTypeOptions of {}", property.logical_type), allowed,
               problems_);
  }
  const json::Value all(property.options);
  const auto ordered = [&](const char* low, const char* high) {
    const json::Value &a = all[low], &b = all[high];
    if (a.is_number() && b.is_number() && a.number() > b.number())
      error(at, "odcs.bounds", format("{}: {} is above {}", property.name, low, high));
  };
  ordered("minLength", "maxLength");
  ordered("minimum", "maximum");
  ordered("minItems", "maxItems");
  for (const char* key : {"minLength", "maxLength", "minItems", "maxItems"}) {
    if (all[key].is_integer() && all[key].integer() < 0)
      error(yaml::pointer_to(at, key), "odcs.bounds", format("{} cannot be negative", key));
  }
  if (all["pattern"].is_text()) {
    if (const auto pattern = Pattern::compile(all["pattern"].text()); !pattern)
      error(yaml::pointer_to(at, "pattern"), pattern.error().code, pattern.error().message);
  }
}

Property Reader::property(const json::Value& value, const std::string& pointer, int depth, bool is_named) {
  Property out;
  out.pointer = pointer;
  if (!check_keys(value, pointer, "a property", property_keys(is_named), problems_)) return out;
  if (depth > kDepthMax) {
    error(pointer, "odcs.too_deep", format("properties nest deeper than {} levels", kDepthMax));
    return out;
  }
  out.id = value["id"].text_or("");
  out.name = value["name"].text_or(is_named ? "" : "element");
  out.physical_name = value["physicalName"].text_or("");
  out.logical_type = value["logicalType"].text_or("");
  out.physical_type = value["physicalType"].text_or("");
  out.description = value["description"].text_or("");
  out.classification = value["classification"].text_or("");
  out.is_required = value["required"].boolean_or(false);
  out.is_unique = value["unique"].boolean_or(false);
  out.is_primary_key = value["primaryKey"].boolean_or(false);
  out.is_partitioned = value["partitioned"].boolean_or(false);
  out.primary_key_position = static_cast<int>(value["primaryKeyPosition"].integer_or(-1));
  out.partition_position = static_cast<int>(value["partitionKeyPosition"].integer_or(-1));
  out.tags = texts_of(value["tags"]);
  if (value["logicalTypeOptions"].is_object()) out.options = value["logicalTypeOptions"].object();
  if (value["enum"].is_array()) {
    for (const json::Value& each : value["enum"].array())
      out.enumeration.push_back(each.is_object() ? each["value"] : each);
  }
  if (!out.logical_type.empty() && !is_logical_type(out.logical_type)) {
    error(yaml::pointer_to(pointer, "logicalType"), "odcs.logical_type",
          format("{} is no logicalType{}", out.logical_type,
                 text::did_you_mean(out.logical_type, {std::begin(kLogicalTypes), std::end(kLogicalTypes)})));
  }
  options(out, pointer);
  const json::Value& children = value["properties"];
  for (std::size_t i = 0; children.is_array() && i < children.array().size(); ++i) {
    out.properties.push_back(property(children.array()[i], format("{}/properties/{}", pointer, i), depth + 1, true));
  }
  if (value["items"].is_object()) out.items.push_back(property(value["items"], pointer + "/items", depth + 1, false));
  out.quality = quality(value["quality"], pointer + "/quality", true);
  return out;
}

void Reader::library_rule(const json::Value& rule, const std::string& pointer, bool is_on_property) {
  const auto metric = rule["metric"].text_or(rule["rule"].text_or(""));
  if (metric.empty()) return error(pointer, "odcs.quality", "a rule of type library needs `metric`");
  if (rule["metric"].is_null()) return;  // `rule` names of 3.0 are mapped where they are run.
  if (std::find(std::begin(kMetrics), std::end(kMetrics), metric) == std::end(kMetrics)) {
    return error(pointer + "/metric", "odcs.metric",
                 format("{} is no library metric{}", metric,
                        text::did_you_mean(metric, {std::begin(kMetrics), std::end(kMetrics)})));
  }
  if (metric == "rowCount" && is_on_property)
    error(pointer + "/metric", "odcs.metric", "rowCount belongs to the schema object, not to a property");
  const bool needs_column = metric == "nullValues" || metric == "missingValues" || metric == "invalidValues";
  if (needs_column && !is_on_property)
    error(pointer + "/metric", "odcs.metric", format("{} belongs to a property", metric));
  if (metric == "invalidValues" && !rule["arguments"]["validValues"].is_array() &&
      !rule["arguments"]["pattern"].is_text() && !rule["validValues"].is_array()) {
    error(pointer, "odcs.quality", "invalidValues needs arguments: validValues or pattern");
  }
  if (rule["arguments"]["pattern"].is_text()) {
    if (const auto pattern = Pattern::compile(rule["arguments"]["pattern"].text()); !pattern)
      error(pointer + "/arguments/pattern", pattern.error().code, pattern.error().message);
  }
}

void Reader::quality_rule(const json::Value& rule, const std::string& pointer, bool is_on_property) {
  if (!check_keys(rule, pointer, "a quality rule", quality_keys(), problems_)) return;
  const auto type = rule["type"].text_or("library");
  if (type != "library" && type != "sql" && type != "text" && type != "custom")
    return error(pointer + "/type", "odcs.quality",
                 format("{} is no type of quality rule: library, sql, text or custom", type));
  const auto severity = rule["severity"].text_or("");
  if (!severity.empty() && severity != "error" && severity != "warning" && severity != "info") {
    error(pointer + "/severity", "odcs.severity",
          format("severity is {}: this product knows error, warning and info", severity));
  }
  std::size_t operators = 0;
  for (const std::string_view each : kOperators) operators += rule.object().contains(each) ? 1 : 0;
  if ((type == "library" || type == "sql") && operators != 1) {
    error(
        pointer, "odcs.operator",
        format("a rule of type {} needs exactly one operator (mustBe, mustBeLessThan, …), it has {}", type, operators));
  }
  for (const char* key : {"mustBeBetween", "mustNotBeBetween"}) {
    const json::Value& range = rule[key];
    if (!range.is_array()) continue;
    const json::Array& ends = range.array();
    if (ends.size() != 2 || !ends[0].is_number() || !ends[1].is_number() || ends[0].number() >= ends[1].number()) {
      error(yaml::pointer_to(pointer, key), "odcs.operator", format("{} takes two numbers, the lower first", key));
    }
  }
  if (type == "sql" && !rule["query"].is_text()) error(pointer, "odcs.quality", "a rule of type sql needs `query`");
  if (type == "custom" && (!rule["engine"].is_text() || rule["implementation"].is_null()))
    error(pointer, "odcs.quality", "a rule of type custom needs `engine` and `implementation`");
  if (type == "library") library_rule(rule, pointer, is_on_property);
}

std::vector<Quality> Reader::quality(const json::Value& list, const std::string& pointer, bool is_on_property) {
  std::vector<Quality> all;
  for (std::size_t i = 0; list.is_array() && i < list.array().size(); ++i) {
    const std::string at = format("{}/{}", pointer, i);
    quality_rule(list.array()[i], at, is_on_property);
    if (list.array()[i].is_object()) all.push_back({list.array()[i].object(), at});
  }
  return all;
}

// Key positions are unique and from 1; names differ, also without regard to case.
void Reader::keys(const SchemaObject& object) {
  std::set<int> primary, partition;
  std::map<std::string, std::string> names;
  for (const Property& property : object.properties) {
    if (property.is_primary_key && property.primary_key_position != -1 &&
        (property.primary_key_position < 1 || !primary.insert(property.primary_key_position).second)) {
      error(property.pointer, "odcs.key_position",
            format("{}: primaryKeyPosition {} is taken or below 1", property.name, property.primary_key_position));
    }
    if (property.is_partitioned && property.partition_position != -1 &&
        (property.partition_position < 1 || !partition.insert(property.partition_position).second)) {
      error(property.pointer, "odcs.key_position",
            format("{}: partitionKeyPosition {} is taken or below 1", property.name, property.partition_position));
    }
    const auto [known, is_new] = names.emplace(text::lower(property.name), property.name);
    if (!is_new)
      error(property.pointer, "odcs.same_name",
            format("{} and {} in {} cannot stand in one table: they differ only in case, or not at all", known->second,
                   property.name, object.name));
    const bool is_known_type = property.logical_type.empty() || is_logical_type(property.logical_type);
    if (const auto type = column_type(property); !type && is_known_type && !property.name.empty())
      error(property.pointer, type.error().code, type.error().message);
  }
}

SchemaObject Reader::object(const json::Value& value, const std::string& pointer) {
  SchemaObject out;
  out.pointer = pointer;
  if (!check_keys(value, pointer, "a schema object", object_keys(), problems_)) return out;
  out.id = value["id"].text_or("");
  out.name = value["name"].text_or("");
  out.physical_name = value["physicalName"].text_or("");
  out.description = value["description"].text_or("");
  if (const auto type = value["logicalType"].text_or("object"); type != "object")
    error(pointer + "/logicalType", "odcs.logical_type",
          format("a schema object has the logicalType object, not {}", type));
  const json::Value& properties = value["properties"];
  for (std::size_t i = 0; properties.is_array() && i < properties.array().size(); ++i) {
    out.properties.push_back(property(properties.array()[i], format("{}/properties/{}", pointer, i), 0, true));
  }
  out.quality = quality(value["quality"], pointer + "/quality", false);
  keys(out);
  return out;
}

void Reader::custom(const json::Value& list, Contract& contract) {
  for (std::size_t i = 0; list.is_array() && i < list.array().size(); ++i) {
    const json::Value& each = list.array()[i];
    const std::string at = format("/customProperties/{}", i);
    if (!check_keys(each, at, "a custom property",
                    {{"id", Kind::text},
                     {"property", Kind::text, true},
                     {"value", Kind::any, true},
                     {"description", Kind::text},
                     {"vendor", Kind::text}},
                    problems_))
      continue;
    contract.custom[std::string(each["property"].text_or(""))] = each["value"];
  }
}

Contract Reader::contract(const json::Value& document) {
  Contract out;
  out.document = document;
  if (!check_keys(document, "", "a data contract", root_keys(), problems_)) return out;
  out.api_version = document["apiVersion"].text_or("");
  out.id = document["id"].text_or("");
  out.name = document["name"].text_or("");
  out.version = document["version"].text_or("");
  out.status = document["status"].text_or("");
  out.domain = document["domain"].text_or("");
  out.purpose = document["description"]["purpose"].text_or("");
  if (!out.api_version.empty() &&
      std::find(known_versions().begin(), known_versions().end(), out.api_version) == known_versions().end()) {
    error("/apiVersion", "odcs.version",
          format("{} is no version of the contract standard that is read here{}", out.api_version,
                 text::did_you_mean(out.api_version, known_versions())));
  }
  if (document["kind"].text_or("DataContract") != "DataContract")
    error("/kind", "odcs.kind", "kind must be DataContract");
  const json::Value& objects = document["schema"];
  std::set<std::string> names;
  for (std::size_t i = 0; objects.is_array() && i < objects.array().size(); ++i) {
    out.objects.push_back(object(objects.array()[i], format("/schema/{}", i)));
    if (!out.objects.back().name.empty() && !names.insert(out.objects.back().name).second)
      error(format("/schema/{}", i), "odcs.same_name",
            format("the schema object {} stands twice", out.objects.back().name));
  }
  const json::Value& sla = document["slaProperties"];
  for (std::size_t i = 0; sla.is_array() && i < sla.array().size(); ++i) {
    check_keys(sla.array()[i], format("/slaProperties/{}", i), "a service level",
               {{"id", Kind::text},
                {"property", Kind::text, true},
                {"value", Kind::any, true},
                {"valueExt"},
                {"unit", Kind::text},
                {"element", Kind::text},
                {"driver", Kind::text},
                {"description", Kind::text},
                {"scheduler", Kind::text},
                {"schedule", Kind::text},
                {"authoritativeDefinitions", Kind::array},
                {"customProperties", Kind::array}},
               problems_);
  }
  custom(document["customProperties"], out);
  return out;
}

}  // namespace

const std::vector<std::string>& known_versions() {
  static const std::vector<std::string> kVersions = {"v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0", "v3.2.0"};
  return kVersions;
}

Parsed parse(const json::Value& document) {
  Parsed parsed;
  Reader reader(parsed.problems);
  Contract contract = reader.contract(document);
  if (parsed.problems.empty()) parsed.contract = std::move(contract);
  return parsed;
}

}  // namespace weft::odcs
