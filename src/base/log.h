#pragma once

#include <string>
#include <string_view>

#include "base/format.h"
#include "base/json_value.h"

namespace weft::log {

enum class Level { debug, info, warning, error };
enum class Form { text, json };

// One line an event on standard error. Call once at start; before that: text, from `info`.
void configure(Level level, Form form);
bool enabled(Level level);

// A structured event: `log::event(Level::info, "http.request", {{"id", id}, {"status", 200}})`.
// Values of secrets never come here: pass ids, not tokens.
void event(Level level, std::string_view name, const json::Object& fields);
void write(Level level, std::string_view message);

}  // namespace weft::log

#define LOG(level, ...)                                                           \
  do {                                                                            \
    if (::weft::log::enabled(::weft::log::Level::level))                          \
      ::weft::log::write(::weft::log::Level::level, ::weft::format(__VA_ARGS__)); \
  } while (false)
