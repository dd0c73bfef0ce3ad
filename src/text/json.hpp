// Json: a JSON text in the making, for everything that nvsafe prints with --json. Members keep the order they were set.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace nvsafe::text {

// A null, bool, integer, double, string, array or object. Moved, not copied: a value goes into one place.
//   Json::object().set("version", 1).set("names", Json::array().add("a").add("b")).dump()
class Json {
 public:
  Json(std::nullptr_t = nullptr);
  Json(bool value);
  template <std::integral Integer>
    requires(!std::same_as<Integer, bool>)
  Json(Integer value) : Json(wide(value)) {}
  Json(double value);  // NaN and infinities become null: JSON has none
  Json(std::string_view value);
  Json(const std::string& value) : Json(std::string_view(value)) {}
  Json(const char* value) : Json(std::string_view(value)) {}
  static Json object();
  static Json array();

  Json(Json&& other) noexcept;
  Json& operator=(Json&& other) noexcept;
  ~Json();

  // Adds a member. Requires: this is an object, and `name` is not set yet (it is not looked up).
  Json& set(std::string_view name, Json value) &;
  Json&& set(std::string_view name, Json value) && { return std::move(set(name, std::move(value))); }
  // Adds an element. Requires: this is an array.
  Json& add(Json value) &;
  Json&& add(Json value) && { return std::move(add(std::move(value))); }

  // Indented by two spaces, without a final newline; UTF-8, each invalid byte as U+FFFD.
  [[nodiscard]] std::string dump() const;
  // The same on one line.
  [[nodiscard]] std::string dump_line() const;

 private:
  struct Wide {
    bool is_signed;
    std::uint64_t bits;
  };
  template <typename Integer>
  static Wide wide(Integer value) {
    return {std::is_signed_v<Integer>, static_cast<std::uint64_t>(value)};
  }
  explicit Json(Wide value);

  std::unique_ptr<nlohmann::ordered_json> value_;
};

}  // namespace nvsafe::text
