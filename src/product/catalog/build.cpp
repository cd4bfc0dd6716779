#include <set>

#include "base/format.h"
#include "base/text.h"
#include "formats/odcs/types.h"
#include "product/catalog/documents.h"

namespace weft::catalog {
namespace {

using mesh::MeshState;

mesh::Stage stage_of(std::string_view status) {
  if (status == "draft") return mesh::Stage::staging;
  if (status == "active") return mesh::Stage::product;
  if (status == "deprecated") return mesh::Stage::deprecated;
  if (status == "retired") return mesh::Stage::archived;
  return mesh::Stage::raw;
}

std::optional<mesh::PortType> port_type_of(std::string_view type) {
  if (type == "table" || type == "tables" || type.empty()) return mesh::PortType::table;
  if (type == "view") return mesh::PortType::view;
  if (type == "stream" || type == "topic") return mesh::PortType::stream;
  if (type == "external" || type == "api" || type == "file") return mesh::PortType::external;
  return std::nullopt;
}

// Turns documents into one mesh, collecting what does not fit together.
class Builder {
 public:
  explicit Builder(const std::vector<Declared>& documents) : documents_(documents) {}
  Built build();

 private:
  using Documents = const std::vector<Declared>&;
  template <class F>
  void each(std::string_view kind, F visit) {
    for (const Declared& document : documents_) {
      if (document.kind == kind) visit(document);
    }
  }
  void error(const Declared& document, std::string_view pointer, std::string code, std::string message) {
    built_.problems.push_back(problem_at(document, pointer, std::move(code), std::move(message)));
  }
  static mesh::Origin origin(const Declared& document) {
    return {.source = document.source, .file = document.file, .line = document.line};
  }
  template <class Map>
  static std::vector<std::string> names(const Map& map) {
    std::vector<std::string> all;
    for (const auto& [name, unused] : map) all.push_back(name);
    return all;
  }

  void team(const Declared& document);
  void domain(const Declared& document);
  void contract(const Declared& document);
  void product(const Declared& document);
  void port(const Declared& document, const odps::OutputPort& declared, mesh::Product& product,
            std::set<std::string>& seen);
  void subjects(const Declared& document, const odps::OutputPort& declared, mesh::Port& port);
  void columns(const odcs::SchemaObject& object, mesh::Port& port);
  void settings(const Declared& document, mesh::Product& product);
  void inputs();
  void grant(const Declared& document);
  void pipeline(const Declared& document);
  void check_team(const Declared& document, std::string_view pointer, std::string_view name);
  void check_domain(const Declared& document, std::string_view pointer, std::string_view name);
  void check_contract(const Declared& document, const std::string& pointer, const std::string& id);
  bool is_broken(std::string_view dotted) const;
  void cycles();

  const std::vector<Declared>& documents_;
  Built built_;
  MeshState& mesh_ = built_.mesh;
  std::map<mesh::ProductName, const Declared*> product_documents_;
  // What is declared and wrong in itself: nobody who refers to it is told that it is not there.
  std::set<std::string, std::less<>> broken_contracts_, broken_products_;
};

void Builder::check_team(const Declared& document, std::string_view pointer, std::string_view name) {
  if (mesh_.teams.contains(name)) return;
  error(document, pointer, "team.unknown",
        format("there is no team {}{}", name, text::did_you_mean(name, names(mesh_.teams))));
}

void Builder::check_domain(const Declared& document, std::string_view pointer, std::string_view name) {
  if (name.empty() || mesh_.domains.contains(name)) return;
  error(document, pointer, "domain.unknown",
        format("there is no domain {}{}", name, text::did_you_mean(name, names(mesh_.domains))));
}

void Builder::check_contract(const Declared& document, const std::string& pointer, const std::string& id) {
  if (mesh_.contract(id) != nullptr || broken_contracts_.contains(id)) return;
  error(document, pointer, "contract.unknown",
        format("there is no contract {}{}", id, text::did_you_mean(id, names(mesh_.contracts))));
}

// Of domain.product or domain.product.port.
bool Builder::is_broken(std::string_view dotted) const {
  const auto product_end = dotted.find('.', dotted.find('.') + 1);
  return broken_products_.contains(dotted.substr(0, product_end));
}

void Builder::team(const Declared& document) {
  mesh::Team team{.name = document.name,
                  .description = std::string(document.value["description"].text_or("")),
                  .members = {},
                  .origin = origin(document)};
  if (document.value["members"].is_array()) {
    for (const json::Value& member : document.value["members"].array()) team.members.emplace_back(member.text_or(""));
  }
  mesh_.teams[document.name] = std::move(team);
}

void Builder::domain(const Declared& document) {
  const json::Value& value = document.value;
  mesh::Domain domain{.name = document.name,
                      .owner = std::string(value["owner"].text_or("")),
                      .on_call = std::string(value["onCall"].text_or("")),
                      .description = std::string(value["description"].text_or("")),
                      .cost_centre = std::string(value["costCentre"].text_or("")),
                      .roles = {},
                      .origin = origin(document)};
  if (value["roles"].is_object()) {
    for (const auto& [role, holders] : value["roles"].object()) {
      if (!holders.is_array()) continue;
      for (const json::Value& holder : holders.array()) domain.roles[role].emplace_back(holder.text_or(""));
    }
  }
  check_team(document, "/owner", domain.owner);
  check_team(document, "/onCall", domain.on_call);
  mesh_.domains[document.name] = std::move(domain);
}

void Builder::contract(const Declared& document) {
  auto parsed = odcs::parse(document.value);
  if (!parsed.contract) {  // Reported when it was read.
    broken_contracts_.emplace(document.value["id"].text_or(""));
    return check_domain(document, "/domain", document.value["domain"].text_or(""));
  }
  check_domain(document, "/domain", parsed.contract->domain);
  const std::string id = parsed.contract->id;
  mesh_.contracts[id] = {.document = std::move(*parsed.contract), .raw = document.text, .origin = origin(document)};
}

void Builder::columns(const odcs::SchemaObject& object, mesh::Port& port) {
  int key = 0, partition = 0;
  for (const odcs::Property& property : object.properties) {
    const auto type = odcs::column_type(property);
    if (!type) continue;  // Reported with the contract.
    mesh::Column column{
        .id = property.id,
        .name = property.name,
        .physical_name = property.physical_name == property.name ? std::string() : property.physical_name,
        .type = *type,
        .is_required = property.is_required || property.is_primary_key,
        .is_unique = property.is_unique,
        .primary_key_position = 0,
        .partition_position = 0,
        .description = property.description,
        .classification = property.classification,
        .tags = property.tags};
    ++key;
    ++partition;
    if (property.is_primary_key)
      column.primary_key_position = property.primary_key_position > 0 ? property.primary_key_position : key;
    if (property.is_partitioned)
      column.partition_position = property.partition_position > 0 ? property.partition_position : partition;
    port.columns.push_back(std::move(column));
  }
}

// The first number of a version: "2" of "v2.1.0"; all of it when it is no semantic one.
std::string major_of(std::string_view version) {
  if (version.starts_with('v')) version.remove_prefix(1);
  return std::string(version.substr(0, version.find('.')));
}

// Major versions are ports of one name: the oldest keeps it, the others end in `__v2`.
std::string name_of_major(const odps::OutputPort& port, const std::vector<odps::OutputPort>& all) {
  const auto number = [](const std::string& major) { return text::parse_integer(major).value_or(0); };
  const std::string major = major_of(port.version);
  const bool is_oldest = std::all_of(all.begin(), all.end(), [&](const odps::OutputPort& each) {
    return each.name != port.name || number(major_of(each.version)) >= number(major);
  });
  return is_oldest ? port.name : port.name + "__v" + major;
}

void Builder::port(const Declared& document, const odps::OutputPort& declared, mesh::Product& product,
                   std::set<std::string>& seen) {
  if (!text::is_name(declared.name))
    return error(document, declared.pointer + "/name", "document.name",
                 format("{} is no name of a port", declared.name));
  const std::string name = name_of_major(declared, product.document.outputs);
  if (!seen.insert(name).second)
    return error(document, declared.pointer, "port.duplicate",
                 format("{} has two ports {} of major version {}", to_string(product.name), declared.name,
                        major_of(declared.version)));
  mesh::Port port;
  port.name = {product.name.domain, product.name.product, name};
  port.version = declared.version;
  port.contract_id = declared.contract_id;
  const auto type = port_type_of(declared.type);
  if (!type)
    error(document, declared.pointer + "/type", "port.type",
          format("{} is no type of port: table, view, stream or external", declared.type));
  port.type = type.value_or(mesh::PortType::external);
  if (const auto sql = declared.custom.find("viewSql"); sql != declared.custom.end())
    port.view_sql = sql->second.text_or("");
  if (port.type == mesh::PortType::view && port.view_sql.empty())
    error(document, declared.pointer, "port.view_sql",
          format("the view {} needs customProperties: viewSql", declared.name));
  if (!port.contract_id.empty()) {
    const mesh::Contract* contract = mesh_.contract(port.contract_id);
    if (contract == nullptr) {
      check_contract(document, declared.pointer + "/contractId", port.contract_id);
    } else {
      if (contract->document.version != port.version) {
        error(document, declared.pointer + "/version", "contract.version",
              format("the contract {} has the version {}, the port {} serves {}", port.contract_id,
                     contract->document.version, declared.name, port.version));
      }
      const auto& objects = contract->document.objects;
      // The object named like the port, else the contract's only one.
      for (const odcs::SchemaObject& object : objects) {
        if (object.name == declared.name || objects.size() == 1) port.object = object.name;
      }
      if (port.object.empty() && !objects.empty())
        error(document, declared.pointer, "contract.object",
              format("the contract {} has {} schema objects and none is named {}", port.contract_id, objects.size(),
                     declared.name));
      for (const odcs::SchemaObject& object : objects) {
        if (object.name == port.object) columns(object, port);
      }
    }
  }
  subjects(document, declared, port);
  product.ports.push_back(std::move(port));
}

// What the port owns in the schema registry: what it says, else `<product>.<port>-value` and `-key`, in the context of
// its domain.
void Builder::subjects(const Declared& document, const odps::OutputPort& declared, mesh::Port& port) {
  const std::string context = ":." + port.name.domain + ":";
  const auto custom = declared.custom.find("subjects");
  if (custom == declared.custom.end()) {
    for (const char* end : {"-value", "-key"})
      port.subjects.push_back(context + port.name.product + "." + port.name.port + end);
  } else {
    const json::Array one{custom->second};
    for (const json::Value& each : custom->second.is_array() ? custom->second.array() : one) {
      const std::string name(each.text_or(""));
      const bool is_foreign = name.starts_with(':') && !name.starts_with(context);
      if (name.empty() || is_foreign) {
        error(document, declared.pointer + "/customProperties", "port.subjects",
              format("subjects of {} are texts, in the context {} of its domain", declared.name, context));
        continue;
      }
      port.subjects.push_back(name.starts_with(':') ? name : context + name);
    }
  }
  if (const auto source = declared.custom.find("schemaSource"); source != declared.custom.end()) {
    port.schema_source = source->second.text_or("");
    if (port.schema_source != "git" && port.schema_source != "registry")
      error(document, declared.pointer + "/customProperties", "port.schema_source",
            format("schemaSource of {} is git or registry", declared.name));
  }
}

void Builder::settings(const Declared& document, mesh::Product& product) {
  const auto& custom = product.document.custom;
  if (const auto dead = custom.find("deadLetter"); dead != custom.end()) {
    const json::Value& share = dead->second["maxShare"];
    if (!share.is_number() || share.number() <= 0 || share.number() > 1) {
      error(document, "/customProperties", "product.dead_letter",
            "deadLetter needs maxShare: the share of bad rows that may be set aside, above 0 and at most 1");
    } else {
      product.dead_letter_max_share = share.number();
    }
  }
  if (const auto mode = custom.find("publishMode"); mode != custom.end()) {
    product.publish_mode = mode->second.text_or("");
    if (product.publish_mode != "append" && product.publish_mode != "overwrite" && product.publish_mode != "upsert") {
      error(document, "/customProperties", "product.publish_mode",
            format("publishMode is {}: append, overwrite or upsert", product.publish_mode));
    }
  }
}

void Builder::product(const Declared& document) {
  auto parsed = odps::parse(document.value);
  if (!parsed.product) {
    broken_products_.emplace(format("{}.{}", document.value["domain"].text_or(""), document.value["name"].text_or("")));
    return check_domain(document, "/domain", document.value["domain"].text_or(""));
  }
  mesh::Product product;
  product.document = std::move(*parsed.product);
  product.name = {product.document.domain, product.document.name};
  product.id = product.document.id;
  product.description = product.document.purpose;
  product.version = product.document.version;
  product.requested = stage_of(product.document.status);
  product.tags = product.document.tags;
  product.raw = document.text;
  product.origin = origin(document);
  check_domain(document, "/domain", product.name.domain);
  for (const odps::InputPort& input : product.document.inputs) {
    product.inputs.push_back(
        {.name = input.name, .version = input.version, .contract_id = input.contract_id, .source = {}});
    check_contract(document, input.pointer + "/contractId", input.contract_id);
  }
  std::set<std::string> seen;
  for (const odps::OutputPort& output : product.document.outputs) port(document, output, product, seen);
  settings(document, product);
  product_documents_[product.name] = &document;
  mesh_.products[product.name] = std::move(product);
}

// Input ports are served by the output ports of their contracts.
void Builder::inputs() {
  std::map<std::string, mesh::PortName> serves;
  for (const auto& [name, product] : mesh_.products) {
    for (const mesh::Port& port : product.ports) {
      if (!port.contract_id.empty()) serves.emplace(port.contract_id, port.name);
    }
  }
  for (auto& [name, product] : mesh_.products) {
    for (mesh::InputPort& input : product.inputs) {
      if (const auto found = serves.find(input.contract_id); found != serves.end()) input.source = found->second;
    }
  }
}

void Builder::cycles() {
  std::map<mesh::ProductName, int> state;  // 1: open, 2: done.
  std::function<void(const mesh::ProductName&)> visit = [&](const mesh::ProductName& name) {
    state[name] = 1;
    for (const mesh::InputPort& input : mesh_.products[name].inputs) {
      if (!input.source) continue;
      const mesh::ProductName source{input.source->domain, input.source->product};
      if (source == name || state[source] == 1) {
        error(*product_documents_[name], "/inputPorts", "product.cycle",
              format("{} is built from itself, by way of {}", to_string(name), to_string(source)));
      } else if (state[source] == 0) {
        visit(source);
      }
    }
    state[name] = 2;
  };
  for (const auto& [name, product] : mesh_.products) {
    if (state[name] == 0) visit(name);
  }
}

void Builder::grant(const Declared& document) {
  const json::Value& value = document.value;
  mesh::Grant grant{.to = std::string(value["to"].text_or("")),
                    .on = std::string(value["on"].text_or("")),
                    .role = std::string(value["role"].text_or("")),
                    .purpose = std::string(value["purpose"].text_or("")),
                    .expires = {},
                    .origin = origin(document)};
  if (const auto expires = parse_rfc3339(value["expires"].text_or("")); expires) grant.expires = *expires;
  const auto parts = text::split(grant.on, '.');
  if (parts.size() == 1) {
    check_domain(document, "/on", grant.on);
  } else if (const auto port = mesh_.resolve(grant.on);
             !port && !is_broken(grant.on) &&
             !(parts.size() == 2 && mesh_.product({std::string(parts[0]), std::string(parts[1])}) != nullptr)) {
    error(document, "/on", port.error().code, port.error().message);
  }
  // A principal is whoever signs in; only names that look like ours can be wrong here.
  const bool is_principal = grant.to.find_first_of("@:") != std::string::npos;
  if (!is_principal && !mesh_.domains.contains(grant.to) && !mesh_.teams.contains(grant.to)) {
    std::vector<std::string> known = names(mesh_.domains);
    for (const std::string& team : names(mesh_.teams)) known.push_back(team);
    error(document, "/to", "grant.unknown",
          format("there is no domain or team {}{} (principals have an @ or a :)", grant.to,
                 text::did_you_mean(grant.to, known)));
  }
  mesh_.grants.push_back(std::move(grant));
}

void Builder::pipeline(const Declared& document) {
  const json::Value& value = document.value;
  mesh::Pipeline pipeline{.name = document.name,
                          .domain = document.domain,
                          .output = {},
                          .sql = std::string(value["sql"].text_or("")),
                          .mode = std::string(value["mode"].text_or("overwrite")),
                          .description = std::string(value["description"].text_or("")),
                          .origin = origin(document)};
  const auto port = mesh_.resolve(value["output"].text_or(""));
  if (!port && is_broken(value["output"].text_or(""))) return;
  if (!port) return error(document, "/output", port.error().code, port.error().message);
  if ((*port)->type != mesh::PortType::table)
    return error(document, "/output", "pipeline.output",
                 format("{} is no table: a pipeline publishes to one", to_string((*port)->name)));
  pipeline.output = (*port)->name;
  mesh_.pipelines[document.name] = std::move(pipeline);
}

Built Builder::build() {
  each("Team", [&](const Declared& document) { team(document); });
  each("Domain", [&](const Declared& document) { domain(document); });
  each("DataContract", [&](const Declared& document) { contract(document); });
  each("DataProduct", [&](const Declared& document) { product(document); });
  inputs();
  cycles();
  each("Grant", [&](const Declared& document) { grant(document); });
  each("Pipeline", [&](const Declared& document) { pipeline(document); });
  mesh_.index();
  return std::move(built_);
}

}  // namespace

Built build_mesh(const std::vector<Declared>& documents) { return Builder(documents).build(); }

}  // namespace weft::catalog
