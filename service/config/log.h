// Sets the log up: on standard error, as text or as a JSON object a line.
#ifndef PROTOGRES_SERVICE_CONFIG_LOG_H_
#define PROTOGRES_SERVICE_CONFIG_LOG_H_

#include "config/config.h"

namespace protogres::config {

// For all of the process. Once, before any thread is started.
void SetUpLog(const Log& log);

}  // namespace protogres::config

#endif  // PROTOGRES_SERVICE_CONFIG_LOG_H_
