#include "product/catalog/scaffold.h"

namespace weft::catalog {

const std::vector<std::pair<std::string_view, std::string_view>>& scaffold() {
  static const std::vector<std::pair<std::string_view, std::string_view>> kFiles = {
      {"domains.yaml",
       R"yaml(# Who owns what. A domain has an owner team and a team on call; teams list people by how they sign in.
{apiVersion: weft/v1, kind: Team, name: sales_team, members: [you@example.com]}
---
{apiVersion: weft/v1, kind: Domain, name: sales, owner: sales_team, onCall: sales_team, description: What is sold}
---
# Nobody outside the domain reads anything without a Grant. This one would let a domain `finance` read one product:
# {apiVersion: weft/v1, kind: Grant, to: finance, on: sales.orders, role: reader}
{apiVersion: weft/v1, kind: Grant, to: you@example.com, on: sales, role: member}
)yaml"},
      {"sales/orders.yaml",
       R"yaml(# The contract says what a port promises (Open Data Contract Standard, https://bitol.io).
apiVersion: v3.1.0
kind: DataContract
id: orders-contract
version: 1.0.0
status: active
domain: sales
schema:
  - name: orders
    logicalType: object
    properties:
      - {name: id, logicalType: integer, logicalTypeOptions: {format: i64}, required: true, primaryKey: true, primaryKeyPosition: 1}
      - {name: customer, logicalType: string, required: true, logicalTypeOptions: {maxLength: 100}}
      - {name: amount, logicalType: number, physicalType: 'decimal(12,2)', logicalTypeOptions: {minimum: 0}}
      - {name: order_date, logicalType: date, required: true}
    quality:
      - {metric: rowCount, mustBeGreaterThan: 0, severity: error}
---
# The product is what the domain offers (Open Data Product Standard). Its SQL name is sales.orders.
apiVersion: v1.0.0
kind: DataProduct
id: orders-product
name: orders
version: 1.0.0
status: draft          # Asks for the stage staging; `active` asks for product.
domain: sales
description: {purpose: 'Orders of the shop, one row each'}
outputPorts:
  - {name: orders, type: table, version: 1.0.0, contractId: orders-contract}
)yaml"},
      {"README.md", R"md(# A mesh

    weft validate .
    weft plan .
    weft apply .
    weft publish sales.orders orders.csv
    weft query "SELECT * FROM sales.orders"
)md"},
  };
  return kFiles;
}

}  // namespace weft::catalog
