// How a family of metrics is put together.
#ifndef PROTOGRES_SERVICE_EXPORTER_FAMILY_H_
#define PROTOGRES_SERVICE_EXPORTER_FAMILY_H_

#include <string>
#include <vector>

#include "metrics/counter.h"
#include "prometheus/metric_family.h"

namespace protogres::exporter {

using Families = std::vector<prometheus::MetricFamily>;
using Labels = std::vector<prometheus::ClientMetric::Label>;

// Metrics of one name and type, which differ by their labels.
class Family {
 public:
  Family(const std::string& name, const std::string& help) { family_.name = name, family_.help = help; }

  // All metrics of a family are of one of these three types.
  Family& Counter(double value, const Labels& labels = {});
  Family& Gauge(double value, const Labels& labels = {});
  // `unit`: what a whole number of the Histogram is in the unit of the metric; 1e-9 for nanoseconds shown as seconds.
  Family& Histogram(const metrics::Histogram& histogram, double unit, const Labels& labels = {});

  const prometheus::MetricFamily& get() const { return family_; }

 private:
  prometheus::ClientMetric& Add(prometheus::MetricType type, const Labels& labels);

  prometheus::MetricFamily family_;
};

inline constexpr double kNanoseconds = 1e-9;

}  // namespace protogres::exporter

#endif  // PROTOGRES_SERVICE_EXPORTER_FAMILY_H_
