// Settings of any content that an image can have, for tests that carry it from one form to another.
#pragma once

#include <random>

#include "base/endian.hpp"
#include "text/settings.hpp"

namespace nvsafe::image {

// What the form that it goes through can say.
struct Sayable {
  bool floats = true;
  bool raw_strings = true;  // carriage returns, and bytes that are no UTF-8
  bool names_with_commas = true;
};

class RandomSettings {
 public:
  RandomSettings(std::uint32_t seed, const Sayable& sayable) : random_(seed), sayable_(sayable) {}

  text::Settings make(std::size_t value_size_max) {
    text::Settings settings;
    for (std::uint32_t space = 0, count = 1 + below(4); space < count; ++space) {
      const std::string name = "n" + std::to_string(space) + odd_name();
      settings.rows.push_back({text::Setting::Kind::kNamespace, name, "", ValueType::kU8, {}, {"t"}});
      for (std::uint32_t key = 0, keys = below(9); key < keys; ++key) {
        settings.rows.push_back(value(name, "k" + std::to_string(key) + odd_name(), value_size_max));
      }
    }
    return settings;
  }

 private:
  std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>(random_() % end); }

  std::string odd_name() {
    static constexpr const char* kNames[] = {"", " x", "a/b", "\"q\"", "#", ",c", "  "};
    return below(3) == 0 && sayable_.names_with_commas ? kNames[below(7)] : "";
  }

  text::Setting value(const std::string& space, const std::string& key, std::size_t size_max) {
    static constexpr ValueType kTypes[] = {
        ValueType::kU8,     ValueType::kI8,       ValueType::kU16,   ValueType::kI16,    ValueType::kU32,
        ValueType::kI32,    ValueType::kU64,      ValueType::kI64,   ValueType::kString, ValueType::kBlobData,
        ValueType::kString, ValueType::kBlobData, ValueType::kFloat, ValueType::kDouble};
    const ValueType type = kTypes[below(sayable_.floats ? 14 : 12)];
    text::Setting row{text::Setting::Kind::kValue, space, key, type, {}, {"t"}};
    if (is_number(type)) {
      row.value = number(type);
    } else if (type == ValueType::kString) {
      row.value = string(std::min<std::size_t>(below(3) == 0 ? size_max : 40, 1500));
    } else {
      row.value.resize(below(static_cast<std::uint32_t>(below(3) == 0 ? size_max : 50)));
      for (auto& byte : row.value) byte = static_cast<std::uint8_t>(random_());
    }
    return row;
  }

  std::vector<std::uint8_t> number(ValueType type) {
    std::vector<std::uint8_t> bytes(number_size(type));
    const std::uint8_t filler = below(3) == 0 ? static_cast<std::uint8_t>(below(2) * 0xFF) : 1;
    for (auto& byte : bytes) byte = filler == 1 ? static_cast<std::uint8_t>(random_()) : filler;
    if (type == ValueType::kFloat || type == ValueType::kDouble) bytes.back() &= 0x3F;  // not NaN
    return bytes;
  }

  std::vector<std::uint8_t> string(std::size_t size_max) {
    static constexpr std::string_view kPieces[] = {"a",    "Zz", " ",  ",",  "\"",   "\n#", "\t", "\xC3\xA9",
                                                   "true", "0",  "\\", "#x", "\x01", "'",   "\r", "\xFF\xFE"};
    std::string text;
    for (std::size_t size = below(static_cast<std::uint32_t>(size_max)); text.size() < size;) {
      text += kPieces[below(sayable_.raw_strings ? 16 : 14)];
    }
    std::vector<std::uint8_t> bytes(text.begin(), text.end());
    bytes.push_back(0);
    return bytes;
  }

  std::mt19937 random_;
  Sayable sayable_;
};

}  // namespace nvsafe::image
