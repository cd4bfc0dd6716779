#include "platform/engine/worker/publish_tally.h"

#include <atomic>
#include <deque>

#include "duckdb/function/scalar_function.hpp"
#include "duckdb/main/extension/extension_loader.hpp"
#include "platform/engine/worker/publish_write.h"

namespace weft::engine::worker {
namespace {

// Of the publish that runs; a worker runs one at a time, on several threads.
std::deque<std::atomic<std::uint64_t>>& counters() {
  static std::deque<std::atomic<std::uint64_t>> all;
  return all;
}

std::uint64_t count_true(duckdb::Vector& flags, duckdb::idx_t count) {
  // Checks that hold leave constants or plain bytes: counted without looking at each.
  if (flags.GetVectorType() == duckdb::VectorType::CONSTANT_VECTOR) {
    return !duckdb::ConstantVector::IsNull(flags) && duckdb::ConstantVector::GetData<bool>(flags)[0] ? count : 0;
  }
  if (flags.GetVectorType() == duckdb::VectorType::FLAT_VECTOR && duckdb::FlatVector::Validity(flags).AllValid()) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(duckdb::FlatVector::GetData<bool>(flags));
    std::uint64_t found = 0;
    for (duckdb::idx_t i = 0; i < count; ++i) found += bytes[i];
    return found;
  }
  duckdb::UnifiedVectorFormat format;
  flags.ToUnifiedFormat(count, format);
  const auto* values = duckdb::UnifiedVectorFormat::GetData<bool>(format);
  std::uint64_t found = 0;
  for (duckdb::idx_t i = 0; i < count; ++i) {
    const auto at = format.sel->get_index(i);
    found += format.validity.RowIsValid(at) && values[at] ? 1 : 0;
  }
  return found;
}

void tally(duckdb::DataChunk& arguments, duckdb::ExpressionState&, duckdb::Vector& result) {
  auto& all = counters();
  for (duckdb::idx_t i = 0; i < arguments.ColumnCount() && i < all.size(); ++i) {
    if (const auto found = count_true(arguments.data[i], arguments.size()); found > 0)
      all[i].fetch_add(found, std::memory_order_relaxed);
  }
  result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  duckdb::ConstantVector::GetData<bool>(result)[0] = true;
}

}  // namespace

void register_tally(duckdb::DatabaseInstance& database) {
  duckdb::ScalarFunction function("weft_tally", {}, duckdb::LogicalType::BOOLEAN, tally);
  function.varargs = duckdb::LogicalType::BOOLEAN;
  // To be called for every row, wherever the optimizer would rather not.
  function.SetStability(duckdb::FunctionStability::VOLATILE);
  function.SetNullHandling(duckdb::FunctionNullHandling::SPECIAL_HANDLING);
  duckdb::ExtensionLoader loader(database, "weft");
  loader.RegisterFunction(std::move(function));
}

Result<std::vector<std::uint64_t>> write_tallied(PublishContext& context, const PublishJob& job,
                                                 const PublishPlan& plan, const std::vector<std::string>& flags,
                                                 PublishOutcome& outcome) {
  counters().clear();
  std::string list;
  for (const std::string& flag : flags) {
    counters().emplace_back(0);
    list += (list.empty() ? "" : ", ") + flag;
  }
  PublishPlan tallied = plan;
  tallied.from = format("SELECT * FROM ({}) WHERE weft_tally({})", plan.from, list);
  TRY(write_files(context, job, tallied, outcome));
  return std::vector<std::uint64_t>(counters().begin(), counters().end());
}

}  // namespace weft::engine::worker
