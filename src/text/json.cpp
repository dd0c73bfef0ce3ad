#include "text/json.hpp"

#include <nlohmann/json.hpp>

#include "nvsafe/assert.hpp"

namespace nvsafe::text {
namespace {

using Value = nlohmann::ordered_json;

std::string dump_value(const Value& value, int indent) {
  return value.dump(indent, ' ', false, Value::error_handler_t::replace);
}

}  // namespace

Json::Json(std::nullptr_t) : value_(std::make_unique<Value>(nullptr)) {}
Json::Json(bool value) : value_(std::make_unique<Value>(value)) {}
Json::Json(double value) : value_(std::make_unique<Value>(value)) {}
Json::Json(std::string_view value) : value_(std::make_unique<Value>(std::string(value))) {}
Json::Json(Wide value)
    : value_(value.is_signed ? std::make_unique<Value>(static_cast<std::int64_t>(value.bits))
                             : std::make_unique<Value>(value.bits)) {}

Json Json::object() {
  Json json;
  *json.value_ = Value::object();
  return json;
}

Json Json::array() {
  Json json;
  *json.value_ = Value::array();
  return json;
}

Json::Json(Json&& other) noexcept = default;
Json& Json::operator=(Json&& other) noexcept = default;
Json::~Json() = default;

Json& Json::set(std::string_view name, Json value) & {
  NVSAFE_ASSERT(value_ != nullptr && value_->is_object() && value.value_ != nullptr);
  // Behind the last member, without the search through all members that operator[] makes.
  value_->get_ref<Value::object_t&>().emplace_back(std::string(name), std::move(*value.value_));
  return *this;
}

Json& Json::add(Json value) & {
  NVSAFE_ASSERT(value_ != nullptr && value_->is_array() && value.value_ != nullptr);
  value_->push_back(std::move(*value.value_));
  return *this;
}

std::string Json::dump() const {
  NVSAFE_ASSERT(value_ != nullptr);
  return dump_value(*value_, 2);
}

std::string Json::dump_line() const {
  NVSAFE_ASSERT(value_ != nullptr);
  return dump_value(*value_, -1);
}

}  // namespace nvsafe::text
