#include "product/mesh/mesh.h"

namespace weft::mesh {

void MeshState::index() {
  grants_on.clear();
  roles_of.clear();
  for (std::size_t i = 0; i < grants.size(); ++i) grants_on[grants[i].on].push_back(i);
  for (const auto& [name, domain] : domains) {
    roles_of[domain.owner].emplace_back(name, "owner");
    for (const auto& [role, holders] : domain.roles) {
      for (const std::string& holder : holders) roles_of[holder].emplace_back(name, role);
    }
  }
}

}  // namespace weft::mesh
