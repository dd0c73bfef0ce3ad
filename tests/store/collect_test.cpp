// Making room: what compact() counts in its rehearsal is what it finds when it is done.
#include <gtest/gtest.h>

#include "store/model.hpp"

namespace nvsafe::store {
namespace {

// Found by scripts/counterparts/esp_nvs.sh --seed 2, list 452.
TEST(Compaction, does_not_count_the_free_end_of_an_active_page_that_it_has_erased) {
  sim::RamNor flash(3 * format::kPageSize, {.checks_entries = true});
  Mounted mounted(flash);
  Model model;
  // Page 0 holds the namespace and nothing else, page 1 is written to and holds nothing, page 2 is free.
  const std::vector<Operation> operations = {set("fills_page_0", string(124 * 32, 1)),
                                             set("on_page_1", number(ValueType::kU8, 1)), erase("fills_page_0"),
                                             erase("on_page_1"), set("large", blob(4900, 1))};
  for (const Operation& operation : operations) {
    ASSERT_TRUE(mounted.perform(operation).ok()) << operation.key;
    model.apply(operation);
  }
  mounted.remount();
  ASSERT_TRUE(mounted.ok());
  EXPECT_EQ(mounted.compare(model), "");
  EXPECT_EQ(mounted.statistics.blank_page_count, 1u);  // firmware refuses to start without
}

}  // namespace
}  // namespace nvsafe::store
