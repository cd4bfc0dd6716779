#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json_value.h"
#include "base/result.h"
#include "formats/odcs/odcs.h"
#include "formats/odps/odps.h"

// The mesh as a value: all that is declared, immutable, with a revision. Readers hold a shared_ptr and never lock.
namespace weft::mesh {

enum class Stage { raw, staging, product, deprecated, archived };
std::string_view to_string(Stage stage);

enum class PortType { table, view, stream, external };
std::string_view to_string(PortType type);

// domain.product.port, each a name.
struct PortName {
  std::string domain, product, port;
  friend auto operator<=>(const PortName&, const PortName&) = default;
};
std::string to_string(const PortName& name);
struct ProductName {
  std::string domain, product;
  friend auto operator<=>(const ProductName&, const ProductName&) = default;
};
std::string to_string(const ProductName& name);

// Where a thing was declared.
struct Origin {
  std::string source;  // "git:<source>" or "api".
  std::string file;
  int line = 0;
};

struct Team {
  std::string name;
  std::string description;
  std::vector<std::string> members;
  Origin origin;
};

struct Domain {
  std::string name;
  std::string owner;    // Team.
  std::string on_call;  // Team.
  std::string description;
  std::string cost_centre;
  // Role → principals and teams: "owner", "steward", "member", "reader". The owner team holds "owner".
  std::map<std::string, std::vector<std::string>> roles;
  Origin origin;
};

// Lets somebody use something: role "reader" reads, "member" publishes, "steward" manages, "owner" all.
struct Grant {
  std::string to;  // A domain, a team, or a principal's name.
  std::string on;  // "domain", "domain.product" or "domain.product.port".
  std::string role;
  std::string purpose;  // Empty: any.
  std::optional<Time> expires;
  Origin origin;
};

struct Pipeline {
  std::string name;
  std::string domain;  // Of its output.
  PortName output;
  std::string sql;
  std::string mode;  // "overwrite" (default), "append", "upsert".
  std::string description;
  Origin origin;
};

// A column of a port, as the contract and the type table give it.
struct Column {
  std::string id;  // ODCS id, or empty.
  std::string name;
  std::string physical_name;  // What files may call it too; empty: only `name`.
  json::Value type;           // Iceberg JSON type.
  bool is_required = false;
  bool is_unique = false;
  int primary_key_position = 0;  // From 1; 0: none.
  int partition_position = 0;    // From 1; 0: none.
  std::string description;
  std::string classification;
  std::vector<std::string> tags;
};

struct Contract {
  odcs::Contract document;
  std::string raw;  // Byte for byte.
  Origin origin;
};

struct Port {
  PortName name;
  PortType type = PortType::table;
  std::string version;      // The contract's version that it serves.
  std::string contract_id;  // May be empty.
  std::string object;       // The contract's schema object that it serves, "" when it has none.
  std::string view_sql;
  std::vector<Column> columns;  // Empty without a contract.
  std::vector<std::string> sort_columns;
  // The schema registry's subjects that the port owns, with their context: ":.sales:orders.orders-value".
  std::vector<std::string> subjects;
  std::string schema_source = "git";  // Or "registry": producers register by themselves.
};

struct InputPort {
  std::string name;
  std::string version;
  std::string contract_id;
  std::optional<PortName> source;  // The output port that serves this contract, when the mesh has one.
};

struct Product {
  ProductName name;
  std::string id;
  std::string description;
  std::string version;
  Stage requested = Stage::raw;
  std::vector<InputPort> inputs;
  std::vector<Port> ports;  // Output ports in declared order.
  // customProperties of ours.
  std::optional<double> dead_letter_max_share;  // Set: bad rows become dead letters up to this share.
  std::string publish_mode;                     // "", "append", "overwrite", "upsert".
  std::vector<std::string> tags;
  odps::Product document;
  std::string raw;
  Origin origin;
};

struct MeshState {
  std::int64_t revision = 0;
  std::map<std::string, Team, std::less<>> teams;
  std::map<std::string, Domain, std::less<>> domains;
  std::map<std::string, Contract, std::less<>> contracts;  // By id.
  std::map<ProductName, Product> products;
  std::map<std::string, Pipeline, std::less<>> pipelines;  // By name.
  std::vector<Grant> grants;

  // Look-ups for decisions in microseconds; index() fills them once the lists above are whole.
  std::map<std::string, std::vector<std::size_t>, std::less<>> grants_on;  // Grant.on → indexes into grants.
  std::map<std::string, std::vector<std::pair<std::string, std::string>>, std::less<>>
      roles_of;  // Holder → (domain, role).
  void index();

  const Domain* domain(std::string_view name) const;
  const Product* product(const ProductName& name) const;
  const Port* port(const PortName& name) const;
  const Contract* contract(std::string_view id) const;
  const odcs::SchemaObject* object_of(const Port& port) const;  // The contract's schema object behind a port.

  // DESIGN §2, Names: "domain.product.port", "domain.product" (the port named like the product, else the first
  // declared), and two-level "domain"."product__port". not_found "product.unknown" / "port.unknown" with «did you
  // mean».
  Result<const Port*> resolve(const std::vector<std::string>& parts) const;
  Result<const Port*> resolve(std::string_view dotted) const;
};

using MeshPointer = std::shared_ptr<const MeshState>;

}  // namespace weft::mesh
