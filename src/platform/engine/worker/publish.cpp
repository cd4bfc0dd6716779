#include "platform/engine/worker/publish.h"

#include "duckdb/main/connection.hpp"
#include "duckdb/parser/sql_statement.hpp"

namespace weft::engine::worker {
Result<PublishOutcome> publish(PublishContext&, const PublishJob&) { return fail(ErrorKind::unsupported, "x", "x"); }
Result<PublishOutcome> compact(PublishContext&, const PublishJob&) { return fail(ErrorKind::unsupported, "x", "x"); }
}  // namespace weft::engine::worker
