#pragma once

#include <string>
#include <vector>

#include "app/app.h"

namespace weft::doctor {

enum class Verdict { ok, warning, failed };
std::string_view to_string(Verdict verdict);

struct Finding {
  std::string check;  // "engine.fences".
  Verdict verdict = Verdict::ok;
  std::string message;  // With the next step where one is due.
};

// Runs all checks; each gives findings and never fails itself.
std::vector<Finding> examine(App& app);

}  // namespace weft::doctor
