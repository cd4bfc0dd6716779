#include "platform/engine/worker/answers.h"

namespace weft::engine::worker {

Result<> write_arrow_answer(Chunks&, const SendBytes&) {
  return fail(ErrorKind::unsupported, "query.format",
              "Arrow streams are not written by this version; ask for parquet or ndjson");
}

}  // namespace weft::engine::worker
