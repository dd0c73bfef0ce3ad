// The drop-in headers in C++, with the class of nvs_handle.hpp; firmware/layouts.c has them in C.
#include "idf/layouts.h"

#include <gtest/gtest.h>

#include "idf/firmware/firmware.h"
#include "nvs_handle.hpp"

namespace {

using nvs::ItemType;
using nvs::itemTypeOf;

static_assert(itemTypeOf<std::uint8_t>() == ItemType::U8 && itemTypeOf<bool>() == ItemType::U8);
static_assert(itemTypeOf<std::int64_t>() == ItemType::I64 && itemTypeOf(std::uint16_t{1}) == ItemType::U16);
static_assert(itemTypeOf<float>() == ItemType::FLOAT && itemTypeOf<double>() == ItemType::DOUBLE);
static_assert(sizeof(ItemType) == 1 && static_cast<int>(ItemType::BLOB) == 0x41);
static_assert(std::is_abstract_v<nvs::NVSHandle> && std::has_virtual_destructor_v<nvs::NVSHandle>);

// What the assertions of layouts.h cannot say: both languages were compiled, and mean the same.
TEST(Layouts, AreThoseOfC) { EXPECT_EQ(firmware_stats_size(), sizeof(nvs_stats_t)); }

}  // namespace
