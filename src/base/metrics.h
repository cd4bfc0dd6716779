#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Handles are cheap to use from any thread and live as long as their registry. Names follow Prometheus' rules:
// base units, `_total` for counters, `_seconds` for durations.
class Counter {
 public:
  void add(double amount = 1);

 private:
  friend class Registry;
  void* counter_ = nullptr;
};
class Gauge {
 public:
  void set(double value);
  void add(double amount);

 private:
  friend class Registry;
  void* gauge_ = nullptr;
};
class Histogram {
 public:
  void observe(double value);

 private:
  friend class Registry;
  void* histogram_ = nullptr;
};

// All metrics of one server. Thread-safe. A label value comes from a small closed set, never from a request.
class Registry {
 public:
  Registry();
  ~Registry();
  Counter counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram histogram(const std::string& name, const std::string& help, const Labels& labels,
                      const std::vector<double>& bounds);
  // Text exposition 0.0.4.
  std::string expose() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weft::metrics
