#pragma once

#include "app/app.h"

namespace weft::lineage {

// POST /v1/sql:lineage: one request, or a line each (application/x-ndjson), answered in the same form and order. A line
// that cannot be answered is answered {"error":{"code","message"}}; the others are not disturbed.
Answer answer_sql_lineage(engine::Engine& engine, Request& request);

}  // namespace weft::lineage
