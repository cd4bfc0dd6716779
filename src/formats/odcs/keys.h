#pragma once

#include <string_view>
#include <vector>

#include "formats/odcs/odcs.h"

namespace weft::odcs {

// A closed object of the standard: the keys it may have. Unknown keys are problems with «did you mean».
enum class Kind { text, boolean, integer, number, array, object, any };

struct Key {
  std::string_view name;
  Kind kind = Kind::any;
  bool is_required = false;
};

// Checks the keys and kinds of `value`; false when it is not even an object.
bool check_keys(const json::Value& value, const std::string& pointer, std::string_view what,
                const std::vector<Key>& keys, std::vector<Problem>& problems);

}  // namespace weft::odcs
