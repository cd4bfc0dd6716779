#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/json_value.h"
#include "base/result.h"
#include "formats/json_schema/json_schema.h"
#include "formats/json_schema/keywords.h"

namespace weft::json_schema {

// A document, or the part of one that has a URI of its own.
struct Resource {
  std::string uri;
  const json::Value* root = nullptr;
  Draft draft = Draft::v7;
  bool has_assertions = true;  // False: its meta-schema leaves them out.
  std::map<std::string, const json::Value*, std::less<>> anchors;
  std::map<std::string, const json::Value*, std::less<>> dynamic_anchors;  // Of "$recursiveAnchor" the name is "".
};

struct Place {
  const json::Value* schema = nullptr;
  std::uint32_t resource = 0;
  std::uint32_t number = 0;  // In places(), once the library is open.
};

// A schema's document with its imports, every reference of it resolved. Immutable once open; the places point into it.
class Library {
 public:
  // Errors: those of Schema::compile(), but for what single keywords hold.
  static Result<std::shared_ptr<const Library>> open(json::Value document, const Options& options);

  // All schemas of the document, then those of imports that it reaches; first the root.
  const std::vector<Place>& places() const { return places_; }
  const Place& root() const { return places_.front(); }
  const Resource& resource_of(const Place& place) const { return resources_[place.resource]; }
  const std::deque<Resource>& resources() const { return resources_; }
  const Place& place_of(const json::Value& schema) const;  // CHECKs that it is one.
  const Place* reached(const json::Value& schema) const;   // Null: it is none of the places.
  // What a reference that stands in this schema leads to. CHECKs that it was resolved.
  const Place& target(std::string_view reference, const Place& from) const;
  bool is_same(const Library& other) const;  // By the documents and the imports' names.
  const json::Value& document() const { return *documents_.front(); }

 private:
  struct Opening;
  const json::Value* find(std::string_view reference, std::uint32_t resource) const;

  std::vector<std::unique_ptr<const json::Value>> documents_;
  std::deque<Resource> resources_;
  std::map<std::string, std::uint32_t, std::less<>> by_uri_;
  std::unordered_map<const json::Value*, std::uint32_t> resource_of_;  // Every schema that was seen, reached or not.
  std::unordered_map<const json::Value*, std::uint32_t> number_of_;
  std::vector<Place> places_;
};

}  // namespace weft::json_schema
