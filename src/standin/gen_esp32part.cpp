#include "standin/tool.hpp"

namespace nvsafe::standin {

int run_gen_esp32part(const Words& words) { return words.empty() ? kUsage : kFailed; }

}  // namespace nvsafe::standin
