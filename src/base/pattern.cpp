#include "base/pattern.h"

#include <re2/re2.h>

namespace weft {
namespace {

const RE2& of(const std::shared_ptr<const void>& compiled) { return *static_cast<const RE2*>(compiled.get()); }

// RE2 calls it a bad escape, like any other that it does not know.
bool is_back_reference(const RE2& compiled) {
  const std::string& said = compiled.error_arg();
  return compiled.error_code() == RE2::ErrorBadEscape && said.size() == 2 &&
         ((said[1] >= '1' && said[1] <= '9') || said[1] == 'k');
}

}  // namespace

Result<Pattern> Pattern::compile(std::string_view expression) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(16 << 20);
  auto compiled = std::make_shared<RE2>(re2::StringPiece(expression.data(), expression.size()), options);
  if (!compiled->ok()) {
    if (compiled->error_code() == RE2::ErrorBadPerlOp || is_back_reference(*compiled)) {
      return fail(ErrorKind::unsupported, "pattern.unsupported",
                  "the pattern {} uses {}: look-around and back references do not run in linear time", expression,
                  compiled->error_arg());
    }
    return fail(ErrorKind::invalid, "pattern.malformed", "the pattern {} is malformed: {}", expression,
                compiled->error());
  }
  Pattern pattern;
  pattern.compiled_ = std::move(compiled);
  return pattern;
}

bool Pattern::found_in(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), of(compiled_));
}
bool Pattern::matches_all(std::string_view text) const {
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), of(compiled_));
}

}  // namespace weft
