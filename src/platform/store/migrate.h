#pragma once

#include "platform/store/connection.h"

namespace weft::store {

// Brings each module's tables to its newest version, all in one transaction. conflict "store.newer_schema" when the
// store was written by a newer Weft.
Result<> migrate(Connection& connection, std::span<const ModuleMigrations> modules);

}  // namespace weft::store
