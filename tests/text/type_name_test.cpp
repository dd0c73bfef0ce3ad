#include "text/type_name.hpp"

#include <gtest/gtest.h>

namespace nvsafe::text {
namespace {

TEST(TypeName, goes_both_ways) {
  for (const char* name : {"u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "float", "double", "string", "blob"}) {
    ASSERT_TRUE(type_of_name(name)) << name;
    EXPECT_EQ(type_name(*type_of_name(name)), name);
  }
  EXPECT_EQ(type_of_name("U16"), ValueType::kU16);
  EXPECT_EQ(type_of_name("blob"), ValueType::kBlobData);
}

TEST(TypeName, every_kind_of_blob_entry_is_a_blob) {
  EXPECT_EQ(type_name(ValueType::kBlobV1), "blob");
  EXPECT_EQ(type_name(ValueType::kBlobIndex), "blob");
}

TEST(TypeName, an_unknown_type_has_neither) {
  EXPECT_EQ(type_name(static_cast<ValueType>(0x99)), "?");
  EXPECT_FALSE(type_of_name("int"));
  EXPECT_FALSE(type_of_name(""));
}

TEST(TypeName, the_hint_says_what_was_meant_and_what_there_is) {
  EXPECT_EQ(type_hint("strin"), "did you mean 'string'? types: u8 i8 u16 i16 u32 i32 u64 i64 float double string blob");
  EXPECT_EQ(type_hint("").substr(0, 9), "types: u8");
}

}  // namespace
}  // namespace nvsafe::text
