#include "product/catalog/routes.h"

#include "base/json.h"
#include "base/text.h"

namespace weft::catalog {
namespace {

constexpr std::size_t kDocumentsBodyMax = 64 << 20;

constexpr std::string_view kProposal = R"json({
  "type": "object", "required": ["files"], "additionalProperties": false,
  "properties": {
    "source": {"type": "string", "pattern": "^(api|git:.+)$", "description": "Where the documents come from: git:<name> (default git:default) or api."},
    "files": {"type": "array", "items": {"type": "object", "required": ["path", "text"], "properties": {"path": {"type": "string"}, "text": {"type": "string"}}}},
    "prune": {"type": "boolean", "description": "Delete what this source declared before and does not any more."},
    "base_revision": {"type": ["integer", "null"], "description": "Apply only if the mesh is still at this revision."},
    "against": {"type": ["integer", "null"], "description": "Plan against this revision."}}})json";

Result<Service::Proposal> proposal_of(const json::Value& body) {
  Service::Proposal proposal;
  proposal.source = body["source"].text_or("git:default");
  if (proposal.source != "api" && !proposal.source.starts_with("git:"))
    return fail(ErrorKind::invalid, "mesh.source", "source is {}: api or git:<name>", proposal.source);
  if (!body["files"].is_array())
    return fail(ErrorKind::invalid, "mesh.files", "`files` is missing: a list of {{path, text}}");
  for (const json::Value& file : body["files"].array()) {
    if (!file["path"].is_text() || !file["text"].is_text())
      return fail(ErrorKind::invalid, "mesh.files", "each of `files` has a path and a text");
    proposal.files.push_back({file["path"].text(), file["text"].text()});
  }
  proposal.prunes = body["prune"].boolean_or(false);
  if (body["base_revision"].is_integer()) proposal.base_revision = body["base_revision"].integer();
  return proposal;
}

json::Value problems_to_json(const std::vector<Problem>& problems) {
  json::Array all;
  for (const Problem& problem : problems) all.push_back(to_json(problem));
  return json::Value(std::move(all));
}

// The mesh of `?as_of=`, or the current one.
Result<mesh::MeshPointer> mesh_of(const Service& catalog, const Request& request) {
  const auto as_of = request.query_or("as_of", "");
  if (as_of.empty()) return catalog.current();
  const auto revision = text::parse_integer(as_of);
  if (!revision) return fail(ErrorKind::invalid, "mesh.revision", "as_of={} is no revision", as_of);
  return catalog.at(*revision);
}

json::Value domain_to_json(const mesh::Domain& domain) {
  json::Object roles;
  for (const auto& [role, holders] : domain.roles) {
    json::Array list;
    for (const std::string& holder : holders) list.emplace_back(holder);
    roles.set(role, json::Value(std::move(list)));
  }
  return json::Object{{"name", domain.name},
                      {"owner", domain.owner},
                      {"on_call", domain.on_call},
                      {"description", domain.description},
                      {"cost_centre", domain.cost_centre},
                      {"roles", roles}};
}

json::Value contract_to_json(const std::string& id, const mesh::Contract& contract) {
  return json::Object{{"id", id},
                      {"version", contract.document.version},
                      {"status", contract.document.status},
                      {"domain", contract.document.domain},
                      {"name", contract.document.name},
                      {"api_version", contract.document.api_version}};
}

// Pages over an ordered map by its key.
template <class Map, class F>
json::Value page_over(const Map& map, const Page& page, F to) {
  json::Array items;
  std::optional<std::string> next;
  for (auto each = page.after.empty() ? map.begin() : map.upper_bound(page.after); each != map.end(); ++each) {
    if (items.size() == static_cast<std::size_t>(page.limit)) {
      next = std::prev(each)->first;
      break;
    }
    items.push_back(to(each->first, each->second));
  }
  return page_answer(std::move(items), next);
}

bool matches(const mesh::Product& product, std::string_view needle) {
  const std::string all =
      text::lower(to_string(product.name) + " " + product.description + " " + text::join(product.tags, " "));
  return all.find(text::lower(needle)) != std::string::npos;
}

Answer list_products(const Service& catalog, Request& request) {
  const mesh::MeshPointer mesh = TRY(mesh_of(catalog, request));
  const Page page = TRY(page_of(request));
  const auto domain = request.query_or("domain", ""), stage = request.query_or("stage", ""),
             needle = request.query_or("q", "");
  json::Array items;
  std::optional<std::string> next;
  std::string last;
  for (const auto& [name, product] : mesh->products) {
    const std::string full = to_string(name);
    if (full <= page.after) continue;
    if (!domain.empty() && name.domain != domain) continue;
    if (!stage.empty() && to_string(catalog.stage(name)) != stage) continue;
    if (!needle.empty() && !matches(product, needle)) continue;
    if (items.size() == static_cast<std::size_t>(page.limit)) {
      next = last;
      break;
    }
    last = full;
    items.push_back(json::Object{{"name", full},
                                 {"stage", to_string(catalog.stage(name))},
                                 {"requested_stage", to_string(product.requested)},
                                 {"ports", product.ports.size()},
                                 {"version", product.version},
                                 {"description", product.description}});
  }
  return Response::json(page_answer(std::move(items), next));
}

Answer search(const Service& catalog, Request& request) {
  const mesh::MeshPointer mesh = catalog.current();
  const auto needle = text::lower(request.query_or("q", ""));
  if (needle.empty()) return fail(ErrorKind::invalid, "search.empty", "say what to look for with q=");
  const Page page = TRY(page_of(request));
  json::Array items;
  auto add = [&](std::string_view kind, std::string name, std::string_view description) {
    if (items.size() < static_cast<std::size_t>(page.limit))
      items.push_back(json::Object{{"kind", kind}, {"name", std::move(name)}, {"description", description}});
  };
  for (const auto& [name, product] : mesh->products) {
    if (matches(product, needle)) add("product", to_string(name), product.description);
    for (const mesh::Port& port : product.ports) {
      for (const mesh::Column& column : port.columns) {
        if (text::lower(column.name + " " + column.description).find(needle) != std::string::npos)
          add("column", to_string(port.name) + "." + column.name, column.description);
      }
    }
  }
  for (const auto& [name, domain] : mesh->domains) {
    if (text::lower(name + " " + domain.description).find(needle) != std::string::npos)
      add("domain", name, domain.description);
  }
  return Response::json(page_answer(std::move(items), {}));
}

void add_write_routes(App& app, Service& catalog) {
  app.route({.method = "POST",
             .path = "/v1/mesh:validate",
             .access = Access::signed_in,
             .summary = "All problems of documents, by themselves and together",
             .handler = [](Request& request) -> Answer {
               const Service::Proposal proposal = TRY(proposal_of(TRY(request.json(kDocumentsBodyMax))));
               ReadFiles read = read_files(proposal.files, proposal.source);
               for (Problem& problem : build_mesh(read.documents).problems) read.problems.push_back(std::move(problem));
               sort_problems(read.problems);
               return Response::json(
                   json::Object{{"documents", read.documents.size()}, {"problems", problems_to_json(read.problems)}});
             },
             .request_schema = std::string(kProposal)});
  app.route({.method = "POST",
             .path = "/v1/mesh:plan",
             .access = Access::signed_in,
             .summary = "What applying documents would change, break and need",
             .handler = [&](Request& request) -> Answer {
               const json::Value body = TRY(request.json(kDocumentsBodyMax));
               std::optional<std::int64_t> against;
               if (body["against"].is_integer()) against = body["against"].integer();
               const Service::Planned planned = TRY(catalog.plan(TRY(proposal_of(body)), request.principal, against));
               json::Value answer = to_json(planned.comparison);
               answer.object().set("base_revision", planned.base_revision);
               answer.object().set("problems", problems_to_json(planned.problems));
               return Response::json(answer);
             },
             .request_schema = std::string(kProposal)});
  app.route({.method = "POST",
             .path = "/v1/mesh:apply",
             .access = Access::signed_in,
             .summary = "Make documents the mesh's next revision, all or nothing",
             .handler = [&](Request& request) -> Answer {
               return Response::json(TRY(catalog.apply(TRY(proposal_of(TRY(request.json(kDocumentsBodyMax)))),
                                                       request.principal, request.request_id)));
             },
             .request_schema = std::string(kProposal)});
}

void add_mesh_routes(App& app, Service& catalog) {
  app.route({.method = "GET",
             .path = "/v1/mesh",
             .access = Access::signed_in,
             .summary = "The mesh: its revision and how much it holds",
             .handler = [&](Request& request) -> Answer {
               const mesh::MeshPointer mesh = TRY(mesh_of(catalog, request));
               return Response::json(json::Object{{"revision", mesh->revision},
                                                  {"domains", mesh->domains.size()},
                                                  {"teams", mesh->teams.size()},
                                                  {"products", mesh->products.size()},
                                                  {"contracts", mesh->contracts.size()},
                                                  {"pipelines", mesh->pipelines.size()},
                                                  {"grants", mesh->grants.size()}});
             },
             .query_parameters = {kAsOf}});
  app.route({.method = "GET",
             .path = "/v1/mesh/revisions",
             .access = Access::signed_in,
             .summary = "The mesh's revisions, newest first",
             .handler = [&](Request& request) -> Answer {
               return Response::json(TRY(catalog.revisions(TRY(page_of(request)))));
             },
             .query_parameters = {kLimit, kCursor}});
  app.route({.method = "GET",
             .path = "/v1/mesh/revisions/{revision}",
             .access = Access::signed_in,
             .summary = "One revision and the documents that it set or ended",
             .handler = [&](Request& request) -> Answer {
               const auto revision = text::parse_integer(request.param("revision"));
               if (!revision)
                 return fail(ErrorKind::not_found, "mesh.unknown_revision", "{} is no revision",
                             request.param("revision"));
               return Response::json(TRY(catalog.revision(*revision)));
             }});
  app.route({.method = "GET",
             .path = "/v1/domains",
             .access = Access::signed_in,
             .summary = "List domains",
             .handler = [&](Request& request) -> Answer {
               const mesh::MeshPointer mesh = TRY(mesh_of(catalog, request));
               return Response::json(
                   page_over(mesh->domains, TRY(page_of(request)),
                             [](const std::string&, const mesh::Domain& domain) { return domain_to_json(domain); }));
             },
             .query_parameters = {kLimit, kCursor, kAsOf}});
  app.route({.method = "GET",
             .path = "/v1/domains/{domain}",
             .access = Access::signed_in,
             .summary = "One domain",
             .handler = [&](Request& request) -> Answer {
               const mesh::MeshPointer mesh = TRY(mesh_of(catalog, request));
               const mesh::Domain* domain = mesh->domain(request.param("domain"));
               if (domain == nullptr)
                 return fail(ErrorKind::not_found, "domain.unknown", "there is no domain {}", request.param("domain"));
               return Response::json(domain_to_json(*domain));
             },
             .query_parameters = {kAsOf}});
}

void add_product_routes(App& app, Service& catalog) {
  app.route({.method = "GET",
             .path = "/v1/products",
             .access = Access::signed_in,
             .summary = "List products",
             .handler = [&](Request& request) { return list_products(catalog, request); },
             .query_parameters = {kLimit, kCursor, "domain", "stage", "q", kAsOf}});
  app.route({.method = "GET",
             .path = "/v1/products/{domain}/{product}",
             .access = Access::signed_in,
             .summary = "One product: its ports, its stage and what that waits for",
             .handler = [&](Request& request) -> Answer {
               const mesh::MeshPointer mesh = TRY(mesh_of(catalog, request));
               const mesh::ProductName name{std::string(request.param("domain")),
                                            std::string(request.param("product"))};
               const mesh::Product* product = mesh->product(name);
               if (product == nullptr)
                 return fail(ErrorKind::not_found, "product.unknown", "there is no product {}", to_string(name));
               Response answer = Response::json(describe(catalog, *mesh, *product));
               answer.headers.set("ETag", format("\"r{}-{}\"", mesh->revision, to_string(catalog.stage(name))));
               return answer;
             },
             .query_parameters = {kAsOf}});
  app.route({.method = "GET",
             .path = "/v1/contracts",
             .access = Access::signed_in,
             .summary = "List contracts",
             .handler = [&](Request& request) -> Answer {
               const mesh::MeshPointer mesh = TRY(mesh_of(catalog, request));
               return Response::json(page_over(mesh->contracts, TRY(page_of(request)), contract_to_json));
             },
             .query_parameters = {kLimit, kCursor, kAsOf}});
  app.route({.method = "GET",
             .path = "/v1/contracts/{contract}",
             .access = Access::signed_in,
             .summary = "One contract as JSON, or with form=original byte for byte",
             .handler = [&](Request& request) -> Answer {
               const mesh::MeshPointer mesh = TRY(mesh_of(catalog, request));
               const mesh::Contract* contract = mesh->contract(request.param("contract"));
               if (contract == nullptr)
                 return fail(ErrorKind::not_found, "contract.unknown", "there is no contract {}",
                             request.param("contract"));
               const auto form = request.query_or("form", "original");
               if (form != "original")
                 return fail(ErrorKind::invalid, "request.parameter", "form={}: only `original` is known", form);
               if (request.query.contains("form"))
                 return Response::text(contract->raw, "application/yaml").with("ETag", entity_tag(contract->raw));
               return Response::json(contract->document.document).with("ETag", entity_tag(contract->raw));
             },
             .query_parameters = {{"form", R"({"enum":["original"]})"}, kAsOf}});
  app.route({.method = "GET",
             .path = "/v1/search",
             .access = Access::signed_in,
             .summary = "Products, columns and domains that speak of something",
             .handler = [&](Request& request) { return search(catalog, request); },
             .query_parameters = {{"q", R"({"type":"string","minLength":1})", true}, kLimit}});
}

}  // namespace

json::Value describe(const Service& catalog, const mesh::MeshState& mesh, const mesh::Product& product) {
  const mesh::Stage stage = catalog.stage(product.name);
  json::Array ports, inputs, missing, tags;
  for (const mesh::Port& port : product.ports) {
    ports.push_back(json::Object{{"name", port.name.port},
                                 {"type", to_string(port.type)},
                                 {"version", port.version},
                                 {"contract_id", port.contract_id},
                                 {"columns", port.columns.size()}});
  }
  for (const mesh::InputPort& input : product.inputs) {
    inputs.push_back(json::Object{{"name", input.name},
                                  {"version", input.version},
                                  {"contract_id", input.contract_id},
                                  {"source", input.source ? json::Value(to_string(*input.source)) : json::Value()}});
  }
  if (stage < product.requested) {
    for (std::string& each : catalog.missing(mesh, product, product.requested)) missing.emplace_back(std::move(each));
  }
  for (const std::string& tag : product.tags) tags.emplace_back(tag);
  const mesh::Domain* domain = mesh.domain(product.name.domain);
  json::Object answer{{"name", to_string(product.name)},
                      {"domain", product.name.domain},
                      {"product", product.name.product},
                      {"id", product.id},
                      {"version", product.version},
                      {"description", product.description},
                      {"owner", domain == nullptr ? "" : domain->owner},
                      {"on_call", domain == nullptr ? "" : domain->on_call},
                      {"stage", to_string(stage)},
                      {"requested_stage", to_string(product.requested)}};
  answer.set("missing", json::Value(std::move(missing)));
  answer.set("ports", json::Value(std::move(ports)));
  answer.set("inputs", json::Value(std::move(inputs)));
  answer.set("tags", json::Value(std::move(tags)));
  answer.set(
      "origin",
      json::Object{{"source", product.origin.source}, {"file", product.origin.file}, {"line", product.origin.line}});
  return answer;
}

void add_routes(App& app, Service& catalog) {
  add_write_routes(app, catalog);
  add_mesh_routes(app, catalog);
  add_product_routes(app, catalog);
}

}  // namespace weft::catalog
