// The image that the runs of ESP-IDF's storage code had: 2 namespaces, 5 keys, 12 entries on its first page.
#pragma once

#include <string>

#include "support/nvs_writer.hpp"

namespace nvsafe::test {

// `type`: of one of the numbers.
inline NvsWriter twelve_entries(std::uint32_t page_count, ValueType type = ValueType::kU32) {
  NvsWriter writer(page_count);
  writer.page(0, 0)
      .name_space("one", 1)
      .number(1, "small", ValueType::kU8, 5)
      .number(1, "number", type, 0x3F800000)
      .string(1, "text", std::string(40, 't'))
      .name_space("two", 2)
      .number(2, "negative", ValueType::kI16, 0xFFFE)
      .chunk(2, "blob", 0, Bytes(50, 0x5B))
      .blob_index(2, "blob", 50, 1);
  return writer;
}

}  // namespace nvsafe::test
