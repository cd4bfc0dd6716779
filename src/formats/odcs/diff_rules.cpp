#include <algorithm>

#include "formats/odcs/diff.h"
#include "formats/odcs/diff_parts.h"

namespace weft::odcs {

std::string_view to_string(Weight weight) {
  switch (weight) {
    case Weight::documentation:
      return "documentation";
    case Weight::additive:
      return "additive";
    case Weight::breaking:
      return "breaking";
  }
  return "breaking";
}

const std::vector<Rule>& rules() {
  constexpr Weight kText = Weight::documentation, kMore = Weight::additive, kBreaks = Weight::breaking;
  static const std::vector<Rule> kRules = {
      {"contract.id", kBreaks, "readers and writers", "The contract's id changes: whoever refers to it finds nothing."},
      {"contract.status", kMore, "", "The contract's status changes."},
      {"contract.place", kBreaks, "readers and writers", "The contract moves to another domain, tenant or product."},
      {"contract.standard", kText, "", "The document follows another version of the standard."},
      {"object.added", kMore, "", "A schema object is new."},
      {"object.removed", kBreaks, "readers and writers", "A schema object is gone."},
      {"object.physical_name", kBreaks, "readers and writers", "A schema object lies under another physical name."},
      {"field.added", kMore, "", "A field is new and may be left out."},
      {"field.added_required", kBreaks, "writers", "A field is new and required: old writers leave it out."},
      {"field.removed", kBreaks, "readers and writers", "A field is gone."},
      {"field.renamed", kBreaks, "readers and writers", "A field keeps its id under another name."},
      {"field.physical_name", kBreaks, "readers and writers", "A field lies under another physical name."},
      {"field.order", kText, "", "Fields stand in another order; they are found by name."},
      {"type.widened", kMore, "", "A type takes all that it took, and more."},
      {"type.changed", kBreaks, "readers and writers", "A type no longer takes all that it took."},
      {"type.respelled", kText, "", "A type is written in other words and means the same."},
      {"required.added", kBreaks, "writers", "A field becomes required: old writers may leave it empty."},
      {"required.removed", kBreaks, "readers", "A field may now be empty: old readers count on it."},
      {"unique.added", kBreaks, "writers", "A field becomes unique: old writers may repeat values."},
      {"unique.removed", kBreaks, "readers", "A field is no longer unique: old readers count on it."},
      {"key.changed", kBreaks, "readers and writers", "The primary key has other fields or another order."},
      {"partitioning.changed", kBreaks, "readers", "Data is partitioned otherwise: who reads by partition is hurt."},
      {"options.tightened", kBreaks, "writers", "Values that were allowed are not any more."},
      {"options.loosened", kBreaks, "readers", "Values come that old readers never saw."},
      {"options.changed", kBreaks, "readers and writers", "An option changes in a way that has no order."},
      {"enum.added", kBreaks, "readers", "A value is new in an enumeration: old readers do not know it."},
      {"enum.removed", kBreaks, "writers", "A value is gone from an enumeration: old writers send it."},
      {"classification.changed", kBreaks, "readers", "A field's classification changes, and with it who may read it."},
      {"encryption.changed", kBreaks, "readers", "A field's encrypted counterpart changes."},
      {"unit.changed", kBreaks, "readers and writers", "A field's unit changes: the same number means something else."},
      {"quality.added", kMore, "", "A quality rule is new."},
      {"quality.tightened", kMore, "", "A quality rule asks for more."},
      {"quality.loosened", kBreaks, "readers", "A quality rule asks for less."},
      {"quality.removed", kBreaks, "readers", "A quality rule is gone."},
      {"quality.changed", kBreaks, "readers", "A quality rule asks for something else."},
      {"relationship.added", kMore, "", "A relationship is new."},
      {"relationship.removed", kBreaks, "readers", "A relationship is gone: joins by it are no longer promised."},
      {"sla.added", kMore, "", "A service level is new."},
      {"sla.raised", kMore, "", "A service level promises more."},
      {"sla.lowered", kBreaks, "readers", "A service level promises less."},
      {"sla.removed", kBreaks, "readers", "A service level is gone."},
      {"sla.changed", kBreaks, "readers", "A service level changes in a way that has no order."},
      {"server.added", kMore, "", "A server is new."},
      {"server.removed", kBreaks, "readers", "A server is gone."},
      {"server.changed", kBreaks, "readers", "A server is reached otherwise."},
      {"role.added", kMore, "", "A role is new."},
      {"role.removed", kBreaks, "readers", "A role is gone: who holds it loses access."},
      {"role.changed", kBreaks, "readers", "A role gives other access."},
      {"price.raised", kBreaks, "readers", "The price goes up, or begins."},
      {"price.lowered", kMore, "", "The price goes down, or ends."},
      {"price.changed", kBreaks, "readers", "The price is in another currency or for another unit."},
      {"terms.changed", kMore, "", "Usage or limitations are worded otherwise: those who subscribed should read them."},
      {"text.changed", kText, "", "Words about the data change: descriptions, names for people, tags, team, support."},
  };
  return kRules;
}

const Rule& rule(std::string_view code) {
  const auto found = std::find_if(rules().begin(), rules().end(), [&](const Rule& each) { return each.code == code; });
  CHECK(found != rules().end());
  return *found;
}

}  // namespace weft::odcs
