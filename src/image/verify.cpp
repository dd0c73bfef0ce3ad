#include "image/verify.hpp"

#include <fmt/format.h>

#include <unordered_set>

#include "image/contents.hpp"
#include "image/finding_text.hpp"
#include "image/value_text.hpp"

namespace nvsafe::image {
namespace {

using text::Outcome;
using text::Setting;

class Verifier {
 public:
  Verifier(store::Store& store, Verification& result) : store_(store), result_(result) {}

  void check_namespace(const Setting& row) {
    const auto name = Name::from(row.namespace_name);
    if (name && store_.namespace_index(*name)) return;
    differ(row, Difference::Kind::kMissing, fmt::format("namespace {} is not there", row.namespace_name));
  }

  Outcome<void> check_key(const Setting& row) {
    ++result_.key_count;
    seen_.insert(row.namespace_name + '/' + row.key);
    const auto name = Name::from(row.namespace_name);
    const auto key = Name::from(row.key);
    const auto index = name ? store_.namespace_index(*name) : Result<std::uint8_t>(fail(ErrorCode::kNotFound));
    const auto item = index && key ? store_.find(*index, *key) : Result<store::ItemInfo>(fail(ErrorCode::kNotFound));
    if (!item) return cannot_read(row, item.error());
    if (user_type(item->type) != row.type) {
      differ(row, Difference::Kind::kOtherType,
             fmt::format("stored as {}, not {}", type_name(item->type), type_name(row.type)));
      return {};
    }
    std::vector<std::uint8_t> value(item->size);
    if (const auto read = store_.read_value(*item, value); !read) return cannot_read(row, read.error());
    if (value == row.value) {
      ++result_.equal_count;
    } else {
      differ(row, Difference::Kind::kOtherValue,
             value.size() == row.value.size()
                 ? "another value is stored"
                 : fmt::format("another value is stored ({} bytes, not {})", value.size(), row.value.size()));
    }
    return {};
  }

  void check_extra(const store::ItemInfo& item) {
    ++result_.partition_key_count;
    const std::string space(store_.namespace_name(item.namespace_index).view());
    const std::string key(item.key.view());
    if (seen_.contains(space + '/' + key)) return;
    result_.differences.push_back(
        {Difference::Kind::kExtra, space, key, "", fmt::format("{}/{}: stored, and in no row", space, key)});
  }

 private:
  Outcome<void> cannot_read(const Setting& row, const Error& error) {
    if (error.code == ErrorCode::kNotFound) {
      differ(row, Difference::Kind::kMissing, "is not there");
    } else if (error.code == ErrorCode::kDamaged) {
      differ(row, Difference::Kind::kDamaged, "damaged");
    } else {
      return text::problem(text::Exit::kIo,
                           fmt::format("{}/{}: {}", row.namespace_name, row.key, describe(error.code)));
    }
    return {};
  }

  void differ(const Setting& row, Difference::Kind kind, const std::string& why) {
    const std::string what = row.key.empty() ? why : fmt::format("{}/{}: {}", row.namespace_name, row.key, why);
    text::Place place = row.place;
    place.path.clear();  // the key is in `what`
    result_.differences.push_back({kind, row.namespace_name, row.key, to_string(place), what});
  }

  store::Store& store_;
  Verification& result_;
  std::unordered_set<std::string> seen_;
};

}  // namespace

Outcome<Verification> verify(store::Store& store, const text::Settings& settings) {
  Verification result;
  Verifier verifier(store, result);
  for (const Setting& row : settings.rows) {
    if (row.kind == Setting::Kind::kNamespace) {
      verifier.check_namespace(row);
    } else if (auto checked = verifier.check_key(row); !checked) {
      return checked.failed();
    }
  }
  const auto walked = store.for_each_item([&](const store::ItemInfo& item) -> Result<void> {
    verifier.check_extra(item);
    return {};
  });
  if (!walked) return core_failed(walked.error());
  return result;
}

}  // namespace nvsafe::image
