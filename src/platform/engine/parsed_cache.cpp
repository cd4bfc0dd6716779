#include "platform/engine/parsed_cache.h"

namespace weft::engine {
namespace {

constexpr std::size_t kEntriesMax = 2000;
constexpr std::size_t kTextBytesMax = 8 << 10;

}  // namespace

std::optional<ParsedCache::Entry> ParsedCache::find(std::string_view sql) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(sql);
  if (found == known_.end()) return std::nullopt;
  order_.splice(order_.begin(), order_, found->second);
  return found->second->second;
}

void ParsedCache::put(std::string_view sql, Entry entry) {
  if (sql.size() > kTextBytesMax) return;
  const std::lock_guard lock(mutex_);
  if (known_.contains(sql)) return;
  order_.emplace_front(std::string(sql), std::move(entry));
  known_.emplace(order_.front().first, order_.begin());
  if (order_.size() <= kEntriesMax) return;
  known_.erase(order_.back().first);
  order_.pop_back();
}

}  // namespace weft::engine
