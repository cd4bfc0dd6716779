#include "server/http/request_metrics.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace weft::server {
namespace {

constexpr std::string_view kMethods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
const std::vector<double> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                     0.5,   1,      2.5,   5,    10,    30,   60,  300};

}  // namespace

RequestMetrics::RequestMetrics(metrics::Registry& registry)
    : registry_(registry),
      in_flight_(registry.gauge("weft_http_requests_in_flight", "HTTP requests being answered.")),
      bytes_in_(registry.counter("weft_http_request_body_bytes_total", "Bytes of request bodies that were read.")),
      bytes_out_(
          registry.counter("weft_http_response_body_bytes_total", "Bytes of response bodies that were written.")) {}

RequestMetrics::Handles& RequestMetrics::handles(std::string_view method, std::string_view path_template, int status) {
  const bool is_known = std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods);
  const std::string_view counted_method = is_known ? method : "other";
  const std::string_view route = path_template.empty() ? "none" : path_template;
  std::string key;
  key.reserve(96);
  key.append(counted_method).append(" ").append(route).push_back(static_cast<char>('0' + status / 100));
  const std::lock_guard lock(mutex_);
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  const std::string method_label(counted_method), route_label(route),
      class_label = std::string(1, static_cast<char>('0' + status / 100)) + "xx";
  return known_[key] = {
             .requests = registry_.counter("weft_http_requests_total", "HTTP requests that were answered.",
                                           {{"method", method_label}, {"route", route_label}, {"status", class_label}}),
             .duration = registry_.histogram("weft_http_request_duration_seconds",
                                             "Time from a request's header to its answer's end.",
                                             {{"method", method_label}, {"route", route_label}}, kBounds)};
}

void RequestMetrics::ended(std::string_view method, std::string_view path_template, int status,
                           std::chrono::microseconds took, std::uint64_t bytes_in, std::uint64_t bytes_out) {
  in_flight_.add(-1);
  Handles& counted = handles(method, path_template, status);
  counted.requests.add();
  counted.duration.observe(static_cast<double>(took.count()) / 1e6);
  if (bytes_in > 0) bytes_in_.add(static_cast<double>(bytes_in));
  if (bytes_out > 0) bytes_out_.add(static_cast<double>(bytes_out));
}

}  // namespace weft::server
