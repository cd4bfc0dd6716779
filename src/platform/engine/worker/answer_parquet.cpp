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

std::uint64_t write_chunks(duckdb::ClientContext& context, duckdb::QueryResult& result, const duckdb::CopyFunction& copy, const std::string& path) {
  duckdb::CopyInfo info;
  info.file_path = path;
  info.format = "parquet";
  info.options["compression"] = {duckdb::Value("zstd")};
  duckdb::CopyFunctionBindInput bind_input(info);
  auto bound = copy.copy_to_bind(context, bind_input, result.names, result.types);
  auto global = copy.copy_to_initialize_global(context, *bound, path);
  duckdb::ThreadContext thread(context);
  duckdb::ExecutionContext execution(context, thread, nullptr);
  auto local = copy.copy_to_initialize_local(execution, *bound);
  std::uint64_t rows = 0;
  while (auto chunk = result.Fetch()) {
    if (chunk->size() == 0) break;
    rows += chunk->size();
    copy.copy_to_sink(execution, *bound, *global, *local, *chunk);
  }
  if (result.HasError()) result.GetErrorObject().Throw();
  copy.copy_to_combine(execution, *bound, *global, *local);
  copy.copy_to_finalize(context, *bound, *global);
  return rows;
}

}  // namespace

Result<std::uint64_t> write_parquet_answer(duckdb::Connection& connection, Descriptors& descriptors, duckdb::QueryResult& result, const SendBytes& send) {
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
  std::uint64_t rows = 0;
  writer.context->RunFunctionInTransaction([&] {
    auto& entry = duckdb::Catalog::GetSystemCatalog(*writer.context).GetEntry<duckdb::CopyFunctionCatalogEntry>(*writer.context, DEFAULT_SCHEMA, "parquet");
    rows = write_chunks(*writer.context, result, entry.function, path);
  });
  if (!pending.empty()) TRY(send(pending));
  return rows;
}

}  // namespace weft::engine::worker
