#include "formats/odcs/diff.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/format.h"
#include "base/json.h"
#include "base/text.h"
#include "formats/iceberg/schema.h"
#include "formats/odcs/diff_parts.h"

namespace weft::odcs {
namespace {

const SchemaObject* object_named(const Contract& contract, const std::string& name) {
  const auto found = std::find_if(contract.objects.begin(), contract.objects.end(),
                                  [&](const SchemaObject& each) { return each.name == name; });
  return found == contract.objects.end() ? nullptr : &*found;
}

void diff_object(Differ& out, const SchemaObject& before, const SchemaObject& after) {
  if (before.physical_name != after.physical_name)
    out.add("object.physical_name", after.pointer + "/physicalName", after.name, before.physical_name,
            after.physical_name);
  diff_fields(out, after.name, before.properties, after.properties);
  diff_keys(out, before, after);
  diff_quality(out, after.name, before.quality, after.quality);
}

void diff_root(Differ& out, const Contract& before, const Contract& after) {
  const auto compare = [&](std::string_view code, std::string_view member) {
    const json::Value &old = before.document[member], &now = after.document[member];
    if (!(old == now)) out.add(code, "/" + std::string(member), std::string(member), old, now);
  };
  compare("contract.id", "id");
  compare("contract.standard", "apiVersion");
  compare("contract.status", "status");
  for (const std::string_view member : {"domain", "tenant", "dataProduct"}) compare("contract.place", member);
}

// Major, minor, patch; nothing for what is no semantic version. What follows `-` or `+` does not count here.
std::optional<std::array<std::int64_t, 3>> semantic(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  text = text.substr(0, text.find_first_of("-+"));
  const auto parts = text::split(text, '.');
  if (parts.empty() || parts.size() > 3) return std::nullopt;
  std::array<std::int64_t, 3> numbers{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto number = text::parse_integer(parts[i]);
    if (!number || *number < 0) return std::nullopt;
    numbers[i] = *number;
  }
  return numbers;
}

std::string next_version(const std::array<std::int64_t, 3>& old, Weight weight) {
  const auto [major, minor, patch] = old;
  if (weight == Weight::breaking && major > 0) return format("{}.0.0", major + 1);
  if (weight == Weight::documentation) return format("{}.{}.{}", major, minor, patch + 1);
  return format("{}.{}.0", major, minor + 1);
}

}  // namespace

std::string shown(const json::Value& value) {
  if (value.is_null()) return "nothing";
  std::string text = value.is_text() ? value.text() : json::write(value);
  return text.size() > 80 ? text.substr(0, 77) + "…" : text;
}

void Differ::add(std::string_view code, std::string pointer, std::string where, json::Value before, json::Value after) {
  const Rule& found = rule(code);
  std::string message(found.meaning);
  if (!before.is_null() || !after.is_null()) {
    message.pop_back();
    message += format(" ({} → {}).", shown(before), shown(after));
  }
  changes.push_back({.rule = &found,
                     .pointer = std::move(pointer),
                     .where = std::move(where),
                     .before = std::move(before),
                     .after = std::move(after),
                     .message = std::move(message)});
}

bool widens(const json::Value& before, const json::Value& after) {
  iceberg::Schema old_schema, new_schema;
  int last = 1;
  old_schema.fields.push_back({.id = 1, .name = "c", .required = false, .type = before, .doc = {}});
  new_schema.fields.push_back({.id = 0, .name = "c", .required = false, .type = after, .doc = {}});
  return iceberg::evolve(old_schema, new_schema, {}, last).has_value();
}

std::vector<Change> diff(const Contract& before, const Contract& after) {
  Differ out;
  diff_root(out, before, after);
  for (const SchemaObject& old : before.objects) {
    if (const SchemaObject* now = object_named(after, old.name))
      diff_object(out, old, *now);
    else
      out.add("object.removed", old.pointer, old.name, {}, {});
  }
  for (const SchemaObject& now : after.objects) {
    if (object_named(before, now.name) == nullptr) out.add("object.added", now.pointer, now.name, {}, {});
  }
  diff_promises(out, before.document, after.document);
  std::stable_sort(out.changes.begin(), out.changes.end(),
                   [](const Change& a, const Change& b) { return a.rule->weight > b.rule->weight; });
  return std::move(out.changes);
}

std::string version_problem(const Contract& before, const Contract& after, const std::vector<Change>& changes) {
  if (changes.empty()) return "";
  const Weight weight = changes.front().rule->weight;
  const auto old = semantic(before.version), now = semantic(after.version);
  if (!old || !now) {
    if (before.version != after.version) return "";
    return format("the contract changes and its version stays {}", before.version);
  }
  const std::string wanted = next_version(*old, weight);
  if (*now >= *semantic(wanted)) return "";
  return format("{} changes need version {} or later after {}; the new contract says {}", to_string(weight), wanted,
                before.version, after.version);
}

}  // namespace weft::odcs
