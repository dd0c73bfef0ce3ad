// The drop-in headers in C; layouts_test.cpp has the same in C++.
#include "../layouts.h"

#include "firmware.h"

size_t firmware_stats_size(void) { return sizeof(nvs_stats_t); }
