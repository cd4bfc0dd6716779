#include "product/registry/names.h"

#include <algorithm>

#include "base/text.h"
#include "product/registry/errors.h"

namespace weft::registry {
namespace {

bool is_context_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '.' ||
         byte == '_' || byte == '-';
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char byte) { return static_cast<unsigned char>(byte) < 0x20; });
}

}  // namespace

std::string to_string(const Subject& subject) {
  if (subject.context == kDefaultContext) return subject.name;
  return ":" + subject.context + ":" + subject.name;
}

Result<std::string> parse_context(std::string_view text) {
  std::string name(text);
  if (name.starts_with(':')) name.erase(0, 1);
  if (name.ends_with(':')) name.pop_back();
  if (name.empty()) return std::string(kDefaultContext);
  if (!name.starts_with('.')) name.insert(0, ".");
  if (name.size() > kNameBytesMax || !std::all_of(name.begin(), name.end(), is_context_byte)) {
    return refuse(Code::invalid_subject, format("The specified context '{}' is not a valid context", text));
  }
  return name;
}

Result<Subject> parse_subject(std::string_view text, std::string_view context) {
  Subject subject{.context = std::string(context), .name = std::string(text)};
  if (text.starts_with(':')) {
    const auto end = text.find(':', 1);
    if (end != std::string_view::npos) {
      subject.context = TRY(parse_context(text.substr(0, end)));
      subject.name = text.substr(end + 1);
    }
  }
  if (subject.name.size() > kNameBytesMax || has_control(subject.name) || subject.name == "__GLOBAL" ||
      subject.name == "__EMPTY") {
    return refuse(Code::invalid_subject, format("The specified subject '{}' is not a valid subject", text));
  }
  return subject;
}

bool SubjectPrefix::covers(const Subject& subject) const {
  return (all_contexts || subject.context == context) && subject.name.starts_with(name);
}

SubjectPrefix parse_prefix(std::string_view text, std::string_view context) {
  if (text.starts_with(":*:")) return {.all_contexts = true, .context = {}, .name = std::string(text.substr(3))};
  SubjectPrefix prefix{.context = std::string(context), .name = std::string(text)};
  if (text.starts_with(':')) {
    const auto end = text.find(':', 1);
    if (end != std::string_view::npos) {
      prefix.context = parse_context(text.substr(0, end)).value_or(std::string(context));
      prefix.name = text.substr(end + 1);
    }
  }
  return prefix;
}

std::string_view domain_of(std::string_view context) {
  return context == kGlobalContext ? std::string_view() : context.substr(1);
}

}  // namespace weft::registry
