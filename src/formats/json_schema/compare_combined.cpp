#include <algorithm>
#include <functional>

#include "formats/json_schema/comparison.h"

namespace weft::json_schema {
namespace {

// A maximum matching of readers with writers, as pairs that may stand together allow it: by augmenting paths.
class Matching {
 public:
  explicit Matching(const std::vector<std::vector<std::size_t>>& readers_of, std::size_t readers)
      : readers_of_(readers_of), writer_of_(readers, kFree) {}

  std::size_t size() {
    std::size_t matched = 0;
    for (std::size_t writer = 0; writer < readers_of_.size(); ++writer) {
      visited_.assign(writer_of_.size(), false);
      if (place(writer)) ++matched;
    }
    return matched;
  }
  bool is_used(std::size_t reader) const { return writer_of_[reader] != kFree; }

 private:
  static constexpr std::size_t kFree = static_cast<std::size_t>(-1);

  bool place(std::size_t writer) {
    for (const std::size_t reader : readers_of_[writer]) {
      if (visited_[reader]) continue;
      visited_[reader] = true;
      if (writer_of_[reader] == kFree || place(writer_of_[reader])) {
        writer_of_[reader] = writer;
        return true;
      }
    }
    return false;
  }

  const std::vector<std::vector<std::size_t>>& readers_of_;
  std::vector<std::size_t> writer_of_;
  std::vector<bool> visited_;
};

bool is_sum(const Part& part) { return part.kind == Part::Kind::any || part.kind == Part::Kind::one; }

}  // namespace

bool Comparison::compare_sum(const At& at, const Part& part, const Writer& writer) {
  const auto all = branches(part);
  anatomy_.spend(all.size());
  const Part* nearest = nullptr;
  for (const Part& other : *writer.parts) {
    if (!is_sum(other)) continue;
    if (nearest == nullptr || other.kind == part.kind) nearest = &other;
    if (is_sum_matched(part, other)) return true;
  }
  if (is_covered_by_branch(part, writer, writer.types)) return true;
  // A list of types is a sum, too: each of them may have its own branch.
  bool is_by_type = nearest == nullptr;
  for (int bit = 1; bit < kAnyType && is_by_type; bit <<= 1) {
    const auto one = static_cast<std::uint8_t>(writer.types & bit);
    is_by_type = one != writer.types && (one == 0 || is_covered_by_branch(part, writer, one));
  }
  if (is_by_type) return true;
  if (at.differences == nullptr) return false;
  const std::string_view keyword = part.kind == Part::Kind::any ? "anyOf" : "oneOf";
  if (nearest == nullptr || (nearest->kind == Part::Kind::any && part.kind == Part::Kind::one))
    return differ(at, "COMBINED_TYPE_CHANGED", keyword);
  const auto theirs = branches(*nearest).size();
  return differ(at, theirs > all.size() ? "SUM_TYPE_NARROWED" : "COMBINED_TYPE_SUBSCHEMAS_CHANGED", keyword);
}

// Values that fit several branches of an anyOf may fit none of a oneOf, so that one way only is safe.
bool Comparison::is_sum_matched(const Part& part, const Part& other) {
  if (part.kind == Part::Kind::one && other.kind == Part::Kind::any) return false;
  const auto readers = branches(part), writers = branches(other);
  if (writers.size() > readers.size()) return false;
  if (readers.size() > kBranchesMax) {
    is_exhausted_ = true;
    return false;
  }
  std::vector<bool> used;
  if (matched(readers, writers, used) < writers.size()) return false;
  if (part.kind == Part::Kind::any || policy_ == Policy::lenient) return true;
  // What a new branch of a oneOf takes as well as an old one does has two forms now, where one is wanted.
  for (std::size_t i = 0; i < readers.size(); ++i) {
    if (used[i]) continue;
    if (std::any_of(writers.begin(), writers.end(), [&](const Spot& each) { return covers(readers[i], each); }))
      return false;
  }
  return true;
}

std::size_t Comparison::matched(const std::vector<Spot>& readers, const std::vector<Spot>& writers,
                                std::vector<bool>& used) {
  std::vector<std::vector<std::size_t>> readers_of(writers.size());
  for (std::size_t writer = 0; writer < writers.size() && !is_exhausted(); ++writer) {
    for (std::size_t reader = 0; reader < readers.size(); ++reader) {
      if (covers(readers[reader], writers[writer])) readers_of[writer].push_back(reader);
    }
    if (readers_of[writer].empty()) return 0;
  }
  Matching matching(readers_of, readers.size());
  const std::size_t size = matching.size();
  for (std::size_t i = 0; i < readers.size(); ++i) used.push_back(matching.is_used(i));
  return size;
}

bool Comparison::is_covered_by_branch(const Part& part, const Writer& writer, std::uint8_t types) {
  const auto all = branches(part);
  const auto covering =
      std::count_if(all.begin(), all.end(), [&](const Spot& each) { return covers(each, writer.spot, types); });
  return part.kind == Part::Kind::any || policy_ == Policy::lenient ? covering > 0 : covering == 1;
}

// What the reader forbids, the writer must forbid; or it writes values of other types alone.
bool Comparison::compare_negation(const At& at, const Part& part, const Writer& writer) {
  const Spot forbidden = *part.spot.child("not");
  if ((anatomy_.types(forbidden) & writer.types) == 0) return true;
  for (const Part& other : *writer.parts) {
    if (other.kind != Part::Kind::none) continue;
    if (covers(*other.spot.child("not"), forbidden, writer.types)) return true;
  }
  return differ(at, "NOT_TYPE_EXTENDED", "not");
}

bool Comparison::compare_condition(const At& at, const Part& part, const Writer& writer) {
  if (policy_ == Policy::lenient) return true;
  const Spot condition = *part.spot.child("if");
  const auto branch = [](const Part& of, std::string_view keyword) { return of.spot.child(keyword).value_or(Spot()); };
  const Spot then = branch(part, "then"), otherwise = branch(part, "else");
  bool has_other = false;
  for (const Part& other : *writer.parts) {
    if (other.kind != Part::Kind::condition) continue;
    has_other = true;
    const Spot theirs = *other.spot.child("if");
    if (covers(condition, theirs) && covers(theirs, condition) && covers(then, branch(other, "then")) &&
        covers(otherwise, branch(other, "else")))
      return true;
  }
  if (covers(then, writer.spot, writer.types) && covers(otherwise, writer.spot, writer.types)) return true;
  return differ(at, has_other ? "CONDITION_CHANGED" : "CONDITION_ADDED", "if");
}

}  // namespace weft::json_schema
