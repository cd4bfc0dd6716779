#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/principal.h"
#include "base/clock.h"
#include "base/result.h"
#include "product/mesh/mesh.h"

// The one decision point. Pure: a mesh value, a principal and what it wants; default deny; the why in each answer.
namespace weft::governance {

enum class Action { discover, read, publish, declare, run, administer };
std::string_view to_string(Action action);

struct Decision {
  bool is_allowed = false;
  std::string why;                           // "grant insights → aviation.flights (reader)", "no grant for …".
  std::string row_filter;                    // SQL over the row; empty: all rows.
  std::map<std::string, std::string> masks;  // Column → SQL expression.
  std::string purpose;                       // The purpose that it was allowed for; empty: any.
};

// What a principal may do to a port: administrators all; domain roles of its teams and grants, by the strongest role
// (owner > steward > member > reader); a domain principal (pipelines, views) is a member of its own domain.
// discover: every signed-in principal may know that a product exists and see its public face.
Decision decide(const mesh::MeshState& mesh, const Principal& principal, Action action, const mesh::PortName& port,
                Time now);
Decision decide(const mesh::MeshState& mesh, const Principal& principal, Action action,
                const mesh::ProductName& product, Time now);
// declare, run for a whole domain.
Decision decide_domain(const mesh::MeshState& mesh, const Principal& principal, Action action, std::string_view domain,
                       Time now);

// denied "access.denied" with the why and how to get access.
Result<> require(const Decision& decision, const Principal& principal, Action action, std::string_view subject);

// The principal that pipelines and views of a domain run as.
Principal domain_principal(std::string_view domain);

}  // namespace weft::governance
