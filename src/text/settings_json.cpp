// Settings from JSON: the objects around the keys. What one key's object means is for settings_json_row.cpp.
#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "text/ascii.hpp"
#include "text/printable.hpp"
#include "text/settings.hpp"
#include "text/settings_builder.hpp"
#include "text/settings_json_row.hpp"
#include "text/suggest.hpp"

namespace nvsafe::text {
namespace {

constexpr std::string_view kShape = R"(the form is {"namespaces": {"wifi": {"port": {"type": "u16", "value": 80}}}})";

constexpr int kNumberOverflow = 406;  // the parser's number for it

// Shows the parser the text and tells how far it has read: the parser's events carry no place.
class TrackedIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  TrackedIterator(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  TrackedIterator& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  TrackedIterator operator++(int) {
    const TrackedIterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const TrackedIterator& a, const TrackedIterator& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  const char** reached_;
};

// The parser's own words without what it read, which may be a secret.
std::string syntax_reason(std::string_view text) {
  const std::size_t start = text.find(" - ");
  if (start == std::string_view::npos) return "unexpected text";
  text.remove_prefix(start + 3);
  return printable(text.substr(0, text.find("; last read")));
}

class SettingsJsonReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  SettingsJsonReader(std::string_view text, const std::string& file, const FileReader& read_file)
      : text_(text), reached_(text.data()), finder_(text, file), mark_{file, 1, 1, {}}, read_file_(read_file) {}

  Outcome<Settings> read() {
    const char* end = text_.data() + text_.size();
    const bool is_read =
        nlohmann::json::sax_parse(TrackedIterator(text_.data(), &reached_), TrackedIterator(end, &reached_), this);
    if (!is_read) return Failed<Problem>{problem_};
    return builder_.take();
  }

  bool null() override { return scalar({JsonScalar::Kind::kOther, {}, mark_}); }
  bool boolean(bool) override { return scalar({JsonScalar::Kind::kOther, {}, mark_}); }
  bool number_integer(std::int64_t value) override {
    return scalar({JsonScalar::Kind::kNumber, fmt::format("{}", value), mark_});
  }
  bool number_unsigned(std::uint64_t value) override {
    return scalar({JsonScalar::Kind::kNumber, fmt::format("{}", value), mark_});
  }
  // Also a whole number past 64 bits: `token` still has all its digits.
  bool number_float(double, const std::string& token) override {
    return scalar({JsonScalar::Kind::kNumber, token, mark_});
  }
  bool string(std::string& value) override { return scalar({JsonScalar::Kind::kString, value, mark_}); }
  bool binary(binary_t&) override { return refuse(mark_, "binary is no JSON"); }
  bool start_array(std::size_t) override { return refuse(mark_, "an array has no place here", std::string(kShape)); }
  bool end_array() override { return true; }

  bool start_object(std::size_t) override {
    if (level_ == kMembers || (level_ == kRoot && is_version_)) {
      return refuse(mark_, "an object has no place here", std::string(kShape));
    }
    level_ = static_cast<Level>(level_ + 1);
    if (level_ == kMembers) row_ = JsonRow{key_, mark_, {}};
    return true;
  }

  bool end_object() override {
    const Level ended = level_;
    level_ = static_cast<Level>(level_ - 1);
    if (ended == kMembers) return finish_row();
    if (ended == kRoot && !has_namespaces_) {
      return refuse(mark_, "there is no member \"namespaces\"", std::string(kShape));
    }
    return true;
  }

  bool key(std::string& name) override {
    mark_ = finder_.at(last_string_offset());
    switch (level_) {
      case kRoot:
        return root_member(name);
      case kNamespaces:
        return namespace_member(name);
      case kKeys:
        return key_member(name);
      default:
        return row_member(name);
    }
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    if (error.id == kNumberOverflow) return refuse(mark_, "the number fits no type", "double holds up to 1.7e308");
    const Place place = finder_.at(position == 0 ? 0 : position - 1);
    return refuse(place, "this is not JSON: " + syntax_reason(error.what()),
                  "look for a comma, a quote or a bracket that is missing or too many, here or just before");
  }

 private:
  enum Level { kOutside, kRoot, kNamespaces, kKeys, kMembers };

  bool refuse(const Place& place, std::string_view why, std::string hint = {}) {
    return pass(bad_input(place, why, std::move(hint)));
  }
  // Keeps the problem, if there is one. False stops the parser.
  bool pass(const Outcome<void>& outcome) {
    if (!outcome) problem_ = outcome.error();
    return outcome.ok();
  }

  bool root_member(const std::string& name) {
    is_version_ = name == "version";
    if (!is_version_ && name != "namespaces") {
      return refuse(mark_, "unknown member " + in_quotes(name), "the members are \"version\" and \"namespaces\"");
    }
    bool& is_there = is_version_ ? has_version_ : has_namespaces_;
    if (is_there) return refuse(mark_, fmt::format("member \"{}\" stands twice", name), "keep one of the two");
    is_there = true;
    return true;
  }

  bool namespace_member(const std::string& name) {
    namespace_name_ = name;
    mark_.path = name;
    if (builder_.has_namespace(name))
      return refuse(mark_, "the namespace stands twice", "put its keys into one object");
    return pass(builder_.select_namespace(name, mark_));
  }

  bool key_member(const std::string& name) {
    key_ = name;
    mark_.path = namespace_name_ + "/" + name;
    return pass(builder_.add_key(name, mark_));
  }

  bool row_member(const std::string& name) {
    mark_.path = row_.place.path;
    for (std::size_t member = 0; member < kMemberCount; ++member) {
      if (kJsonMemberNames[member] != name) continue;
      member_ = member;
      if (!row_.members[member]) return true;
      return refuse(mark_, fmt::format("member \"{}\" stands twice", name), "keep one of the two");
    }
    std::string hint = did_you_mean(name, kJsonMemberNames);
    hint += hint.empty() ? "" : " ";
    return refuse(mark_, "unknown member " + in_quotes(name), hint + "members: type value hex base64 file");
  }

  bool scalar(JsonScalar scalar) {
    if (level_ == kMembers) {
      row_.members[member_] = std::move(scalar);
      return true;
    }
    if (level_ == kRoot && is_version_) {
      const bool is_known = scalar.kind == JsonScalar::Kind::kNumber && scalar.text == "1";
      return is_known || refuse(mark_, "\"version\" is not 1", "this nvsafe reads version 1 only");
    }
    return refuse(mark_, "an object is expected here", std::string(kShape));
  }

  bool finish_row() {
    auto value = json_row_value(row_, read_file_);
    if (!value) return pass(value.failed());
    builder_.set_value(value->type, std::move(value->bytes));
    return true;
  }

  // Offset of the opening quote of the string that was read last.
  [[nodiscard]] std::size_t last_string_offset() const {
    std::size_t offset = static_cast<std::size_t>(reached_ - text_.data()) - 1;  // of the closing quote
    while (true) {
      offset = text_.rfind('"', offset - 1);
      std::size_t backslash_count = 0;
      while (text_[offset - 1 - backslash_count] == '\\') ++backslash_count;
      if (backslash_count % 2 == 0) return offset;
    }
  }

  std::string_view text_;
  const char* reached_;
  PlaceFinder finder_;
  Place mark_;  // of the member that was named last
  const FileReader& read_file_;
  SettingsBuilder builder_;
  Problem problem_;
  Level level_ = kOutside;
  bool is_version_ = false;
  bool has_version_ = false;
  bool has_namespaces_ = false;
  std::string namespace_name_;
  std::string key_;
  JsonRow row_;
  std::size_t member_ = 0;
};

}  // namespace

Outcome<Settings> parse_settings_json(std::string_view text, const std::string& file, const FileReader& read_file) {
  const auto checked = utf8_text(text, file);
  if (!checked) return checked.failed();
  return SettingsJsonReader(checked.value(), file, read_file).read();
}

}  // namespace nvsafe::text
