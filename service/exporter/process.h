// What the kernel says of this process.
#ifndef PROTOGRES_SERVICE_EXPORTER_PROCESS_H_
#define PROTOGRES_SERVICE_EXPORTER_PROCESS_H_

namespace protogres::exporter {

struct ProcessStats {
  double resident_bytes = 0;
  double cpu_seconds = 0;
  double start_seconds = 0;  // since 1970
  double open_descriptors = 0;
  double max_descriptors = 0;
};

// Reads /proc. What it does not say is 0.
ProcessStats ReadProcess();

}  // namespace protogres::exporter

#endif  // PROTOGRES_SERVICE_EXPORTER_PROCESS_H_
