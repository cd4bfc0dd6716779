#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/metrics.h"

namespace weft::server {

// `weft_http_*`: by method, route template and class of status, all from closed sets. Thread-safe.
class RequestMetrics {
 public:
  explicit RequestMetrics(metrics::Registry& registry);
  void began() { in_flight_.add(1); }
  void ended(std::string_view method, std::string_view path_template, int status, std::chrono::microseconds took,
             std::uint64_t bytes_in, std::uint64_t bytes_out);

 private:
  struct Handles {
    metrics::Counter requests;
    metrics::Histogram duration;
  };
  Handles& handles(std::string_view method, std::string_view path_template, int status);

  metrics::Registry& registry_;
  metrics::Gauge in_flight_;
  metrics::Counter bytes_in_, bytes_out_;
  std::mutex mutex_;
  std::unordered_map<std::string, Handles> known_;  // Guarded by mutex_.
};

}  // namespace weft::server
