#include "platform/engine/worker/pattern_function.h"

#include <cstring>

#include "base/pattern.h"
#include "duckdb/common/exception.hpp"
#include "duckdb/execution/expression_executor_state.hpp"
#include "duckdb/function/scalar_function.hpp"
#include "duckdb/main/extension/extension_loader.hpp"

namespace weft::engine::worker {
namespace {

constexpr std::size_t kSlots = 4096;

// One thread's verdicts on short values under one pattern, the latest of each slot.
struct Verdicts final : duckdb::FunctionLocalState {
  struct Slot {
    std::uint64_t low = 0, high = 0;
    bool is_used = false, verdict = false;
  };
  std::optional<Pattern> pattern;
  std::vector<Slot> slots = std::vector<Slot>(kSlots);

  bool of(const duckdb::string_t& text) {
    if (!text.IsInlined()) return pattern->found_in({text.GetData(), text.GetSize()});
    // A short value is its own sixteen bytes: the length, then the text, padded with zeros.
    std::uint64_t words[2];
    std::memcpy(words, &text, sizeof words);
    Slot& slot = slots[((words[0] ^ (words[1] * 0x9E3779B97F4A7C15ULL)) * 0x9E3779B97F4A7C15ULL) >> 52];
    if (!slot.is_used || slot.low != words[0] || slot.high != words[1]) {
      slot = {.low = words[0],
              .high = words[1],
              .is_used = true,
              .verdict = pattern->found_in({text.GetData(), text.GetSize()})};
    }
    return slot.verdict;
  }
};

duckdb::unique_ptr<duckdb::FunctionLocalState> make_verdicts(duckdb::ExpressionState&,
                                                             const duckdb::BoundFunctionExpression&,
                                                             duckdb::FunctionData*) {
  return duckdb::make_uniq<Verdicts>();
}

void matches(duckdb::DataChunk& arguments, duckdb::ExpressionState& state, duckdb::Vector& result) {
  auto& verdicts = duckdb::ExecuteFunctionState::GetFunctionState(state)->Cast<Verdicts>();
  if (!verdicts.pattern) {
    auto pattern = Pattern::compile(arguments.data[1].GetValue(0).ToString());
    if (!pattern) throw duckdb::InvalidInputException("%s", pattern.error().message);
    verdicts.pattern = std::move(*pattern);
  }
  duckdb::UnaryExecutor::Execute<duckdb::string_t, bool>(arguments.data[0], result, arguments.size(),
                                                         [&](duckdb::string_t text) { return verdicts.of(text); });
}

}  // namespace

void register_matches(duckdb::DatabaseInstance& database) {
  duckdb::ScalarFunction function("weft_matches", {duckdb::LogicalType::VARCHAR, duckdb::LogicalType::VARCHAR},
                                  duckdb::LogicalType::BOOLEAN, matches);
  function.init_local_state = make_verdicts;
  duckdb::ExtensionLoader loader(database, "weft");
  loader.RegisterFunction(std::move(function));
}

}  // namespace weft::engine::worker
