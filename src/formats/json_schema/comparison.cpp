#include "formats/json_schema/comparison.h"

#include <algorithm>

#include "base/text.h"

namespace weft::json_schema {
namespace {

constexpr int kSumsDepthMax = 8;  // Alternatives of alternatives that a part is looked for in.

void replace(std::string& text, std::string_view placeholder, std::string_view value) {
  for (auto at = text.find(placeholder); at != std::string::npos; at = text.find(placeholder, at + value.size()))
    text.replace(at, placeholder.size(), value);
}

std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

}  // namespace

std::vector<evolution::Difference> Comparison::run(const Spot& reader, const Spot& writer) {
  Differences all;
  compare({.trail = nullptr, .differences = &all}, reader, writer);
  if (is_exhausted()) {
    if (all.size() >= evolution::kDifferencesMax) all.pop_back();
    differ({.trail = nullptr, .differences = &all}, "COMPARISON_LIMIT_REACHED");
  }
  return all;
}

// Always false. Once the steps are used up nothing can be proved, which is told once, by run().
bool Comparison::differ(const At& at, std::string_view type, std::string_view keyword, std::string_view name,
                        std::string detail) {
  const bool is_limit = type == "COMPARISON_LIMIT_REACHED";
  if (at.differences == nullptr || at.differences->size() >= evolution::kDifferencesMax) return false;
  if (is_exhausted_ && !is_limit) return false;
  std::vector<std::string> parts;
  const Trail last{.up = at.trail, .keyword = keyword, .name = name};
  for (const Trail* trail = keyword.empty() ? at.trail : &last; trail != nullptr; trail = trail->up) {
    std::string part = "/" + std::string(trail->keyword);
    if (trail->index) part += "/" + std::to_string(*trail->index);
    if (trail->name.data() != nullptr) part += "/" + escaped(trail->name);
    parts.push_back(std::move(part));
  }
  std::reverse(parts.begin(), parts.end());
  const std::string path = "#" + text::join(parts, "");
  std::string words(words_of(type));
  replace(words, "$reader", sides_.reader);
  replace(words, "$writer", sides_.writer);
  replace(words, "$path", path);
  at.differences->push_back(
      {.type = std::string(type), .path = path, .description = std::move(words), .detail = std::move(detail)});
  return false;
}

Comparison::Writer Comparison::writer_of(const Spot& spot, std::uint8_t types) {
  return {
      .spot = spot, .types = static_cast<std::uint8_t>(anatomy_.types(spot) & types), .parts = &anatomy_.parts(spot)};
}

bool Comparison::is_exhausted() {
  is_exhausted_ = is_exhausted_ || anatomy_.is_exhausted() || active_.size() >= kComparisonDepthMax;
  return is_exhausted_;
}

bool Comparison::is_required(const Writer& writer, std::string_view name) {
  anatomy_.spend(writer.parts->size() / 8);
  return std::any_of(writer.parts->begin(), writer.parts->end(), [&](const Part& part) {
    return part.kind == Part::Kind::plain && anatomy_.required(part.spot).contains(name);
  });
}

// A pair that is met again within itself holds if nothing else speaks against it, provided that the values within were
// entered in between; else a schema that refers to itself in place would prove anything. An answer that rests on such
// an assumption is kept only when the pair that was assumed is through.
bool Comparison::compare(const At& at, const Spot& reader, const Spot& writer, std::uint8_t types) {
  anatomy_.spend(1);
  if (is_exhausted()) return false;
  const auto number = [](const Spot& spot) { return spot.place == nullptr ? kEmptySchema : spot.place->number; };
  const Pair pair{.reader_library = reader.library,
                  .reader = number(reader),
                  .writer_library = writer.library,
                  .writer = number(writer),
                  .types = types};
  if (const auto active = active_.find(pair); active != active_.end()) {
    if (active->second.level == level_) return false;
    lowest_ = std::min(lowest_, active->second.index);
    return true;
  }
  if (const auto known = results_.find(pair); known != results_.end()) {
    if (known->second || at.differences == nullptr || told_.contains(pair)) return known->second;
  }
  const std::size_t index = active_.size();
  const std::size_t outer_lowest = std::exchange(lowest_, kNoneActive);
  active_.emplace(pair, Active{.index = index, .level = level_});
  const bool is_covered = compare_parts(at, reader, writer, types);
  active_.erase(pair);
  if (!is_covered && !is_exhausted_) results_[pair] = false;
  if (is_covered && lowest_ >= index) results_[pair] = true;
  if (!is_covered && at.differences != nullptr) told_.insert(pair);
  lowest_ = std::min(outer_lowest, lowest_ < index ? lowest_ : kNoneActive);
  return is_covered;
}

bool Comparison::compare_below(const At& at, const Spot& reader, const Spot& writer) {
  ++level_;
  const bool is_covered = compare(at, reader, writer);
  --level_;
  return is_covered;
}

bool Comparison::compare_parts(const At& at, const Spot& reader, const Spot& writer, std::uint8_t types) {
  const Parts& parts = anatomy_.parts(reader);
  if (parts.empty()) return true;
  const Writer whole = writer_of(writer, types);
  if (whole.types == 0) return true;
  bool ok = true;
  for (const Part& part : parts) {
    ok = compare_part(at, part, parts.size(), whole) && ok;
    if (is_over(ok, at)) return false;
  }
  return ok;
}

bool Comparison::compare_part(const At& at, const Part& part, std::size_t reader_parts, const Writer& writer) {
  switch (part.kind) {
    case Part::Kind::plain:
      return compare_plain(at, part, reader_parts, writer);
    case Part::Kind::any:
    case Part::Kind::one:
      return compare_sum(at, part, writer);
    case Part::Kind::none:
      return compare_negation(at, part, writer);
    case Part::Kind::condition:
      return compare_condition(at, part, writer);
    case Part::Kind::never:
      break;
  }
  return differ(at, "TYPE_CHANGED");
}

bool Comparison::compare_plain(const At& at, const Part& part, std::size_t reader_parts, const Writer& writer) {
  constexpr Facet kFacets[] = {Facet::types, Facet::values, Facet::numbers, Facet::texts, Facet::items, Facet::members};
  const auto is_plain = [](const Part& each) { return each.kind == Part::Kind::plain; };
  const auto plain = std::count_if(writer.parts->begin(), writer.parts->end(), is_plain);
  bool ok = true;
  for (const Facet facet : kFacets) {
    if (follows(facet, part.spot, writer, 0)) continue;
    if (at.differences == nullptr) return false;
    if (part.is_product && reader_parts > writer.parts->size()) return differ(at, "PRODUCT_TYPE_EXTENDED");
    if (part.is_product && writer.parts->size() > 1) return differ(at, "COMBINED_TYPE_SUBSCHEMAS_CHANGED");
    if (plain == 0 && !writer.parts->empty()) {
      const bool has_some = facet == Facet::types && (own_types(part.spot) & writer.types) != 0;
      return differ(at, has_some ? "SUM_TYPE_NARROWED" : "COMBINED_TYPE_CHANGED");
    }
    Writer nearest = writer;
    const auto first = std::find_if(writer.parts->begin(), writer.parts->end(), is_plain);
    if (first != writer.parts->end()) nearest.plain = first->spot;
    ok = compare_facet(at, facet, part.spot, nearest) && ok;
    if (facet == Facet::types) return false;  // What else there is would be said of other values.
  }
  return ok;
}

// Whether what the reader says of one facet follows from a part of the writer's, or from each of some alternatives.
bool Comparison::follows(Facet facet, const Spot& reader, const Writer& writer, int depth) {
  if (is_exhausted()) return false;
  if (writer.types == 0) return true;
  Writer looked_at = writer;
  if (compare_facet({}, facet, reader, looked_at)) return true;
  for (const Part& part : *writer.parts) {
    if (part.kind != Part::Kind::plain || is_exhausted()) continue;
    looked_at.plain = part.spot;
    if (compare_facet({}, facet, reader, looked_at)) return true;
  }
  if (depth >= kSumsDepthMax) return false;
  for (const Part& part : *writer.parts) {
    if (part.kind != Part::Kind::any && part.kind != Part::Kind::one) continue;
    const auto all = branches(part);
    anatomy_.spend(all.size());
    if (std::all_of(all.begin(), all.end(), [&](const Spot& branch) {
          return follows(facet, reader, writer_of(branch, writer.types), depth + 1);
        }))
      return true;
  }
  return false;
}

bool Comparison::compare_facet(const At& at, Facet facet, const Spot& reader, const Writer& writer) {
  anatomy_.spend(1);
  switch (facet) {
    case Facet::types:
      return compare_types(at, reader, writer);
    case Facet::values:
      return compare_values(at, reader, writer);
    case Facet::numbers:
      return compare_numbers(at, reader, writer);
    case Facet::texts:
      return compare_texts(at, reader, writer);
    case Facet::items:
      return compare_items(at, reader, writer);
    case Facet::members:
      return compare_members(at, reader, writer);
  }
  return false;
}

std::vector<evolution::Difference> differences(const SchemaText& reader, const SchemaText& writer, Policy policy,
                                               evolution::Sides sides) {
  const Library &of_reader = reader.library(), &of_writer = writer.library();
  // Also what takes too long to judge can be read by itself.
  if (of_reader.is_same(of_writer)) return {};
  return Comparison(policy, sides)
      .run({.library = &of_reader, .place = &of_reader.root()}, {.library = &of_writer, .place = &of_writer.root()});
}

}  // namespace weft::json_schema
