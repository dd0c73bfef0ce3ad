#include "text/csv.hpp"

#include <gtest/gtest.h>

#include <random>

#include "text/refusal.hpp"

namespace nvsafe::text {
namespace {

using Rows = std::vector<std::vector<std::string>>;

Rows rows_of(std::string_view text) {
  const auto records = parse_csv(text, "t.csv");
  EXPECT_TRUE(records.ok()) << text;
  Rows rows;
  if (!records) return rows;
  for (const CsvRecord& record : records.value()) {
    auto& row = rows.emplace_back();
    for (const CsvField& field : record.fields) row.push_back(field.value);
  }
  return rows;
}

TEST(Csv, splits_lines_and_commas) {
  EXPECT_EQ(rows_of("a,b\nc,d\n"), (Rows{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(rows_of("a,b\nc,d"), (Rows{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(rows_of(",a,,\n"), (Rows{{"", "a", "", ""}}));
  EXPECT_EQ(rows_of("a,"), (Rows{{"a", ""}}));
}

TEST(Csv, an_empty_text_has_no_records) {
  EXPECT_EQ(rows_of(""), Rows{});
  EXPECT_EQ(rows_of("\xEF\xBB\xBF"), Rows{});
  EXPECT_EQ(rows_of(" \n\r\n\t"), Rows{});
}

TEST(Csv, drops_the_byte_order_mark) { EXPECT_EQ(rows_of("\xEF\xBB\xBFkey,b"), (Rows{{"key", "b"}})); }

TEST(Csv, lf_crlf_and_cr_end_a_line) { EXPECT_EQ(rows_of("a\r\nb\rc\nd"), (Rows{{"a"}, {"b"}, {"c"}, {"d"}})); }

TEST(Csv, line_ends_inside_quotes_become_lf) { EXPECT_EQ(rows_of("\"a\r\nb\rc\nd\",x"), (Rows{{"a\nb\nc\nd", "x"}})); }

TEST(Csv, blanks_around_an_unquoted_field_go_and_inside_it_stay) {
  EXPECT_EQ(rows_of("  a b \t,\t c\n"), (Rows{{"a b", "c"}}));
}

TEST(Csv, a_quoted_field_keeps_its_blanks) { EXPECT_EQ(rows_of(" \" a \" ,b"), (Rows{{" a ", "b"}})); }

TEST(Csv, two_quotes_inside_quotes_are_one) {
  EXPECT_EQ(rows_of(R"("a ""b"" c","""",""""""  )"), (Rows{{R"(a "b" c)", "\"", "\"\""}}));
}

TEST(Csv, a_quote_inside_an_unquoted_field_is_data) { EXPECT_EQ(rows_of("5\" pipe,b"), (Rows{{"5\" pipe", "b"}})); }

TEST(Csv, blank_lines_and_comments_are_skipped) {
  EXPECT_EQ(rows_of("# top, with commas\n\n  \t\na,b\n  # c\n#\"\nc,#d\n#end"), (Rows{{"a", "b"}, {"c", "#d"}}));
}

TEST(Csv, a_hash_line_inside_quotes_is_data) { EXPECT_EQ(rows_of("a,\"x\n#y\n\nz\"\n"), (Rows{{"a", "x\n#y\n\nz"}})); }

TEST(Csv, a_nul_byte_is_data) { EXPECT_EQ(rows_of(std::string_view("a\0b", 3)), (Rows{{std::string("a\0b", 3)}})); }

TEST(Csv, a_field_knows_its_line_and_column_in_characters) {
  const auto records = parse_csv("# c\n ü, b ,\"q\nr\",,z\n", "t.csv");
  const auto& fields = records.value()[0].fields;
  const auto place = [&](std::size_t i) { return std::pair{fields[i].line, fields[i].column}; };
  EXPECT_EQ(records.value()[0].line, 2u);
  EXPECT_EQ(place(0), (std::pair{2u, 2u}));
  EXPECT_EQ(place(1), (std::pair{2u, 5u}));
  EXPECT_EQ(place(2), (std::pair{2u, 8u}));
  EXPECT_TRUE(fields[2].quoted);
  EXPECT_EQ(place(3), (std::pair{3u, 4u}));
  EXPECT_EQ(place(4), (std::pair{3u, 5u}));
}

TEST(Csv, an_unterminated_quote_is_refused_where_it_opens) {
  expect_refused(parse_csv("a,b\nc,\"d\ne,f\n", "t.csv"), "t.csv:2:3", "the quote that opens here is never closed",
                 "end the value with a double quote");
  EXPECT_FALSE(parse_csv("\"", "t.csv").ok());
  EXPECT_FALSE(parse_csv("\"\"\"", "t.csv").ok());
}

TEST(Csv, text_after_a_closing_quote_is_refused) {
  expect_refused(parse_csv("a,\"b\" c\n", "t.csv"), "t.csv:1:7", "text after the closing quote", "twice");
}

TEST(Csv, text_that_is_not_utf8_is_refused) {
  expect_refused(parse_csv("a,b\nc,\xE4\n", "t.csv"), "t.csv:2:3", "byte 0xE4 is not UTF-8", "UTF-8");
}

TEST(CsvField, comes_back_from_the_reader) {
  for (const char* value : {"", "a b", " a", "a\t", "a,b", "say \"hi\"", "\"", "x\n#y\n", "#x", "ü", "a\xC2\xA0"}) {
    EXPECT_EQ(rows_of("k," + csv_field(value)), (Rows{{"k", value}}));
    EXPECT_EQ(rows_of(csv_field(value) + ",k"), (Rows{{value, "k"}}));
  }
}

}  // namespace
}  // namespace nvsafe::text
