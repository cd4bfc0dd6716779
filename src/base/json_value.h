#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace weft::json {

class Value;
struct Member;

using Array = std::vector<Value>;

// An object in the order it was written. Keys are unique: set() replaces. find() is linear below a small
// size and indexed above it, so that hostile documents cost no quadratic time.
class Object {
 public:
  Object();
  Object(std::initializer_list<Member> members);
  Object(const Object&);
  Object(Object&&) noexcept;
  Object& operator=(const Object&);
  Object& operator=(Object&&) noexcept;
  ~Object();

  const Value* find(std::string_view key) const;
  Value* find(std::string_view key);
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  Value& set(std::string_view key, Value value);
  // Appends unless the key stands already; false when it does.
  bool add(std::string key, Value value);
  bool erase(std::string_view key);

  std::size_t size() const;
  bool empty() const;
  std::vector<Member>::const_iterator begin() const;
  std::vector<Member>::const_iterator end() const;
  std::vector<Member>::iterator begin();
  std::vector<Member>::iterator end();

  friend bool operator==(const Object&, const Object&);

 private:
  struct Index;
  void reindex() const;
  std::vector<Member> members_;
  mutable std::unique_ptr<Index> index_;
};

// A number that fits neither std::int64_t nor a double without loss, kept as it was written.
struct Literal {
  std::string text;
  friend bool operator==(const Literal&, const Literal&) = default;
};

// A JSON value. Integers that fit stay exact; larger ones keep their text (Literal).
class Value {
 public:
  Value() = default;
  Value(std::nullptr_t) {}
  Value(bool value) : data_(value) {}
  Value(int value) : data_(std::int64_t{value}) {}
  Value(long value) : data_(std::int64_t{value}) {}
  Value(long long value) : data_(std::int64_t{value}) {}
  Value(unsigned value) : data_(std::int64_t{value}) {}
  Value(unsigned long value);
  Value(unsigned long long value) : Value(static_cast<unsigned long>(value)) {}
  Value(double value) : data_(value) {}
  Value(Literal value) : data_(std::move(value)) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(Array value) : data_(std::move(value)) {}
  Value(Object value) : data_(std::move(value)) {}
  template <class T>
  Value(const std::optional<T>& value) : Value(value ? Value(*value) : Value()) {}

  bool is_null() const { return data_.index() == 0; }
  bool is_boolean() const { return std::holds_alternative<bool>(data_); }
  bool is_integer() const { return std::holds_alternative<std::int64_t>(data_); }
  bool is_real() const { return std::holds_alternative<double>(data_); }
  bool is_literal() const { return std::holds_alternative<Literal>(data_); }
  bool is_number() const { return is_integer() || is_real() || is_literal(); }
  bool is_text() const { return std::holds_alternative<std::string>(data_); }
  bool is_array() const { return std::holds_alternative<Array>(data_); }
  bool is_object() const { return std::holds_alternative<Object>(data_); }

  // Each CHECKs the kind.
  bool boolean() const;
  std::int64_t integer() const;
  double number() const;  // Any number, as the nearest double.
  const std::string& text() const;
  const Literal& literal() const;
  const Array& array() const;
  Array& array();
  const Object& object() const;
  Object& object();

  // The member of an object, or a null value when this is no object or has no such member: for reading
  // documents that were validated before, `value["a"]["b"]` never fails.
  const Value& operator[](std::string_view key) const;
  std::string_view text_or(std::string_view otherwise) const {
    return is_text() ? std::string_view(text()) : otherwise;
  }
  std::int64_t integer_or(std::int64_t otherwise) const { return is_integer() ? integer() : otherwise; }
  bool boolean_or(bool otherwise) const { return is_boolean() ? boolean() : otherwise; }

  friend bool operator==(const Value&, const Value&);

 private:
  std::variant<std::nullptr_t, bool, std::int64_t, double, Literal, std::string, Array, Object> data_;
};

struct Member {
  std::string key;
  Value value;
  friend bool operator==(const Member&, const Member&) = default;
};

inline std::size_t Object::size() const { return members_.size(); }
inline bool Object::empty() const { return members_.empty(); }

}  // namespace weft::json
