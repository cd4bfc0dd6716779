#pragma once

#include "product/registry/registry.h"

namespace weft::registry {

// A proposal that was read and filled in by the subject's settings: ready to be compared and stored.
struct Registry::Draft {
  Parsed parsed;
  SchemaText schema;
  std::string digest;
  json::Value metadata, rules;
  Settings settings;
};

}  // namespace weft::registry
