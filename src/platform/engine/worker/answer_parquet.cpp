#include "platform/engine/worker/answers.h"

#include "duckdb/catalog/catalog.hpp"
#include "duckdb/catalog/catalog_entry/copy_function_catalog_entry.hpp"
#include "duckdb/common/serializer/buffered_file_writer.hpp"
#include "duckdb/execution/execution_context.hpp"
#include "duckdb/function/copy_function.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/main/connection.hpp"
#include "duckdb/parallel/thread_context.hpp"
#include "duckdb/parser/parsed_data/copy_info.hpp"
#include "platform/engine/worker/files.h"

namespace weft::engine::worker {
namespace {

constexpr std::size_t kPieceBytes = 128 << 10;

Result<> write_chunks(duckdb::ClientContext& context, Chunks& chunks, const duckdb::CopyFunction& copy,
                      const std::string& path) {
  duckdb::CopyInfo info;
  info.file_path = path;
  info.format = "parquet";
  info.options["compression"] = {duckdb::Value("zstd")};
  duckdb::CopyFunctionBindInput bind_input(info);
  auto bound = copy.copy_to_bind(context, bind_input, chunks.names(), chunks.types());
  auto global = copy.copy_to_initialize_global(context, *bound, path);
  duckdb::ThreadContext thread(context);
  duckdb::ExecutionContext execution(context, thread, nullptr);
  auto local = copy.copy_to_initialize_local(execution, *bound);
  while (duckdb::DataChunk* chunk = TRY(chunks.next())) copy.copy_to_sink(execution, *bound, *global, *local, *chunk);
  copy.copy_to_combine(execution, *bound, *global, *local);
  copy.copy_to_finalize(context, *bound, *global);
  return {};
}

}  // namespace

Result<> write_parquet_answer(duckdb::Connection& connection, Descriptors& descriptors, Chunks& chunks,
                              const SendBytes& send) {
  // The writer needs a context that no streaming result occupies.
  duckdb::Connection writer(*connection.context->db);
  // It never seeks, so the file streams out as it is made; its small writes are sent together.
  std::string pending;
  const std::string path = descriptors.add_writable("answer", [&](std::string_view bytes) -> Result<> {
    pending += bytes;
    if (pending.size() < kPieceBytes) return {};
    TRY(send(pending));
    pending.clear();
    return {};
  });
  Result<> written;
  writer.context->RunFunctionInTransaction([&] {
    auto& entry = duckdb::Catalog::GetSystemCatalog(*writer.context)
                      .GetEntry<duckdb::CopyFunctionCatalogEntry>(*writer.context, DEFAULT_SCHEMA, "parquet");
    written = write_chunks(*writer.context, chunks, entry.function, path);
  });
  TRY(std::move(written));
  if (pending.empty()) return {};
  return send(pending);
}

}  // namespace weft::engine::worker
