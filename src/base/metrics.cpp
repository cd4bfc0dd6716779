#include "base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace weft::metrics {
namespace {

prometheus::Labels labels_of(const Labels& labels) { return {labels.begin(), labels.end()}; }

}  // namespace

void Counter::add(double amount) {
  if (counter_ != nullptr) static_cast<prometheus::Counter*>(counter_)->Increment(amount);
}
void Gauge::set(double value) {
  if (gauge_ != nullptr) static_cast<prometheus::Gauge*>(gauge_)->Set(value);
}
void Gauge::add(double amount) {
  if (gauge_ != nullptr) static_cast<prometheus::Gauge*>(gauge_)->Increment(amount);
}
void Histogram::observe(double value) {
  if (histogram_ != nullptr) static_cast<prometheus::Histogram*>(histogram_)->Observe(value);
}

struct Registry::State {
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
};

Registry::Registry() : state_(std::make_unique<State>()) {}
Registry::~Registry() = default;

Counter Registry::counter(const std::string& name, const std::string& help, const Labels& labels) {
  Counter handle;
  handle.counter_ = &prometheus::BuildCounter().Name(name).Help(help).Register(state_->registry).Add(labels_of(labels));
  return handle;
}

Gauge Registry::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  Gauge handle;
  handle.gauge_ = &prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry).Add(labels_of(labels));
  return handle;
}

Histogram Registry::histogram(const std::string& name, const std::string& help, const Labels& labels,
                              const std::vector<double>& bounds) {
  Histogram handle;
  handle.histogram_ =
      &prometheus::BuildHistogram().Name(name).Help(help).Register(state_->registry).Add(labels_of(labels), bounds);
  return handle;
}

std::string Registry::expose() const { return prometheus::TextSerializer().Serialize(state_->registry.Collect()); }

}  // namespace weft::metrics
