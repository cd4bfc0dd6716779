#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/evolution/evolution.h"

// Avro schemas by themselves: read, printed, fingerprinted, and held against each other (specification 1.12; where
// Java's library is stricter or looser, README.md says which one is followed).
namespace weft::avro {

struct Graph;

// A schema with all that it names. Cheap to copy; thread-safe.
class Schema {
 public:
  // invalid "avro.schema" with the place, limit "avro.too_large". Names of `imports` may be used in the text.
  static Result<Schema> parse(std::string_view text, std::span<const evolution::Import> imports = {});

  // One spelling for each schema: attributes in one order, a name spelled out where it first stands, namespaces only
  // where they change; documentation, defaults, aliases and other properties are kept. What a registry stores.
  std::string canonical() const;
  // The same with other properties sorted, too.
  std::string normalized() const;
  // canonical(), with the types of imports spelled out where they first stand: a text that needs no others.
  std::string resolved() const;
  // Specification, "Parsing Canonical Form", and its CRC-64-AVRO ("Schema Fingerprints").
  std::string parsing_canonical_form() const;
  std::uint64_t fingerprint() const;
  std::string full_name() const;  // Of a named top-level type, else "".

  const Graph& graph() const { return *graph_; }

 private:
  explicit Schema(std::shared_ptr<const Graph> graph) : graph_(std::move(graph)) {}
  std::shared_ptr<const Graph> graph_;
};

// Why a reader with one schema cannot read data of the other (specification, "Schema Resolution"); empty: it can. At
// most evolution::kDifferencesMax.
std::vector<evolution::Difference> differences(const Schema& reader, const Schema& writer, evolution::Sides sides = {});

}  // namespace weft::avro
