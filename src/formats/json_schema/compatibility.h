#pragma once

#include <cstdint>
#include <vector>

#include "formats/evolution/evolution.h"
#include "formats/json_schema/text.h"

namespace weft::json_schema {

inline constexpr std::size_t kComparisonStepsMax = 2'000'000;  // Pairs of schemas, names held against patterns.
inline constexpr int kComparisonDepthMax = 400;                // Pairs within pairs.
inline constexpr std::size_t kBranchesMax = 250;               // Of an anyOf or oneOf that is matched with another.

// What an open content model (no `additionalProperties`) says about members that only one side names: strict, that old
// data may hold anything there; lenient, that nobody wrote them. Lenient also leaves out of the judgement what the
// registry of old does not look at: contains, propertyNames, if/then/else.
enum class Policy : std::uint8_t { strict, lenient };

// Why a value that is valid under `writer` may be invalid under `reader`, at most evolution::kDifferencesMax; nothing:
// every such value is valid, as far as README.md's assumptions hold. What takes too many steps to judge is a
// difference.
std::vector<evolution::Difference> differences(const SchemaText& reader, const SchemaText& writer, Policy policy,
                                               evolution::Sides sides = {});

}  // namespace weft::json_schema
