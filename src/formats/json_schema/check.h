#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "formats/json_schema/json_schema.h"
#include "formats/json_schema/program.h"

namespace weft::json_schema {

// Which members of an object, or items of an array, some schema has looked at. Small ones cost no allocation.
class Seen {
 public:
  void mark(std::size_t i) {
    if (i < 64) {
      first_ |= std::uint64_t{1} << i;
      return;
    }
    if (more_.size() <= i / 64 - 1) more_.resize(i / 64);
    more_[i / 64 - 1] |= std::uint64_t{1} << (i % 64);
  }
  void mark_all() { is_all_ = true; }
  bool has(std::size_t i) const {
    if (is_all_) return true;
    if (i < 64) return (first_ >> i & 1) != 0;
    return i / 64 - 1 < more_.size() && (more_[i / 64 - 1] >> (i % 64) & 1) != 0;
  }
  void add(const Seen& other) {
    is_all_ = is_all_ || other.is_all_;
    first_ |= other.first_;
    if (more_.size() < other.more_.size()) more_.resize(other.more_.size());
    for (std::size_t i = 0; i < other.more_.size(); ++i) more_[i] |= other.more_[i];
  }

 private:
  std::uint64_t first_ = 0;
  bool is_all_ = false;
  std::vector<std::uint64_t> more_;
};

// One check of one value. Without a place for violations it stops at the first, and allocates next to nothing.
class Check {
 public:
  using Found = std::vector<Violation>;

  explicit Check(const Program& program) : program_(program) {}

  bool allows(const json::Value& value) {
    return run(0, value, {.path = nullptr, .found = nullptr, .seen = nullptr, .scope = nullptr}) && !is_exhausted_;
  }
  void explain(const json::Value& value, Found& found);

 private:
  // From the value that is looked at to the root.
  struct Path {
    const Path* up = nullptr;
    std::string_view key;
    std::size_t index = 0;  // When the key is none.
    bool is_item = false;
  };
  // The resources that were entered, for dynamic references.
  struct Scope {
    const Scope* up = nullptr;
    std::uint32_t resource = 0;
  };
  struct At {
    const Path* path;
    Found* found;
    Seen* seen;  // Null: nobody asks.
    const Scope* scope;
  };

  bool run(std::int32_t number, const json::Value& value, At at);
  bool run_node(const Node& node, const json::Value& value, const At& at);
  bool keep_on(bool is_ok, const At& at) const { return is_ok || at.found != nullptr; }
  // Always false. The message is made only for who asks.
  template <class Message>
  bool no(const At& at, std::string_view keyword, const Message& message) {
    if (at.found != nullptr && at.found->size() < kViolationsMax) add(at, keyword, message());
    return false;
  }
  static void add(const At& at, std::string_view keyword, std::string message);
  bool exhausted(const At& at, std::string_view message);
  bool holds(std::int32_t number, const json::Value& value, const At& at) {
    return run(number, value, {.path = at.path, .found = nullptr, .seen = nullptr, .scope = at.scope});
  }
  std::int32_t overriding(const Dynamic& dynamic, const At& at) const;

  bool type(const Node& node, const json::Value& value, const At& at);
  bool values(const Values& values, const json::Value& value, const At& at);
  bool numbers(const Numbers& numbers, const json::Value& value, const At& at);
  bool texts(const Texts& texts, const std::string& value, const At& at);
  bool items(const Items& items, const json::Array& array, const At& at);
  bool item_counts(const Items& items, const json::Array& array, const At& at);
  bool contained(const Items& items, const json::Array& array, const At& at);
  bool members(const Members& members, const json::Object& object, const At& at);
  bool member(const Members& members, const Name* name, std::size_t index, const json::Member& member, const At& at);
  bool missing(const Members& members, const json::Object& object, const At& at);
  bool dependents(const Members& members, const json::Object& object, const json::Value& value, const At& at);
  bool combined(const Combined& combined, const json::Value& value, const At& at);
  bool alternatives(const std::vector<std::int32_t>& all, std::string_view keyword, const json::Value& value,
                    const At& at);
  bool fits(std::int32_t branch, const json::Value& value, const At& at);
  bool unevaluated_members(const Members& members, const json::Object& object, const At& at);
  bool unevaluated_items(const Items& items, const json::Array& array, const At& at);
  bool no_member(const Members& members, std::string_view key, std::string_view keyword, const At& at);

  const Program& program_;
  std::size_t steps_ = 0;
  int depth_ = 0;
  bool is_exhausted_ = false;
};

}  // namespace weft::json_schema
