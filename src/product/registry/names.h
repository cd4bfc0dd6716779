#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weft::registry {

inline constexpr std::string_view kDefaultContext = ".";
inline constexpr std::string_view kGlobalContext = ".__GLOBAL";
inline constexpr std::size_t kNameBytesMax = 255;

// A subject in its context. An empty name stands for the context itself: its configuration and mode.
struct Subject {
  std::string context = std::string(kDefaultContext);
  std::string name;
  friend auto operator<=>(const Subject&, const Subject&) = default;
};

// ":.ctx:name"; in the default context the bare name.
std::string to_string(const Subject& subject);
// `text` as clients write it: "name" is in `context`, ":.ctx:name" says its own. 42208 for what no subject may be
// called.
Result<Subject> parse_subject(std::string_view text, std::string_view context = kDefaultContext);
// ".ctx" of "ctx", ".ctx" or ":.ctx:"; 42208.
Result<std::string> parse_context(std::string_view text);

// A prefix of subjects: ":*:" and ":*:name" go over all contexts.
struct SubjectPrefix {
  bool all_contexts = false;
  std::string context;
  std::string name;
  bool covers(const Subject& subject) const;
};
SubjectPrefix parse_prefix(std::string_view text, std::string_view context);

// The domain whose context it is: "aviation" of ".aviation"; "" of the default and the global context.
std::string_view domain_of(std::string_view context);

}  // namespace weft::registry
