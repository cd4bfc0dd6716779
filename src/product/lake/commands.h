#pragma once

#include <vector>

#include "app/command.h"

namespace weft::lake {

// weft describe, weft snapshots list, weft rollback.
std::vector<Command> commands();

// "/v1/products/d/p/ports/x" of a name with two or three parts; two resolve on the server side by the product's name.
Result<std::string> port_path(Api& api, const std::string& name);

}  // namespace weft::lake
