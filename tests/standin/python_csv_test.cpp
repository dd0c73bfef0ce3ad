// Records as Python's csv module reads them; each expectation was run in Python 3.11, but for the # line in quotes.
#include "standin/python_csv.hpp"

#include <gtest/gtest.h>

namespace nvsafe::standin {
namespace {

using Fields = std::vector<std::string>;

std::vector<Fields> fields_of(std::string_view text) {
  std::vector<Fields> all;
  for (const PythonRecord& record : parse_python_csv(text)) all.push_back(record.fields);
  return all;
}

TEST(PythonCsv, keeps_blanks_and_takes_every_line_end) {
  EXPECT_EQ(fields_of("a, b\n c ,d\r\ne\rf"), (std::vector<Fields>{{"a", " b"}, {" c ", "d"}, {"e"}, {"f"}}));
  EXPECT_EQ(fields_of("a,\n,"), (std::vector<Fields>{{"a", ""}, {"", ""}}));
  EXPECT_EQ(fields_of(""), std::vector<Fields>());
}

TEST(PythonCsv, gives_a_blank_line_as_a_record_without_fields) {
  EXPECT_EQ(fields_of("\na\n\n \n"), (std::vector<Fields>{{}, {"a"}, {}, {" "}}));
}

TEST(PythonCsv, quotes_hold_commas_line_ends_and_doubled_quotes) {
  EXPECT_EQ(fields_of("\"a,\"\"b\"\"\r\nc\",d"), (std::vector<Fields>{{"a,\"b\"\nc", "d"}}));
}

TEST(PythonCsv, quotes_elsewhere_are_characters) {
  EXPECT_EQ(fields_of("a\"b\"c, \"d\""), (std::vector<Fields>{{"a\"b\"c", " \"d\""}}));
  EXPECT_EQ(fields_of("\"ab\"c\"d\"e"), (std::vector<Fields>{{"abc\"d\"e"}}));
}

TEST(PythonCsv, a_quote_that_is_never_closed_ends_with_the_text) {
  EXPECT_EQ(fields_of("a,\"b\n"), (std::vector<Fields>{{"a", "b\n"}}));
  EXPECT_EQ(fields_of("a,\""), (std::vector<Fields>{{"a", ""}}));
}

TEST(PythonCsv, leaves_lines_out_that_start_with_a_hash_but_not_in_quotes) {
  EXPECT_EQ(fields_of("#x,\"y\na\n #b\n#"), (std::vector<Fields>{{"a"}, {" #b"}}));
  EXPECT_EQ(fields_of("\"a\n#b\nc\""), (std::vector<Fields>{{"a\n#b\nc"}}));
}

TEST(PythonCsv, counts_the_lines_of_the_file) {
  const auto records = parse_python_csv("#\r\na,\"b\rc\"\r\n\nd");
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].line, 2u);
  EXPECT_EQ(records[1].line, 4u);
  EXPECT_EQ(records[2].line, 5u);
}

}  // namespace
}  // namespace nvsafe::standin
