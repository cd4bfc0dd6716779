#include <algorithm>
#include <iterator>

#include "base/check.h"
#include "formats/json_schema/comparison.h"

namespace weft::json_schema {

namespace {

// The names are those that the clients of a schema registry know; the last six are ours.
constexpr std::pair<std::string_view, std::string_view> kWords[] = {
    {"TYPE_CHANGED", "the type at '$path' is another in the $reader schema than in the $writer schema"},
    {"TYPE_NARROWED", "the $reader schema allows fewer types at '$path' than the $writer schema"},
    {"COMBINED_TYPE_CHANGED", "the $reader schema combines schemas at '$path' in another way than the $writer schema"},
    {"COMBINED_TYPE_SUBSCHEMAS_CHANGED",
     "not every schema that the $writer schema combines at '$path' has its own in the $reader schema"},
    {"PRODUCT_TYPE_EXTENDED", "the $reader schema demands more schemas at '$path' than the $writer schema"},
    {"SUM_TYPE_NARROWED", "the $reader schema offers fewer alternatives at '$path' than the $writer schema"},
    {"NOT_TYPE_EXTENDED", "the $reader schema forbids more at '$path' than the $writer schema"},
    {"ENUM_ARRAY_NARROWED", "the $reader schema lists fewer values at '$path' than the $writer schema allows"},
    {"ENUM_ARRAY_CHANGED", "the $reader schema lists other values at '$path' than the $writer schema"},
    {"MAX_LENGTH_ADDED", "the $reader schema has a longest length at '$path', the $writer schema has none"},
    {"MAX_LENGTH_DECREASED", "the longest length at '$path' is less in the $reader schema than in the $writer schema"},
    {"MIN_LENGTH_ADDED", "the $reader schema has a shortest length at '$path', the $writer schema has none"},
    {"MIN_LENGTH_INCREASED", "the shortest length at '$path' is more in the $reader schema than in the $writer schema"},
    {"PATTERN_ADDED", "the $reader schema has a pattern at '$path', the $writer schema has none"},
    {"PATTERN_CHANGED", "the pattern at '$path' is another in the $reader schema than in the $writer schema"},
    {"MAXIMUM_ADDED", "the $reader schema has a maximum at '$path', the $writer schema has none"},
    {"MAXIMUM_DECREASED", "the maximum at '$path' is less in the $reader schema than in the $writer schema"},
    {"MINIMUM_ADDED", "the $reader schema has a minimum at '$path', the $writer schema has none"},
    {"MINIMUM_INCREASED", "the minimum at '$path' is more in the $reader schema than in the $writer schema"},
    {"MAXIMUM_EXCLUSIVE_ADDED", "the $reader schema has an exclusive maximum at '$path', the $writer schema has none"},
    {"MAXIMUM_EXCLUSIVE_DECREASED",
     "the exclusive maximum at '$path' is less in the $reader schema than in the $writer schema"},
    {"MINIMUM_EXCLUSIVE_ADDED", "the $reader schema has an exclusive minimum at '$path', the $writer schema has none"},
    {"MINIMUM_EXCLUSIVE_INCREASED",
     "the exclusive minimum at '$path' is more in the $reader schema than in the $writer schema"},
    {"MULTIPLE_OF_ADDED", "the $reader schema has a multipleOf at '$path', the $writer schema has none"},
    {"MULTIPLE_OF_EXPANDED", "the multipleOf at '$path' in the $reader schema is a multiple of the $writer schema's"},
    {"MULTIPLE_OF_CHANGED", "the multipleOf at '$path' is another in the $reader schema than in the $writer schema"},
    {"REQUIRED_ATTRIBUTE_ADDED", "the $reader schema requires a property at '$path' that the $writer schema does not"},
    {"MAX_PROPERTIES_ADDED", "the $reader schema limits the properties at '$path', the $writer schema does not"},
    {"MAX_PROPERTIES_DECREASED", "the $reader schema allows fewer properties at '$path' than the $writer schema"},
    {"MIN_PROPERTIES_ADDED", "the $reader schema wants some properties at '$path', the $writer schema wants none"},
    {"MIN_PROPERTIES_INCREASED", "the $reader schema wants more properties at '$path' than the $writer schema"},
    {"ADDITIONAL_PROPERTIES_REMOVED",
     "the $reader schema allows no additional properties at '$path', the $writer schema does"},
    {"ADDITIONAL_PROPERTIES_NARROWED",
     "the $reader schema allows less of additional properties at '$path' than the $writer schema"},
    {"DEPENDENCY_ARRAY_ADDED", "the $reader schema has a dependency at '$path', the $writer schema has none"},
    {"DEPENDENCY_ARRAY_EXTENDED",
     "the dependency at '$path' names more in the $reader schema than in the $writer schema"},
    {"DEPENDENCY_ARRAY_CHANGED",
     "the dependency at '$path' is another in the $reader schema than in the $writer schema"},
    {"DEPENDENCY_SCHEMA_ADDED", "the $reader schema has a dependent schema at '$path', the $writer schema has none"},
    {"PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
     "the $reader schema has a property at '$path', where the open $writer schema allows anything"},
    {"PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL",
     "the closed $reader schema lacks the property at '$path' that the $writer schema has"},
    {"PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
     "the $reader schema lacks the property at '$path', and what it allows instead is not all of the $writer "
     "schema's"},
    {"PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
     "the $reader schema has a property at '$path' that does not allow all the $writer schema allowed there"},
    {"REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL",
     "the $reader schema requires the property at '$path', which the $writer schema does not name"},
    {"MAX_ITEMS_ADDED", "the $reader schema limits the items at '$path', the $writer schema does not"},
    {"MAX_ITEMS_DECREASED", "the $reader schema allows fewer items at '$path' than the $writer schema"},
    {"MIN_ITEMS_ADDED", "the $reader schema wants some items at '$path', the $writer schema wants none"},
    {"MIN_ITEMS_INCREASED", "the $reader schema wants more items at '$path' than the $writer schema"},
    {"UNIQUE_ITEMS_ADDED", "the $reader schema wants unique items at '$path', the $writer schema does not"},
    {"ADDITIONAL_ITEMS_REMOVED", "the $reader schema allows no additional items at '$path', the $writer schema does"},
    {"ADDITIONAL_ITEMS_NARROWED",
     "the $reader schema allows less of additional items at '$path' than the $writer schema"},
    {"ITEM_ADDED_TO_OPEN_CONTENT_MODEL",
     "the $reader schema has an item at '$path', where the open $writer schema allows anything"},
    {"ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL",
     "the closed $reader schema lacks the item at '$path' that the $writer schema has"},
    {"ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
     "the $reader schema lacks the item at '$path', and what it allows instead is not all of the $writer schema's"},
    {"ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
     "the $reader schema has an item at '$path' that does not allow all the $writer schema allowed there"},
    {"SCHEMA_ADDED", "the $reader schema has a schema at '$path', the $writer schema has none"},
    {"CONTAINS_ADDED", "the $reader schema wants certain items at '$path', the $writer schema does not"},
    {"CONTAINS_CHANGED", "the $reader schema wants other items at '$path' than the $writer schema"},
    {"PROPERTY_NAMES_ADDED", "the $reader schema limits the names at '$path', the $writer schema does not"},
    {"CONDITION_ADDED", "the $reader schema has a condition at '$path' that the $writer schema need not meet"},
    {"CONDITION_CHANGED", "the condition at '$path' is another in the $reader schema than in the $writer schema"},
    {"COMPARISON_LIMIT_REACHED", "the $reader and the $writer schema are too large to compare"},
};

}  // namespace

std::string_view words_of(std::string_view difference) {
  const auto* found =
      std::find_if(std::begin(kWords), std::end(kWords), [&](const auto& each) { return each.first == difference; });
  CHECK(found != std::end(kWords));
  return found->second;
}

}  // namespace weft::json_schema
