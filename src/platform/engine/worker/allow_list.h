#pragma once

#include <span>
#include <string>
#include <string_view>

// Which functions governed SQL may call. Every function of the pinned engine is named, as allowed or as refused; what
// is named nowhere is refused too. Names compare without case.
namespace weft::engine::worker {

enum class Verdict { unknown, refused, allowed };

// Scalar and aggregate functions, window functions, operators and macros.
Verdict verdict_on_function(std::string_view name);
// Functions in FROM.
Verdict verdict_on_table_function(std::string_view name);
// Functions that the binder puts in by itself for syntax that is allowed (UNPIVOT, struct casts).
bool is_put_in_by_the_binder(std::string_view name);

std::span<const std::string_view> allowed_functions();
std::span<const std::string_view> refused_functions();
std::span<const std::string_view> allowed_table_functions();
std::span<const std::string_view> refused_table_functions();

// ", allowed are: generate_series, range, …" or ", did you mean lower?": the end of a refusal.
std::string function_advice(std::string_view name);
std::string table_function_advice();

}  // namespace weft::engine::worker
