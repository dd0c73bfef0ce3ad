#include "standin/tool.hpp"

namespace nvsafe::standin {

int run_nvs_partition_gen(const Words& words) { return words.empty() ? kUsage : kFailed; }

}  // namespace nvsafe::standin
