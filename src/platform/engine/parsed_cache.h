#pragma once

#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "platform/engine/engine.h"

namespace weft::engine {

// What a text was parsed to, so that the same text asks no worker again. The names are all that control takes from it:
// the worker that binds the text holds it to the allow-list itself. Thread-safe.
class ParsedCache {
 public:
  struct Entry {
    Parsed parsed;
    bool looks_like_point = false;
  };
  std::optional<Entry> find(std::string_view sql);
  void put(std::string_view sql, Entry entry);

 private:
  using Order = std::list<std::pair<std::string, Entry>>;
  std::mutex mutex_;
  Order order_;  // Latest first; guarded by mutex_, as is:
  std::unordered_map<std::string_view, Order::iterator> known_;
};

}  // namespace weft::engine
