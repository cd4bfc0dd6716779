#include "base/json_value.h"

#include <cmath>
#include <cstdlib>
#include <unordered_map>

#include "base/check.h"

namespace weft::json {
namespace {

constexpr std::size_t kIndexedFrom = 16;
constexpr std::size_t kReserved = 4;  // Of an object's members at first: most have some.

const Value& null_value() {
  static const Value kNull;
  return kNull;
}

}  // namespace

// Positions by key; made when an object grows past kIndexedFrom members.
struct Object::Index {
  std::unordered_map<std::string, std::size_t> at;
};

Object::Object() = default;
Object::~Object() = default;
Object::Object(Object&&) noexcept = default;
Object& Object::operator=(Object&&) noexcept = default;
Object::Object(const Object& other) : members_(other.members_) {}
Object& Object::operator=(const Object& other) {
  if (this != &other) {
    members_ = other.members_;
    index_.reset();
  }
  return *this;
}
Object::Object(std::initializer_list<Member> members) {
  for (const Member& member : members) set(member.key, member.value);
}

void Object::reindex() const {
  index_ = std::make_unique<Index>();
  for (std::size_t i = 0; i < members_.size(); ++i) index_->at.emplace(members_[i].key, i);
}

const Value* Object::find(std::string_view key) const {
  if (members_.size() < kIndexedFrom) {
    for (const Member& member : members_) {
      if (member.key == key) return &member.value;
    }
    return nullptr;
  }
  // Only mutation drops the index, and add() and set() restore it, so that shared objects are only read.
  if (!index_) {
    for (const Member& member : members_) {
      if (member.key == key) return &member.value;
    }
    return nullptr;
  }
  const auto found = index_->at.find(std::string(key));
  return found == index_->at.end() ? nullptr : &members_[found->second].value;
}

Value* Object::find(std::string_view key) { return const_cast<Value*>(std::as_const(*this).find(key)); }

Value& Object::set(std::string_view key, Value value) {
  if (Value* old = find(key)) {
    *old = std::move(value);
    return *old;
  }
  add(std::string(key), std::move(value));
  return members_.back().value;
}

bool Object::add(std::string key, Value value) {
  if (members_.size() >= kIndexedFrom && !index_) reindex();
  if (find(key) != nullptr) return false;
  if (index_) index_->at.emplace(key, members_.size());
  if (members_.capacity() == 0) members_.reserve(kReserved);
  members_.emplace_back(std::move(key), std::move(value));
  if (members_.size() == kIndexedFrom) reindex();
  return true;
}

bool Object::erase(std::string_view key) {
  for (auto member = members_.begin(); member != members_.end(); ++member) {
    if (member->key != key) continue;
    members_.erase(member);
    index_.reset();
    if (members_.size() >= kIndexedFrom) reindex();
    return true;
  }
  return false;
}

std::vector<Member>::const_iterator Object::begin() const { return members_.begin(); }
std::vector<Member>::const_iterator Object::end() const { return members_.end(); }
std::vector<Member>::iterator Object::begin() { return members_.begin(); }
std::vector<Member>::iterator Object::end() { return members_.end(); }

bool operator==(const Object& a, const Object& b) {
  if (a.size() != b.size()) return false;
  for (const Member& member : a) {
    const Value* other = b.find(member.key);
    if (other == nullptr || !(*other == member.value)) return false;
  }
  return true;
}

Value::Value(unsigned long value) {
  if (value <= static_cast<unsigned long>(INT64_MAX)) {
    data_ = static_cast<std::int64_t>(value);
  } else {
    data_ = Literal{std::to_string(value)};
  }
}

bool Value::boolean() const {
  CHECK(is_boolean());
  return std::get<bool>(data_);
}
std::int64_t Value::integer() const {
  CHECK(is_integer());
  return std::get<std::int64_t>(data_);
}
double Value::number() const {
  CHECK(is_number());
  if (is_integer()) return static_cast<double>(std::get<std::int64_t>(data_));
  if (is_real()) return std::get<double>(data_);
  return std::strtod(std::get<Literal>(data_).text.c_str(), nullptr);
}
const std::string& Value::text() const {
  CHECK(is_text());
  return std::get<std::string>(data_);
}
const Literal& Value::literal() const {
  CHECK(is_literal());
  return std::get<Literal>(data_);
}
const Array& Value::array() const {
  CHECK(is_array());
  return std::get<Array>(data_);
}
Array& Value::array() {
  CHECK(is_array());
  return std::get<Array>(data_);
}
const Object& Value::object() const {
  CHECK(is_object());
  return std::get<Object>(data_);
}
Object& Value::object() {
  CHECK(is_object());
  return std::get<Object>(data_);
}

const Value& Value::operator[](std::string_view key) const {
  if (!is_object()) return null_value();
  const Value* found = object().find(key);
  return found == nullptr ? null_value() : *found;
}

bool operator==(const Value& a, const Value& b) { return a.data_ == b.data_; }

}  // namespace weft::json
