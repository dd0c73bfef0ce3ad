#include "table/csv_row.hpp"

#include "base/blank.hpp"

namespace nvsafe::table {
namespace {

void skip(RowField& field, std::size_t size) {
  field.column += static_cast<std::uint32_t>(count_characters({field.text.data(), size}));
  field.text.remove_prefix(size);
}

std::size_t find_mark(std::string_view text, char mark) {
  std::size_t i = 0;
  while (i < text.size() && text[i] != mark) ++i;
  return i;
}

void split_row(RowField line, Row& row) {
  row.surplus = {};
  for (RowField& field : row.fields) field = trimmed(take_part(line, ','));
  while (!line.text.empty() && row.surplus.text.empty()) row.surplus = trimmed(take_part(line, ','));
}

}  // namespace

RowField take_part(RowField& rest, char mark) {
  const std::size_t size = find_mark(rest.text, mark);
  const RowField part = {{rest.text.data(), size}, rest.column};
  skip(rest, size < rest.text.size() ? size + 1 : size);
  return part;
}

// An empty field is at the place where its text would begin: right behind the comma.
RowField trimmed(RowField field) {
  field.text.remove_suffix(trailing_blank_size(field.text));
  skip(field, leading_blank_size(field.text));
  return field;
}

std::string_view RowReader::take_line() {
  std::size_t size = 0;
  while (size < rest_.size() && rest_[size] != '\n' && rest_[size] != '\r') ++size;
  const std::string_view line{rest_.data(), size};
  rest_.remove_prefix(size);
  if (!rest_.empty()) {
    const bool is_pair = rest_.size() > 1 && rest_[0] == '\r' && rest_[1] == '\n';
    rest_.remove_prefix(is_pair ? 2 : 1);
  }
  ++line_;
  return line;
}

bool RowReader::next(Row& row) {
  while (!rest_.empty()) {
    const RowField line = {take_line(), 1};
    const std::string_view content = trimmed(line).text;
    if (content.empty() || content.front() == '#') continue;
    row.line = line_;
    split_row(line, row);
    return true;
  }
  return false;
}

}  // namespace nvsafe::table
