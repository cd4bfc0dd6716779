#include "formats/odcs/keys.h"

#include "base/format.h"
#include "base/text.h"

namespace weft::odcs {
namespace {

bool is(const json::Value& value, Kind kind) {
  switch (kind) {
    case Kind::text:
      return value.is_text();
    case Kind::boolean:
      return value.is_boolean();
    case Kind::integer:
      return value.is_integer();
    case Kind::number:
      return value.is_number();
    case Kind::array:
      return value.is_array();
    case Kind::object:
      return value.is_object();
    case Kind::any:
      return true;
  }
  return false;
}

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::text:
      return "a text";
    case Kind::boolean:
      return "true or false";
    case Kind::integer:
      return "a whole number";
    case Kind::number:
      return "a number";
    case Kind::array:
      return "a list";
    case Kind::object:
      return "a mapping";
    case Kind::any:
      return "anything";
  }
  return "anything";
}

}  // namespace

bool check_keys(const json::Value& value, const std::string& pointer, std::string_view what,
                const std::vector<Key>& keys, std::vector<Problem>& problems) {
  if (!value.is_object()) {
    problems.push_back({pointer, "document.kind", format("{} must be a mapping", what)});
    return false;
  }
  std::vector<std::string> names;
  for (const Key& key : keys) names.emplace_back(key.name);
  for (const auto& [name, member] : value.object()) {
    const auto known = std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.name == name; });
    if (known == keys.end()) {
      problems.push_back({yaml::pointer_to(pointer, name), "document.unknown_key",
                          format("{} has no key {}{}", what, name, text::did_you_mean(name, names))});
    } else if (!is(member, known->kind)) {
      problems.push_back(
          {yaml::pointer_to(pointer, name), "document.kind", format("{} must be {}", name, name_of(known->kind))});
    }
  }
  for (const Key& key : keys) {
    if (key.is_required && !value.object().contains(key.name)) {
      problems.push_back({pointer, "document.missing_key", format("{} needs {}", what, key.name)});
    }
  }
  return true;
}

}  // namespace weft::odcs
