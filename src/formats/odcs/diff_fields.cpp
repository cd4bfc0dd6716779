#include <algorithm>
#include <map>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "formats/odcs/diff_parts.h"
#include "formats/odcs/types.h"

namespace weft::odcs {
namespace {

const Property* named(const std::vector<Property>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Property& each) { return each.name == name; });
  return found == all.end() ? nullptr : &*found;
}

const Property* with_id(const std::vector<Property>& all, const std::string& id) {
  if (id.empty()) return nullptr;
  const auto found = std::find_if(all.begin(), all.end(), [&](const Property& each) { return each.id == id; });
  return found == all.end() ? nullptr : &*found;
}

json::Value type_text(const Property& property) {
  return property.physical_type.empty() ? json::Value(property.logical_type) : json::Value(property.physical_type);
}

void diff_type(Differ& out, const std::string& where, const Property& before, const Property& after) {
  const bool is_nested =
      !before.properties.empty() || !after.properties.empty() || !before.items.empty() || !after.items.empty();
  const bool is_same_text = before.logical_type == after.logical_type && before.physical_type == after.physical_type;
  // Of nested types the parts are compared, each for itself.
  if (is_nested && before.logical_type == after.logical_type) return;
  const auto old = column_type(before), now = column_type(after);
  if (!old || !now) {
    if (!is_same_text) out.add("type.changed", after.pointer, where, type_text(before), type_text(after));
    return;
  }
  if (*old == *now) {
    if (!is_same_text) out.add("type.respelled", after.pointer, where, type_text(before), type_text(after));
    return;
  }
  out.add(widens(*old, *now) ? "type.widened" : "type.changed", after.pointer, where, *old, *now);
}

void diff_enumeration(Differ& out, const std::string& where, const Property& before, const Property& after) {
  if (before.enumeration.empty() && after.enumeration.empty()) return;
  if (before.enumeration.empty()) {
    out.add("options.tightened", after.pointer + "/enum", where, {}, json::Value(after.enumeration));
    return;
  }
  if (after.enumeration.empty()) {
    out.add("options.loosened", after.pointer, where, json::Value(before.enumeration), {});
    return;
  }
  const auto has = [](const json::Array& all, const json::Value& value) {
    return std::find(all.begin(), all.end(), value) != all.end();
  };
  for (const json::Value& value : before.enumeration) {
    if (!has(after.enumeration, value)) out.add("enum.removed", after.pointer + "/enum", where, value, {});
  }
  for (const json::Value& value : after.enumeration) {
    if (!has(before.enumeration, value)) out.add("enum.added", after.pointer + "/enum", where, {}, value);
  }
}

void diff_text(Differ& out, const std::string& where, const Property& before, const Property& after) {
  if (before.description != after.description)
    out.add("text.changed", after.pointer + "/description", where, before.description, after.description);
  if (before.tags != after.tags) out.add("text.changed", after.pointer + "/tags", where, {}, {});
  if (before.classification != after.classification)
    out.add("classification.changed", after.pointer + "/classification", where, before.classification,
            after.classification);
}

void diff_field(Differ& out, const std::string& where, const Property& before, const Property& after) {
  diff_type(out, where, before, after);
  if (before.is_required != after.is_required)
    out.add(after.is_required ? "required.added" : "required.removed", after.pointer + "/required", where,
            before.is_required, after.is_required);
  if (before.is_unique != after.is_unique)
    out.add(after.is_unique ? "unique.added" : "unique.removed", after.pointer + "/unique", where, before.is_unique,
            after.is_unique);
  if (before.physical_name != after.physical_name)
    out.add("field.physical_name", after.pointer + "/physicalName", where, before.physical_name, after.physical_name);
  diff_enumeration(out, where, before, after);
  diff_options(out, where, before, after);
  diff_text(out, where, before, after);
  diff_quality(out, where, before.quality, after.quality);
  diff_fields(out, where, before.properties, after.properties);
  if (before.items.size() == 1 && after.items.size() == 1)
    diff_field(out, where + "[]", before.items.front(), after.items.front());
}

void add_new_field(Differ& out, const std::string& where, const Property& field) {
  const bool is_required = field.is_required || field.is_primary_key;
  out.add(is_required ? "field.added_required" : "field.added", field.pointer, where, {}, {});
}

// The fields of a key or a partitioning in their order.
json::Array ordered(const std::vector<Property>& properties, bool Property::* is_part, int Property::* position) {
  std::vector<const Property*> parts;
  for (const Property& each : properties) {
    if (each.*is_part) parts.push_back(&each);
  }
  std::stable_sort(parts.begin(), parts.end(),
                   [&](const Property* a, const Property* b) { return a->*position < b->*position; });
  json::Array names;
  for (const Property* each : parts) names.emplace_back(each->name);
  return names;
}

}  // namespace

void diff_fields(Differ& out, const std::string& where, const std::vector<Property>& before,
                 const std::vector<Property>& after) {
  std::set<const Property*> known;
  std::vector<std::string> order_before, order_after;
  for (const Property& old : before) {
    const Property* now = named(after, old.name);
    const Property* moved = now == nullptr ? with_id(after, old.id) : nullptr;
    if (moved != nullptr && named(before, moved->name) == nullptr) {
      out.add("field.renamed", moved->pointer + "/name", where + "." + old.name, old.name, moved->name);
      now = moved;
    }
    if (now == nullptr) {
      out.add("field.removed", old.pointer, where + "." + old.name, {}, {});
      continue;
    }
    known.insert(now);
    order_before.push_back(now->name);
    diff_field(out, where + "." + now->name, old, *now);
  }
  for (const Property& now : after) {
    if (known.contains(&now))
      order_after.push_back(now.name);
    else
      add_new_field(out, where + "." + now.name, now);
  }
  if (order_before != order_after) out.add("field.order", "", where, {}, {});
}

void diff_keys(Differ& out, const SchemaObject& before, const SchemaObject& after) {
  const auto compare = [&](std::string_view code, bool Property::* is_part, int Property::* position) {
    const json::Array old = ordered(before.properties, is_part, position);
    const json::Array now = ordered(after.properties, is_part, position);
    if (old != now) out.add(code, after.pointer + "/properties", after.name, json::Value(old), json::Value(now));
  };
  compare("key.changed", &Property::is_primary_key, &Property::primary_key_position);
  compare("partitioning.changed", &Property::is_partitioned, &Property::partition_position);
}

}  // namespace weft::odcs
