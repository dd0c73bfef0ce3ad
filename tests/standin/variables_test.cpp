#include "standin/variables.hpp"

#include <gtest/gtest.h>

namespace nvsafe::standin {
namespace {

std::optional<std::string> find(std::string_view name) {
  if (name == "A") return "1";
  if (name == "LONG_2") return "$A";
  if (name == "1") return "digit";
  if (name == "with blank") return "b";
  if (name == "{A") return "brace";
  if (name == "EMPTY") return "";
  return std::nullopt;
}

// What Python 3.11's os.path.expandvars gives with these variables set.
struct Vector {
  std::string_view text;
  std::string_view expanded;
};

constexpr Vector kVectors[] = {
    {"", ""},
    {"no variable", "no variable"},
    {"$A", "1"},
    {"x${A}x", "x1x"},
    {"$A$A,$A", "11,1"},
    {"$LONG_2", "$A"},
    {"$Ax", "$Ax"},
    {"$A-x", "1-x"},
    {"$1", "digit"},
    {"[$EMPTY]", "[]"},
    {"${with blank}", "b"},
    {"${{A}}", "brace}"},
    {"$NONE ${NONE} $A", "$NONE ${NONE} 1"},
    {"$", "$"},
    {"$$A", "$1"},
    {"$A$", "1$"},
    {"${}", "${}"},
    {"${A", "${A"},
    {"${A,$A", "${A,1"},
    {"$\xC3\xBC", "$\xC3\xBC"},
    {"$A\xC3\xBC", "1\xC3\xBC"},
    {"\\$A", "\\1"},
    {"${NONE$A}", "${NONE$A}"},
};

TEST(Variables, are_expanded_as_by_python) {
  for (const Vector& vector : kVectors) EXPECT_EQ(expand_variables(vector.text, find), vector.expanded) << vector.text;
}

TEST(Variables, of_the_environment_have_names_without_equals_sign_and_nul) {
  ASSERT_EQ(::setenv("NVSAFE_TEST_A", "B=C", 1), 0);
  EXPECT_EQ(environment_variable("NVSAFE_TEST_A"), "B=C");
  EXPECT_FALSE(environment_variable("NVSAFE_TEST_A=B"));
  EXPECT_FALSE(environment_variable({"NVSAFE_TEST_A\0", 14}));
  EXPECT_FALSE(environment_variable(""));
}

}  // namespace
}  // namespace nvsafe::standin
