#include "table/keywords.hpp"

#include <gtest/gtest.h>

namespace nvsafe::table {
namespace {

TEST(TableKeywords, every_keyword_leads_to_its_number_and_back) {
  for (const SubtypeKeyword& known : subtype_keywords()) {
    EXPECT_EQ(find_subtype(known.type, known.keyword), known.subtype) << known.keyword;
    EXPECT_EQ(subtype_keyword(known.type, known.subtype), known.keyword);
  }
  for (const TypeKeyword& known : type_keywords()) {
    EXPECT_EQ(find_type(known.keyword), known.type);
    EXPECT_EQ(type_keyword(known.type), known.keyword);
  }
}

TEST(TableKeywords, letters_may_be_upper_case) {
  EXPECT_EQ(find_type("Data"), PartitionType::kData);
  EXPECT_EQ(find_subtype(PartitionType::kApp, "OTA_15"), 0x1F);
}

TEST(TableKeywords, the_same_word_is_another_number_in_another_type) {
  EXPECT_EQ(find_subtype(PartitionType::kData, "ota"), 0);
  EXPECT_EQ(find_subtype(PartitionType::kBootloader, "ota"), 1);
  EXPECT_FALSE(find_subtype(PartitionType::kApp, "ota"));
}

TEST(TableKeywords, what_has_no_word_gives_none) {
  EXPECT_FALSE(find_type("nvs"));
  EXPECT_EQ(type_keyword(static_cast<PartitionType>(0x40)), "");
  EXPECT_EQ(subtype_keyword(PartitionType::kData, 0x99), "");
}

// The original keeps its words in one dictionary for each type: a word that is given again has a new number.
TEST(TableKeywords, an_extra_word_takes_the_place_of_a_word_before) {
  const SubtypeKeyword extra[] = {
      {PartitionType::kData, 0x47, "mine"}, {PartitionType::kData, 0x48, "nvs"}, {PartitionType::kData, 0x49, "mine"}};
  EXPECT_EQ(find_subtype(PartitionType::kData, "mine", extra), 0x49);
  EXPECT_EQ(find_subtype(PartitionType::kData, "NVS", extra), 0x48);
  EXPECT_EQ(subtype_keyword(PartitionType::kData, 0x49, extra), "mine");
  EXPECT_EQ(subtype_keyword(PartitionType::kData, 0x48, extra), "nvs");
  EXPECT_EQ(subtype_keyword(PartitionType::kData, 0x47, extra), "");
  EXPECT_EQ(subtype_keyword(PartitionType::kData, 2, extra), "");
  EXPECT_FALSE(find_subtype(PartitionType::kApp, "mine", extra));
}

// The original makes the field lower case and looks for the word as it was given.
TEST(TableKeywords, an_extra_word_with_a_capital_is_written_but_never_found) {
  const SubtypeKeyword extra[] = {{PartitionType::kData, 0x47, "Mine"}, {PartitionType::kData, 0x48, "Nvs"}};
  EXPECT_FALSE(find_subtype(PartitionType::kData, "Mine", extra));
  EXPECT_EQ(find_subtype(PartitionType::kData, "Nvs", extra), 2);
  EXPECT_EQ(subtype_keyword(PartitionType::kData, 0x47, extra), "Mine");
  EXPECT_EQ(subtype_keyword(PartitionType::kData, 2, extra), "nvs");
}

}  // namespace
}  // namespace nvsafe::table
