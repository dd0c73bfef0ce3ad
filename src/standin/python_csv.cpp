#include "standin/python_csv.hpp"

#include <cstddef>

namespace nvsafe::standin {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::vector<PythonRecord> read() {
    std::vector<PythonRecord> records;
    while (!at_end()) {
      if (text_[offset_] == '#') {
        while (!at_end() && take() != '\n') {
        }
        continue;
      }
      PythonRecord& record = records.emplace_back();
      record.line = line_;
      read_record(record);
    }
    return records;
  }

 private:
  [[nodiscard]] bool at_end() const { return offset_ == text_.size(); }
  [[nodiscard]] bool is_next(char c) const { return !at_end() && text_[offset_] == c; }

  // The next character; every kind of line end as LF.
  char take() {
    char c = text_[offset_++];
    if (c == '\r') {
      if (is_next('\n')) ++offset_;
      c = '\n';
    }
    line_ += c == '\n';
    return c;
  }

  void read_record(PythonRecord& record) {
    if (is_next('\n') || is_next('\r')) {
      take();
      return;
    }
    while (read_field(record.fields.emplace_back())) {
    }
  }

  // Whether another field follows in the record.
  bool read_field(std::string& field) {
    if (is_next('"')) {
      take();
      read_quoted(field);
    }
    while (!at_end()) {
      const char c = take();
      if (c == ',') return true;
      if (c == '\n') return false;
      field += c;
    }
    return false;
  }

  // To behind the closing quote.
  void read_quoted(std::string& field) {
    while (!at_end()) {
      const char c = take();
      if (c == '"' && !is_next('"')) return;
      if (c == '"') take();
      field += c;
    }
  }

  std::string_view text_;
  std::size_t offset_ = 0;
  std::uint32_t line_ = 1;
};

}  // namespace

std::vector<PythonRecord> parse_python_csv(std::string_view text) { return Reader(text).read(); }

}  // namespace nvsafe::standin
