#include "exporter/family.h"

#include <cstddef>
#include <cstdint>
#include <limits>

namespace protogres::exporter {

prometheus::ClientMetric& Family::Add(prometheus::MetricType type, const Labels& labels) {
  family_.type = type;
  auto& metric = family_.metric.emplace_back();
  metric.label = labels;
  return metric;
}

Family& Family::Counter(double value, const Labels& labels) {
  Add(prometheus::MetricType::Counter, labels).counter.value = value;
  return *this;
}

Family& Family::Gauge(double value, const Labels& labels) {
  Add(prometheus::MetricType::Gauge, labels).gauge.value = value;
  return *this;
}

Family& Family::Histogram(const metrics::Histogram& histogram, double unit, const Labels& labels) {
  auto& shown = Add(prometheus::MetricType::Histogram, labels).histogram;
  const auto bounds = histogram.bounds();
  std::uint64_t count = 0;
  for (std::size_t i = 0; i <= bounds.size(); ++i) {
    count += histogram.count(i);
    const double bound =
        i < bounds.size() ? static_cast<double>(bounds[i]) * unit : std::numeric_limits<double>::infinity();
    shown.bucket.push_back({count, bound});
  }
  shown.sample_count = count;
  shown.sample_sum = static_cast<double>(histogram.sum()) * unit;
  return *this;
}

}  // namespace protogres::exporter
