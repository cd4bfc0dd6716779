#include "duckdb/common/arrow/arrow_appender.hpp"
#include "duckdb/common/arrow/arrow_converter.hpp"
#include "duckdb/common/vector_operations/vector_operations.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/main/connection.hpp"
#include "platform/engine/worker/answers.h"
#include "platform/engine/worker/arrow_ipc.h"

namespace weft::engine::worker {
namespace {

constexpr duckdb::idx_t kBatchRows = 64 << 10;

// Types without a place of their own in the stream go as text, also within others.
duckdb::LogicalType plain(const duckdb::LogicalType& type) {
  switch (type.id()) {
    case duckdb::LogicalTypeId::ENUM:
    case duckdb::LogicalTypeId::UNION:
    case duckdb::LogicalTypeId::BIT:
    case duckdb::LogicalTypeId::BIGNUM:
    case duckdb::LogicalTypeId::UHUGEINT:
    case duckdb::LogicalTypeId::TIME_TZ:
    case duckdb::LogicalTypeId::VARIANT:
    case duckdb::LogicalTypeId::GEOMETRY:
      return duckdb::LogicalType::VARCHAR;
    case duckdb::LogicalTypeId::LIST:
      return duckdb::LogicalType::LIST(plain(duckdb::ListType::GetChildType(type)));
    case duckdb::LogicalTypeId::ARRAY:
      return duckdb::LogicalType::LIST(plain(duckdb::ArrayType::GetChildType(type)));
    case duckdb::LogicalTypeId::MAP:
      return duckdb::LogicalType::MAP(plain(duckdb::MapType::KeyType(type)), plain(duckdb::MapType::ValueType(type)));
    case duckdb::LogicalTypeId::STRUCT: {
      duckdb::child_list_t<duckdb::LogicalType> children;
      for (const auto& [name, child] : duckdb::StructType::GetChildTypes(type))
        children.emplace_back(name, plain(child));
      return duckdb::LogicalType::STRUCT(std::move(children));
    }
    default:
      return type;
  }
}

// The C data interface's structs end with their release.
struct OwnedSchema : ArrowSchema {
  OwnedSchema() { Init(); }
  ~OwnedSchema() {
    if (release != nullptr) release(this);
  }
};
struct OwnedArray : ArrowArray {
  explicit OwnedArray(ArrowArray array) : ArrowArray(array) {}
  ~OwnedArray() {
    if (release != nullptr) release(this);
  }
};

}  // namespace

Result<> write_arrow_answer(duckdb::Connection& connection, Chunks& chunks, const SendBytes& send) {
  auto& context = *connection.context;
  duckdb::ClientProperties properties = context.GetClientProperties();
  duckdb::vector<duckdb::LogicalType> types;
  for (const auto& type : chunks.types()) types.push_back(plain(type));
  OwnedSchema schema;
  duckdb::ArrowConverter::ToArrowSchema(&schema, types, chunks.names(), properties);
  TRY(send(TRY(arrow_schema_message(schema))));
  duckdb::DataChunk cast;
  cast.Initialize(duckdb::Allocator::DefaultAllocator(), types);
  const std::unordered_map<duckdb::idx_t, const duckdb::shared_ptr<duckdb::ArrowTypeExtensionData>> no_extensions;
  auto empty_appender = [&] {
    return duckdb::make_uniq<duckdb::ArrowAppender>(types, kBatchRows, properties, no_extensions);
  };
  auto appender = empty_appender();
  auto flush = [&]() -> Result<> {
    if (appender->RowCount() == 0) return {};
    const OwnedArray array(appender->Finalize());
    appender = empty_appender();
    return send(TRY(arrow_batch_message(schema, array)));
  };
  while (duckdb::DataChunk* chunk = TRY(chunks.next())) {
    const auto rows = chunk->size();
    cast.Reset();
    for (duckdb::idx_t i = 0; i < types.size(); ++i) {
      if (chunk->data[i].GetType() == types[i]) {
        cast.data[i].Reference(chunk->data[i]);
      } else {
        duckdb::VectorOperations::Cast(context, chunk->data[i], cast.data[i], rows);
      }
    }
    cast.SetCardinality(rows);
    appender->Append(cast, 0, rows, rows);
    if (appender->RowCount() >= kBatchRows) TRY(flush());
  }
  TRY(flush());
  return send(arrow_end());
}

}  // namespace weft::engine::worker
