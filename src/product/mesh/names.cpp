#include "base/text.h"
#include "product/mesh/mesh.h"

namespace weft::mesh {
namespace {

const Port* port_named(const Product& product, std::string_view name) {
  for (const Port& port : product.ports) {
    if (port.name.port == name) return &port;
  }
  return nullptr;
}

Result<const Product*> find_product(const MeshState& mesh, const ProductName& name) {
  if (const Product* found = mesh.product(name)) return found;
  if (mesh.domain(name.domain) == nullptr) {
    std::vector<std::string> domains{"mesh"};
    for (const auto& [domain, unused] : mesh.domains) domains.push_back(domain);
    return fail(ErrorKind::not_found, "domain.unknown", "there is no domain {}{}", name.domain,
                text::did_you_mean(name.domain, domains));
  }
  std::vector<std::string> products;
  for (auto each = mesh.products.lower_bound({name.domain, ""});
       each != mesh.products.end() && each->first.domain == name.domain; ++each)
    products.push_back(each->first.product);
  return fail(ErrorKind::not_found, "product.unknown", "there is no product {}{}", to_string(name),
              text::did_you_mean(name.product, products));
}

Result<const Port*> find_port(const Product& product, std::string_view name) {
  if (const Port* found = port_named(product, name)) return found;
  std::vector<std::string> ports;
  for (const Port& port : product.ports) ports.push_back(port.name.port);
  return fail(ErrorKind::not_found, "port.unknown", "{} has no port {}{}", to_string(product.name), name,
              text::did_you_mean(name, ports));
}

Result<const Port*> main_port(const Product& product) {
  if (const Port* same = port_named(product, product.name.product)) return same;
  if (product.ports.empty())
    return fail(ErrorKind::not_found, "port.unknown", "{} has no output port", to_string(product.name));
  return &product.ports.front();
}

}  // namespace

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::raw:
      return "raw";
    case Stage::staging:
      return "staging";
    case Stage::product:
      return "product";
    case Stage::deprecated:
      return "deprecated";
    case Stage::archived:
      return "archived";
  }
  return "raw";
}

std::string_view to_string(PortType type) {
  switch (type) {
    case PortType::table:
      return "table";
    case PortType::view:
      return "view";
    case PortType::stream:
      return "stream";
    case PortType::external:
      return "external";
  }
  return "table";
}

std::string to_string(const PortName& name) { return name.domain + "." + name.product + "." + name.port; }
std::string to_string(const ProductName& name) { return name.domain + "." + name.product; }

const Domain* MeshState::domain(std::string_view name) const {
  const auto found = domains.find(name);
  return found == domains.end() ? nullptr : &found->second;
}
const Product* MeshState::product(const ProductName& name) const {
  const auto found = products.find(name);
  return found == products.end() ? nullptr : &found->second;
}
const Port* MeshState::port(const PortName& name) const {
  const Product* owner = product({name.domain, name.product});
  return owner == nullptr ? nullptr : port_named(*owner, name.port);
}
const Contract* MeshState::contract(std::string_view id) const {
  const auto found = contracts.find(id);
  return found == contracts.end() ? nullptr : &found->second;
}
const odcs::SchemaObject* MeshState::object_of(const Port& port) const {
  const Contract* found = contract(port.contract_id);
  if (found == nullptr) return nullptr;
  for (const odcs::SchemaObject& object : found->document.objects) {
    if (object.name == port.object) return &object;
  }
  return nullptr;
}

Result<const Port*> MeshState::resolve(const std::vector<std::string>& parts) const {
  if (parts.size() == 3) return find_port(*TRY(find_product(*this, {parts[0], parts[1]})), parts[2]);
  if (parts.size() != 2) {
    return fail(ErrorKind::not_found, "product.unknown",
                "{} is no name of a product: write domain.product or domain.product.port", text::join(parts, "."));
  }
  // Tools that know two levels see product__port.
  if (const auto split = parts[1].find("__"); split != std::string::npos && product({parts[0], parts[1]}) == nullptr) {
    return find_port(*TRY(find_product(*this, {parts[0], parts[1].substr(0, split)})),
                     std::string_view(parts[1]).substr(split + 2));
  }
  return main_port(*TRY(find_product(*this, {parts[0], parts[1]})));
}

Result<const Port*> MeshState::resolve(std::string_view dotted) const {
  std::vector<std::string> parts;
  for (const std::string_view part : text::split(dotted, '.')) parts.emplace_back(part);
  return resolve(parts);
}

}  // namespace weft::mesh
