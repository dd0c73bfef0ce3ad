#include <gtest/gtest.h>

#include "text/settings_fixture.hpp"

namespace nvsafe::text {
namespace {

TEST(SettingsCsv, reads_every_encoding) {
  const auto settings = from_csv(
      "key,type,encoding,value\n"
      "wifi,namespace,,\n"
      "a,data,u8,255\n"
      "b,data,i8,-1\n"
      "c,data,u16,0x1234\n"
      "d,data,i16,-2\n"
      "e,data,u32,1_000\n"
      "f,data,i32,-1\n"
      "g,data,u64,18446744073709551615\n"
      "h,data,i64,-1\n"
      "i,data,float,1.5\n"
      "j,data,double,-2\n"
      "k,data,string,hi\n"
      "l,data,hex2bin,00ff\n"
      "m,data,base64,AAEC\n"
      "o,data,binary,hi\n"
      "p,data,blob_fill(3;0xFF),a\n"
      "q,data,blob_sz_fill(2;0x00),a\n");
  EXPECT_EQ(
      lines_of(settings),
      (Lines{"[wifi]", "wifi/a u8 ff", "wifi/b i8 ff", "wifi/c u16 3412", "wifi/d i16 feff", "wifi/e u32 e8030000",
             "wifi/f i32 ffffffff", "wifi/g u64 ffffffffffffffff", "wifi/h i64 ffffffffffffffff",
             "wifi/i float 0000c03f", "wifi/j double 00000000000000c0", "wifi/k string 686900", "wifi/l blob 00ff",
             "wifi/m blob 000102", "wifi/o blob 6869", "wifi/p blob 61ffff", "wifi/q blob 010000006100"}));
}

TEST(SettingsCsv, takes_the_columns_in_any_order_and_ignores_others) {
  EXPECT_EQ(lines_of(from_csv("note,value,encoding,type,key\nx,,,namespace,n\ny,7,u8,data,a\n")),
            (Lines{"[n]", "n/a u8 07"}));
}

TEST(SettingsCsv, takes_header_types_and_encodings_in_any_case) {
  EXPECT_EQ(lines_of(from_csv("Key,TYPE,Encoding,Value\nn,Namespace,,\na,Data,U8,7\nb,DATA,STRING,x\n")),
            (Lines{"[n]", "n/a u8 07", "n/b string 7800"}));
}

TEST(SettingsCsv, takes_a_byte_order_mark_crlf_comments_and_blank_lines) {
  EXPECT_EQ(lines_of(from_csv(
                "\xEF\xBB\xBF# c\r\n\r\nkey,type,encoding,value\r\n\r\nn,namespace,,\r\n  # c\r\na,data,u8,7\r\n")),
            (Lines{"[n]", "n/a u8 07"}));
}

TEST(SettingsCsv, a_line_of_commas_is_a_blank_line) {
  EXPECT_EQ(lines_of(from_rows(",,,\na,data,u8,7\n,,,\n")), (Lines{"[n]", "n/a u8 07"}));
}

TEST(SettingsCsv, commas_behind_the_last_column_are_ignored) {
  EXPECT_EQ(lines_of(from_rows("a,data,u8,7,,\n")), (Lines{"[n]", "n/a u8 07"}));
}

TEST(SettingsCsv, a_namespace_row_may_end_early) {
  EXPECT_EQ(lines_of(from_csv("key,type,encoding,value\nn,namespace\n")), (Lines{"[n]"}));
}

TEST(SettingsCsv, a_header_alone_gives_no_rows) { EXPECT_EQ(lines_of(from_csv("key,type,encoding,value\n")), Lines{}); }

TEST(SettingsCsv, trims_unquoted_values_and_keeps_the_blanks_of_quoted_ones) {
  EXPECT_EQ(lines_of(from_rows("a,data,string, x \nb,data,string,\" x \"\n")),
            (Lines{"[n]", "n/a string 7800", "n/b string 20782000"}));
}

TEST(SettingsCsv, an_empty_string_and_an_empty_blob_are_values) {
  EXPECT_EQ(lines_of(from_rows("a,data,string,\nb,data,binary,\nc,data,hex2bin,\"\"\n")),
            (Lines{"[n]", "n/a string 00", "n/b blob ", "n/c blob "}));
}

TEST(SettingsCsv, a_quoted_value_of_several_lines_stays_whole) {
  EXPECT_EQ(lines_of(from_rows("a,data,string,\"x\r\n#y\r\n\r\nz\"\r\nb,data,u8,1\n")),
            (Lines{"[n]", "n/a string 780a23790a0a7a00", "n/b u8 01"}));
}

TEST(SettingsCsv, a_namespace_that_comes_again_is_selected_again) {
  EXPECT_EQ(lines_of(from_csv("key,type,encoding,value\nm,namespace,,\na,data,u8,1\nn,namespace,,\na,data,u8,2\n"
                              "m,namespace,,\nb,data,u8,3\n")),
            (Lines{"[m]", "m/a u8 01", "[n]", "n/a u8 02", "m/b u8 03"}));
}

TEST(SettingsCsv, a_row_knows_its_place) {
  const auto settings = from_rows("# c\n  a,data,u8,7\n");
  EXPECT_EQ(to_string(settings->rows[0].place), "s.csv:2:1");
  EXPECT_EQ(to_string(settings->rows[1].place), "s.csv:4:3");
}

TEST(SettingsCsv, a_name_of_15_bytes_fits) {
  EXPECT_EQ(lines_of(from_csv("key,type,encoding,value\n123456789012345,namespace,,\nabcdefghijklmno,data,u8,1\n")),
            (Lines{"[123456789012345]", "123456789012345/abcdefghijklmno u8 01"}));
}

TEST(SettingsCsv, takes_254_namespaces) {
  std::string text = "key,type,encoding,value\n";
  for (int i = 0; i < 254; ++i) text += fmt::format("n{},namespace,,\n", i);
  EXPECT_EQ(lines_of(from_csv(text)).size(), 254u);
}

TEST(SettingsCsv, file_rows_take_their_value_from_the_file) {
  const FileReader reader = files({{"s.txt", "text\n"},
                                   {"raw.dat", std::string("\0\xFF\n", 3)},
                                   {"h.txt", " 00 FF\r\n10\n"},
                                   {"b.txt", "AA\nEC\n"},
                                   {"n.txt", " -7\r\n"},
                                   {"f.txt", "1.5\n"}});
  EXPECT_EQ(lines_of(from_rows("a,file,string,s.txt\n"
                               "b,File,binary,raw.dat\n"
                               "c,file,hex2bin,h.txt\n"
                               "d,file,base64,b.txt\n"
                               "e,file,i16,n.txt\n"
                               "f,file,float,f.txt\n"
                               "g,file,blob_fill(6;0x00),s.txt\n",
                               reader)),
            (Lines{"[n]", "n/a string 746578740a00", "n/b blob 00ff0a", "n/c blob 00ff10", "n/d blob 000102",
                   "n/e i16 f9ff", "n/f float 0000c03f", "n/g blob 746578740a00"}));
}

}  // namespace
}  // namespace nvsafe::text
