#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <memory>

#include "base/clock.h"
#include "base/json.h"

namespace weft::log {
namespace {

std::atomic<Level> g_level{Level::info};
std::atomic<Form> g_form{Form::text};

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> kLogger = [] {
    auto made = std::make_shared<spdlog::logger>("weft", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::warn);
    return made;
  }();
  return *kLogger;
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  return "info";
}

void emit(Level level, std::string_view line) {
  logger().log(level >= Level::warning ? spdlog::level::warn : spdlog::level::info, "{}", line);
}

std::string now_text() {
  return to_rfc3339(std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()));
}

// A line break in a logged value must not look like another line of the log, nor a control code move the terminal.
std::string one_line(std::string_view text) {
  std::string clean;
  for (const char c : text) clean += (c >= 0 && c < ' ') || c == 0x7f ? ' ' : c;
  return clean;
}

}  // namespace

void configure(Level level, Form form) {
  g_level = level;
  g_form = form;
}

bool enabled(Level level) { return level >= g_level.load(std::memory_order_relaxed); }

void event(Level level, std::string_view name, const json::Object& fields) {
  if (!enabled(level)) return;
  if (g_form == Form::json) {
    json::Object line{{"time", now_text()}, {"level", name_of(level)}, {"event", name}};
    for (const auto& [key, value] : fields) line.add(key, value);
    return emit(level, json::write(line));
  }
  std::string line = format("{} {} {}", now_text(), name_of(level), name);
  for (const auto& [key, value] : fields)
    line += format(" {}={}", key, value.is_text() ? one_line(value.text()) : json::write(value));
  emit(level, line);
}

void write(Level level, std::string_view message) {
  if (g_form == Form::json) {
    return emit(level,
                json::write(json::Object{
                    {"time", now_text()}, {"level", name_of(level)}, {"event", "message"}, {"message", message}}));
  }
  emit(level, format("{} {} {}", now_text(), name_of(level), one_line(message)));
}

}  // namespace weft::log
