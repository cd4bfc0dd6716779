#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "formats/json_schema/compatibility.h"
#include "formats/json_schema/spot.h"
#include "formats/json_schema/types.h"

namespace weft::json_schema {

// Proves for two schemas that every value of the writer's is one of the reader's, or tells where that fails. Both are
// taken as conjunctions: each part of the reader's must follow from some part of the writer's. Not thread-safe.
class Comparison {
 public:
  Comparison(Policy policy, evolution::Sides sides) : policy_(policy), sides_(sides) {}

  std::vector<evolution::Difference> run(const Spot& reader, const Spot& writer);

 private:
  // From the place that is looked at to the root.
  struct Trail {
    const Trail* up = nullptr;
    std::string_view keyword, name = {};
    std::optional<std::size_t> index = {};
  };
  using Differences = std::vector<evolution::Difference>;
  // Where a difference goes: nowhere when it is null, and then the first one ends the matter.
  struct At {
    const Trail* trail = nullptr;
    Differences* differences = nullptr;
  };
  // The writer's schema, of whose values only those of some types are meant.
  struct Writer {
    Spot spot;
    std::uint8_t types = kAnyType;
    const Parts* parts = nullptr;
    Spot plain = {};  // The plain part that is looked at; without a place there is none.
  };
  enum class Facet : std::uint8_t { types, values, numbers, texts, items, members };
  struct Pair {
    const Library* reader_library;
    std::uint32_t reader;
    const Library* writer_library;
    std::uint32_t writer;
    std::uint8_t types;
    auto operator<=>(const Pair&) const = default;
  };
  struct Active {
    std::size_t index;  // In the order in which they began.
    std::size_t level;
  };
  static constexpr std::uint32_t kEmptySchema = 0xFFFFFFFF;
  static constexpr std::size_t kNoneActive = static_cast<std::size_t>(-1);

  // comparison.cpp: pairs and parts.
  bool compare(const At& at, const Spot& reader, const Spot& writer, std::uint8_t types = kAnyType);
  bool compare_below(const At& at, const Spot& reader, const Spot& writer);  // Values within the value.
  bool compare_parts(const At& at, const Spot& reader, const Spot& writer, std::uint8_t types);
  bool covers(const Spot& reader, const Spot& writer, std::uint8_t types = kAnyType) {
    return compare({}, reader, writer, types);
  }
  bool covers_below(const Spot& reader, const Spot& writer) { return compare_below({}, reader, writer); }
  bool compare_part(const At& at, const Part& part, std::size_t reader_parts, const Writer& writer);
  bool compare_plain(const At& at, const Part& part, std::size_t reader_parts, const Writer& writer);
  bool follows(Facet facet, const Spot& reader, const Writer& writer, int depth);
  bool compare_facet(const At& at, Facet facet, const Spot& reader, const Writer& writer);
  bool differ(const At& at, std::string_view type, std::string_view keyword = {}, std::string_view name = {},
              std::string detail = {});
  Writer writer_of(const Spot& spot, std::uint8_t types);
  bool is_required(const Writer& writer, std::string_view name);
  bool is_exhausted();
  // Nothing more is to be found out.
  bool is_over(bool is_ok, const At& at) { return (!is_ok && at.differences == nullptr) || is_exhausted(); }

  // compare_combined.cpp: alternatives, negations, conditions.
  bool compare_sum(const At& at, const Part& part, const Writer& writer);
  bool is_sum_matched(const Part& part, const Part& other);
  std::size_t matched(const std::vector<Spot>& readers, const std::vector<Spot>& writers, std::vector<bool>& used);
  bool is_covered_by_branch(const Part& part, const Writer& writer, std::uint8_t types);
  bool compare_negation(const At& at, const Part& part, const Writer& writer);
  bool compare_condition(const At& at, const Part& part, const Writer& writer);

  // compare_values.cpp: one value by itself.
  bool compare_types(const At& at, const Spot& reader, const Writer& writer);
  bool compare_values(const At& at, const Spot& reader, const Writer& writer);
  bool compare_numbers(const At& at, const Spot& reader, const Writer& writer);
  bool compare_texts(const At& at, const Spot& reader, const Writer& writer);
  enum class Count : std::uint8_t { least, most };
  bool compare_count(const At& at, const Spot& reader, const Spot& writer, std::string_view keyword,
                     std::string_view name, Count count);

  // compare_members.cpp, compare_items.cpp: values within values.
  bool compare_members(const At& at, const Spot& reader, const Writer& writer);
  bool compare_properties(const At& at, const Spot& reader, const Writer& writer);
  bool compare_added(const At& at, const std::string& name, const Spot& added, const Spot& reader,
                     const Writer& writer);
  bool compare_removed(const At& at, const std::string& name, const Spot& removed, const Spot& reader);
  bool compare_required(const At& at, const Spot& reader, const Writer& writer);
  bool compare_patterns(const At& at, const Spot& reader, const Spot& writer);
  bool is_new_pattern_covered(const std::string& pattern, const Spot& added, const Spot& writer);
  bool compare_dropped_pattern(const At& at, const Spot& dropped, const Spot& reader);
  bool compare_patterns_of_name(const At& at, const std::string& name, const Spot& reader, const Spot& writer);
  bool compare_dependencies(const At& at, const Spot& reader, const Spot& writer);
  bool compare_dependency(const At& at, const json::Member& dependency, std::string_view keyword, const Spot& reader,
                          const Spot& writer);
  bool compare_rest(const At& at, const Rest& reader, const Rest& writer, std::string_view prefix);
  bool compare_unevaluated(const At& at, std::string_view keyword, std::string_view prefix, const Spot& reader,
                           const Writer& writer);
  bool is_identical(const Spot& reader, const Spot& writer);
  bool compare_names(const At& at, const Spot& reader, const Spot& writer);
  Rest rest_for(const Spot& spot, const std::string& name, Count certainty);
  bool compare_items(const At& at, const Spot& reader, const Writer& writer);
  bool compare_positions(const At& at, const Spot& reader, const Spot& writer);
  bool compare_contains(const At& at, const Spot& reader, const Spot& writer);

  Policy policy_;
  evolution::Sides sides_;
  Anatomy anatomy_;
  std::map<Pair, bool> results_;
  std::map<Pair, Active> active_;
  std::set<Pair> told_;               // Pairs whose differences are listed already.
  std::size_t lowest_ = kNoneActive;  // The earliest active pair that the current answer rests on.
  std::size_t level_ = 0;             // Of values within values.
  bool is_exhausted_ = false;
};

// The sentence for a difference of this type; with $path, $reader and $writer to be filled in.
std::string_view words_of(std::string_view difference);

}  // namespace weft::json_schema
