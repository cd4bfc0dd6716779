"""Meshes of any size, a product and a contract each, a file per hundred."""
import pathlib


def many_products(folder, count):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    domains = max(1, count // 50)
    head = ["{apiVersion: weft/v1, kind: Team, name: t, members: [a@example.com]}"]
    head += [f"{{apiVersion: weft/v1, kind: Domain, name: d{number}, owner: t, onCall: t}}" for number in range(domains)]
    (folder / "domains.yaml").write_text("\n---\n".join(head) + "\n")
    for start in range(0, count, 100):
        documents = []
        for number in range(start, min(count, start + 100)):
            domain = f"d{number % domains}"
            documents.append(f"""apiVersion: v3.1.0
kind: DataContract
id: c{number}
version: 1.0.0
status: active
domain: {domain}
schema:
  - name: p{number}
    logicalType: object
    properties:
      - {{name: id, logicalType: integer, logicalTypeOptions: {{format: i64}}, required: true, primaryKey: true, primaryKeyPosition: 1}}
      - {{name: word, logicalType: string}}
      - {{name: amount, logicalType: number, physicalType: 'decimal(12,2)'}}
---
apiVersion: v1.0.0
kind: DataProduct
id: p{number}
name: p{number}
status: active
domain: {domain}
description: {{purpose: Product {number}}}
outputPorts: [{{name: p{number}, type: table, version: 1.0.0, contractId: c{number}}}]""")
        (folder / f"products-{start:05}.yaml").write_text("\n---\n".join(documents) + "\n")
    return folder
