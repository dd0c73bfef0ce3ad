// The catalogue of findings: every code has its words once, they are those of docs/FINDINGS.md, and every error code of
// NVS and nvs_sec_provider is explained.
#include "doctor/finding.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "idf/esp_err.h"
#include "idf/nvs.h"
#include "idf/nvs_sec_provider.h"

namespace nvsafe::doctor {
namespace {

TEST(CodeTexts, are_there_once_for_every_code_in_order) {
  unsigned next = 1;
  for (const CodeText& text : code_texts()) {
    EXPECT_EQ(static_cast<unsigned>(text.code), next++);
    for (const std::string_view part : {text.title, text.means, text.firmware, text.advice}) {
      EXPECT_FALSE(part.empty()) << code_name(text.code);
      EXPECT_EQ(part.find('\n'), std::string_view::npos) << code_name(text.code);
    }
  }
  EXPECT_EQ(next - 1, static_cast<unsigned>(Code::kSharedKey)) << "the last one";
}

// Those that one partition shows by itself have one severity, whoever tells.
TEST(CodeTexts, have_the_severity_that_the_listing_gives) {
  std::size_t count = 0;
  for (const CodeText& text : code_texts()) {
    const auto store_code = static_cast<store::FindingCode>(text.code);
    const bool is_of_store =
        image::describe(store::Finding{store_code, 0}) != image::place_in_partition(0, kNoPlace) + ": ";
    if (!is_of_store) continue;
    EXPECT_EQ(text.severity, image::severity_of(store_code)) << code_name(text.code);
    ++count;
  }
  EXPECT_EQ(count, 17u);
}

TEST(CodeTexts, are_found_by_what_people_write) {
  for (const char* text : {"NVS-D002", "nvs-d002", "D002", "d2", "D2"})
    EXPECT_EQ(parse_code(text), Code::kKeyPageInClear) << text;
  for (const char* text : {"", "D", "2", "D0", "D999", "D2x", "NVS-", "NVS-2", "D4294967298"})
    EXPECT_FALSE(parse_code(text)) << text;
}

TEST(ErrorTexts, explain_every_code_of_nvs_and_of_the_provider) {
  std::set<std::int32_t> known;
  for (const ErrorText& error : error_texts()) {
    EXPECT_TRUE(known.insert(error.value).second) << error.value;
    EXPECT_FALSE(error.means.empty());
    EXPECT_STRNE(esp_err_to_name(error.value), "ERROR") << error.value;
  }
  for (std::int32_t value = ESP_ERR_NVS_BASE; value < ESP_ERR_NVS_BASE + 0x100; ++value) {
    EXPECT_EQ(known.contains(value), std::string_view(esp_err_to_name(value)) != "ERROR") << value;
  }
  for (std::int32_t value = ESP_ERR_NVS_SEC_BASE; value < ESP_ERR_NVS_SEC_BASE + 0x100; ++value) {
    EXPECT_EQ(known.contains(value), std::string_view(esp_err_to_name(value)) != "ERROR") << value;
  }
  EXPECT_TRUE(known.contains(ESP_ERR_NOT_FOUND) && known.contains(ESP_ERR_INVALID_ARG));
}

TEST(ErrorTexts, are_found_by_number_and_by_name) {
  for (const char* text :
       {"0x1117", "4375", "ESP_ERR_NVS_CORRUPT_KEY_PART", "NVS_CORRUPT_KEY_PART", "esp_err_nvs_corrupt_key_part"}) {
    const ErrorText* const found = find_error(text);
    ASSERT_NE(found, nullptr) << text;
    EXPECT_EQ(found->value, ESP_ERR_NVS_CORRUPT_KEY_PART);
  }
  for (const char* text : {"", "0", "0x1199", "ESP_OK", "ESP_ERR_NVS_", "-4375", "0x100001117"})
    EXPECT_EQ(find_error(text), nullptr) << text;
}

TEST(FindingsDoc, is_what_the_program_says) {
  std::ifstream file(NVSAFE_SOURCE_DIR "/docs/FINDINGS.md");
  std::ostringstream document;
  document << file.rdbuf();
  EXPECT_EQ(document.str(), findings_document()) << "nvsafe explain --all > docs/FINDINGS.md";
}

}  // namespace
}  // namespace nvsafe::doctor
