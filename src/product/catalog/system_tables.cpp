#include "base/json.h"
#include "product/catalog/routes.h"

namespace weft::catalog {
namespace {

using Row = std::function<Result<>(json::Object)>;
using Wanted = std::vector<std::string>;

void add_products(App& app, Service& catalog) {
  app.system_table({.name = "domains",
                    .summary = "Domains.",
                    .columns = {{"domain", "string", "Its name."},
                                {"owner", "string", "The owner team."},
                                {"on_call", "string", "The team on call."},
                                {"description", "string", ""},
                                {"cost_centre", "string", ""}},
                    .rows = [&catalog](const Principal&, const Wanted&, const Row& row) -> Result<> {
                      const mesh::MeshPointer mesh = catalog.current();
                      for (const auto& [name, domain] : mesh->domains) {
                        TRY(row({{"domain", name},
                                 {"owner", domain.owner},
                                 {"on_call", domain.on_call},
                                 {"description", domain.description},
                                 {"cost_centre", domain.cost_centre}}));
                      }
                      return {};
                    }});
  app.system_table({.name = "products",
                    .summary = "Products and the stages they reached.",
                    .columns = {{"product", "string", "domain.product."},
                                {"domain", "string", ""},
                                {"name", "string", ""},
                                {"stage", "string", "Reached."},
                                {"requested_stage", "string", "Asked for by its document."},
                                {"version", "string", ""},
                                {"owner", "string", ""},
                                {"description", "string", ""},
                                {"ports", "long", ""},
                                {"inputs", "long", ""}},
                    .rows = [&catalog](const Principal&, const Wanted&, const Row& row) -> Result<> {
                      const mesh::MeshPointer mesh = catalog.current();
                      for (const auto& [name, product] : mesh->products) {
                        const mesh::Domain* domain = mesh->domain(name.domain);
                        TRY(row({{"product", to_string(name)},
                                 {"domain", name.domain},
                                 {"name", name.product},
                                 {"stage", to_string(catalog.stage(name))},
                                 {"requested_stage", to_string(product.requested)},
                                 {"version", product.version},
                                 {"owner", domain == nullptr ? "" : domain->owner},
                                 {"description", product.description},
                                 {"ports", product.ports.size()},
                                 {"inputs", product.inputs.size()}}));
                      }
                      return {};
                    }});
}

void add_ports(App& app, Service& catalog) {
  app.system_table({.name = "ports",
                    .summary = "Output ports.",
                    .columns = {{"port", "string", "domain.product.port."},
                                {"product", "string", ""},
                                {"type", "string", ""},
                                {"version", "string", ""},
                                {"contract_id", "string", ""},
                                {"columns", "long", ""}},
                    .rows = [&catalog](const Principal&, const Wanted&, const Row& row) -> Result<> {
                      const mesh::MeshPointer mesh = catalog.current();
                      for (const auto& [name, product] : mesh->products) {
                        for (const mesh::Port& port : product.ports) {
                          TRY(row({{"port", to_string(port.name)},
                                   {"product", to_string(name)},
                                   {"type", to_string(port.type)},
                                   {"version", port.version},
                                   {"contract_id", port.contract_id},
                                   {"columns", port.columns.size()}}));
                        }
                      }
                      return {};
                    }});
  app.system_table(
      {.name = "columns",
       .summary = "Columns of output ports.",
       .columns = {{"port", "string", ""},
                   {"column", "string", ""},
                   {"position", "long", "From 1."},
                   {"type", "string", "Iceberg."},
                   {"required", "boolean", ""},
                   {"is_unique", "boolean", ""},
                   {"primary_key_position", "long", "0: no part of the key."},
                   {"classification", "string", ""},
                   {"description", "string", ""}},
       .rows = [&catalog](const Principal&, const Wanted&, const Row& row) -> Result<> {
         const mesh::MeshPointer mesh = catalog.current();
         for (const auto& [name, product] : mesh->products) {
           for (const mesh::Port& port : product.ports) {
             int position = 0;
             for (const mesh::Column& column : port.columns) {
               TRY(row({{"port", to_string(port.name)},
                        {"column", column.name},
                        {"position", ++position},
                        {"type", column.type.is_text() ? column.type : json::Value(json::write(column.type))},
                        {"required", column.is_required},
                        {"is_unique", column.is_unique},
                        {"primary_key_position", column.primary_key_position},
                        {"classification", column.classification},
                        {"description", column.description}}));
             }
           }
         }
         return {};
       }});
}

}  // namespace

void add_system_tables(App& app, Service& catalog) {
  add_products(app, catalog);
  add_ports(app, catalog);
  app.system_table({.name = "contracts",
                    .summary = "Contracts.",
                    .columns = {{"contract_id", "string", ""},
                                {"version", "string", ""},
                                {"status", "string", ""},
                                {"domain", "string", ""},
                                {"name", "string", ""},
                                {"api_version", "string", "Of the standard."}},
                    .rows = [&catalog](const Principal&, const Wanted&, const Row& row) -> Result<> {
                      const mesh::MeshPointer mesh = catalog.current();
                      for (const auto& [id, contract] : mesh->contracts) {
                        TRY(row({{"contract_id", id},
                                 {"version", contract.document.version},
                                 {"status", contract.document.status},
                                 {"domain", contract.document.domain},
                                 {"name", contract.document.name},
                                 {"api_version", contract.document.api_version}}));
                      }
                      return {};
                    }});
  app.system_table({.name = "revisions",
                    .summary = "Revisions of the mesh.",
                    .columns = {{"revision", "long", ""},
                                {"time", "timestamptz", ""},
                                {"principal", "string", ""},
                                {"source", "string", ""},
                                {"request_id", "string", ""},
                                {"created", "long", "Documents."},
                                {"changed", "long", ""},
                                {"deleted", "long", ""}},
                    .rows = [&catalog](const Principal&, const Wanted&, const Row& row) -> Result<> {
                      const json::Value page = TRY(catalog.revisions({.limit = 1'000'000, .after = {}}));
                      for (const json::Value& item : page["items"].array()) TRY(row(item.object()));
                      return {};
                    }});
}

}  // namespace weft::catalog
