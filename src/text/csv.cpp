#include "text/csv.hpp"

#include "text/place.hpp"

namespace nvsafe::text {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

// The text as characters with a place, every kind of line end being one '\n'.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const { return offset_ == text_.size(); }
  // Requires: !at_end().
  [[nodiscard]] char peek() const { return text_[offset_] == '\r' ? '\n' : text_[offset_]; }
  [[nodiscard]] bool at_line_end() const { return at_end() || peek() == '\n'; }
  [[nodiscard]] bool at_field_end() const { return at_line_end() || peek() == ','; }
  [[nodiscard]] std::size_t offset() const { return offset_; }
  [[nodiscard]] std::uint32_t line() const { return line_; }
  [[nodiscard]] std::uint32_t column() const { return column_; }

  // Requires: !at_end().
  char take() {
    const char c = peek();
    const bool is_crlf = text_.substr(offset_, 2) == "\r\n";
    offset_ += is_crlf ? 2 : 1;
    if (c == '\n') {
      ++line_;
      column_ = 1;
    } else if ((c & 0xC0) != 0x80) {  // a continuation byte belongs to the character before
      ++column_;
    }
    return c;
  }
  void skip_blanks() {
    while (!at_end() && is_blank(peek())) take();
  }
  void skip_line() {
    while (!at_line_end()) take();
    if (!at_end()) take();
  }

 private:
  std::string_view text_;
  std::size_t offset_ = 0;
  std::uint32_t line_ = 1;
  std::uint32_t column_ = 1;
};

class CsvReader {
 public:
  CsvReader(std::string_view text, const std::string& file) : text_(text), file_(file), cursor_(text) {}

  Outcome<std::vector<CsvRecord>> read() {
    std::vector<CsvRecord> records;
    while (skip_to_record()) {
      CsvRecord record;
      record.line = cursor_.line();
      NVSAFE_TRY(read_record(record));
      records.push_back(std::move(record));
    }
    return records;
  }

 private:
  // Passes blank lines and comments. False: the text is over.
  bool skip_to_record() {
    while (true) {
      cursor_.skip_blanks();
      if (cursor_.at_end()) return false;
      if (cursor_.peek() != '\n' && cursor_.peek() != '#') return true;
      cursor_.skip_line();
    }
  }

  Outcome<void> read_record(CsvRecord& record) {
    while (true) {
      NVSAFE_TRY(read_field(record.fields.emplace_back()));
      if (cursor_.at_end() || cursor_.take() == '\n') return {};
    }
  }

  // Leaves the cursor on the comma or line end behind the field.
  Outcome<void> read_field(CsvField& field) {
    cursor_.skip_blanks();
    field.line = cursor_.line();
    field.column = cursor_.column();
    field.quoted = !cursor_.at_end() && cursor_.peek() == '"';
    if (field.quoted) return read_quoted(field);
    const std::size_t start = cursor_.offset();
    while (!cursor_.at_field_end()) cursor_.take();
    field.value = text_.substr(start, cursor_.offset() - start);
    while (!field.value.empty() && is_blank(field.value.back())) field.value.pop_back();
    return {};
  }

  Outcome<void> read_quoted(CsvField& field) {
    cursor_.take();
    while (true) {
      if (cursor_.at_end()) {
        return bad_input(here(field.line, field.column), "the quote that opens here is never closed",
                         "end the value with a double quote; a double quote inside it is written twice");
      }
      const char c = cursor_.take();
      const bool is_pair = c == '"' && !cursor_.at_end() && cursor_.peek() == '"';
      if (c == '"' && !is_pair) break;
      field.value += c;
      if (is_pair) cursor_.take();
    }
    cursor_.skip_blanks();
    if (cursor_.at_field_end()) return {};
    return bad_input(here(cursor_.line(), cursor_.column()), "text after the closing quote",
                     "write a double quote inside a quoted value twice, and a comma between two values");
  }

  [[nodiscard]] Place here(std::uint32_t line, std::uint32_t column) const { return {file_, line, column, {}}; }

  std::string_view text_;
  const std::string& file_;
  Cursor cursor_;
};

}  // namespace

Outcome<std::vector<CsvRecord>> parse_csv(std::string_view text, const std::string& file) {
  const auto checked = utf8_text(text, file);
  if (!checked) return checked.failed();
  return CsvReader(checked.value(), file).read();
}

std::string csv_field(std::string_view value) {
  const bool has_outer_blank = !value.empty() && (is_blank(value.front()) || is_blank(value.back()));
  const bool is_comment = value.starts_with('#');
  if (!has_outer_blank && !is_comment && value.find_first_of(",\"\r\n") == std::string_view::npos) {
    return std::string(value);
  }
  std::string field = "\"";
  for (const char c : value) {
    if (c == '"') field += '"';
    field += c;
  }
  return field + "\"";
}

}  // namespace nvsafe::text
