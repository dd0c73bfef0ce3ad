#include "store/policy.hpp"

#include "base/checked.hpp"
#include "nvsafe/assert.hpp"

namespace nvsafe::store {
namespace {

// On the left what runs of the releases' storage code showed (ESP-IDF tags 5.1, 5.3, 5.5.3, 5.5.5, 6.0, 6.0.1, 6.0.2
// and 6.1-beta1, on a PC). Their outcomes are repeated by tests/store/release_outcomes.hpp.
//   drops_mismatched_indexes  a blob of 600 kB, more than an index can name: kept by 5.1, erased from 5.3 on
//   checks_entries            a float: kept by 5.1 and 5.3, erased by 5.5 and 6.0
//   knows_float               a float: erased by 6.0.2, kept by 6.1-beta1
//   zeroes_what_it_erases     a wrong key: marks only up to 6.0, entries too from 6.0.1 on
constexpr ReleaseTraits kTraits5_1{false, false, false, false};
constexpr ReleaseTraits kTraits5_3{true, false, false, false};
constexpr ReleaseTraits kTraits5_5{true, true, false, false};
constexpr ReleaseTraits kTraits6_0_1{true, true, false, true};
constexpr ReleaseTraits kTraits6_1{true, true, true, true};

// From which patch on a line behaves so. The last row of a line is its worst patch.
struct Row {
  std::uint32_t major;
  std::uint32_t minor;
  std::uint32_t first_patch;
  Policy policy;
  bool was_run;
};

constexpr Row kRows[] = {
    {4, 0, 0, Policy::kRelease5_1, false},
    {4, 1, 0, Policy::kRelease5_1, false},
    {4, 2, 0, Policy::kRelease5_1, false},
    {4, 3, 0, Policy::kRelease5_1, false},
    {4, 4, 0, Policy::kRelease5_1, false},
    {5, 0, 0, Policy::kRelease5_1, false},
    {5, 1, 0, Policy::kRelease5_1, true},
    {5, 2, 0, Policy::kRelease5_1, false},
    {5, 2, 2, Policy::kRelease5_3, false},  // source: mismatched blob indexes are dropped from 5.2.2 on
    {5, 3, 0, Policy::kRelease5_3, true},
    {5, 4, 0, Policy::kRelease5_5, false},  // source: consistency beyond the CRC
    {5, 5, 0, Policy::kRelease5_5, true},
    {6, 0, 0, Policy::kRelease5_5, true},
    {6, 0, 1, Policy::kRelease6_0_1, true},
    {6, 1, 0, Policy::kRelease6_1, true},
};

// Takes a decimal number; nothing if there is none.
std::optional<std::uint32_t> take_number(std::string_view& rest) {
  std::uint32_t value = 0;
  std::size_t size = 0;
  for (; size < rest.size() && rest[size] >= '0' && rest[size] <= '9'; ++size) {
    const auto digit = static_cast<std::uint32_t>(rest[size] - '0');
    if (!checked_mul(value, 10u, value) || !checked_add(value, digit, value)) return std::nullopt;
  }
  if (size == 0) return std::nullopt;
  rest.remove_prefix(size);
  return value;
}

bool take_dot(std::string_view& rest) {
  if (!rest.starts_with('.')) return false;
  rest.remove_prefix(1);
  return true;
}

}  // namespace

ReleaseTraits traits_of(Policy policy) {
  switch (policy) {
    case Policy::kRelease5_1:
      return kTraits5_1;
    case Policy::kRelease5_3:
      return kTraits5_3;
    case Policy::kRelease5_5:
      return kTraits5_5;
    case Policy::kRelease6_0_1:
      return kTraits6_0_1;
    case Policy::kRelease6_1:
      return kTraits6_1;
    case Policy::kNeverDestroy:
      break;
  }
  NVSAFE_ASSERT(policy != Policy::kNeverDestroy);
  return kTraits6_0_1;
}

Result<Release> parse_release(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  const auto major = take_number(text);
  const auto minor = major && take_dot(text) ? take_number(text) : std::nullopt;
  if (!minor) return fail(ErrorCode::kInvalidValue);
  Release release{*major, *minor, std::nullopt};
  if (take_dot(text)) {
    release.patch = take_number(text);
    if (!release.patch) return fail(ErrorCode::kInvalidValue);
  }
  if (!text.empty()) return fail(ErrorCode::kInvalidValue);
  return release;
}

Result<ReleasePolicy> policy_of(const Release& release) {
  const Row* found = nullptr;
  for (const Row& row : kRows) {
    if (row.major != release.major || row.minor != release.minor) continue;
    if (!release.patch || row.first_patch <= *release.patch) found = &row;
  }
  if (found == nullptr) return fail(ErrorCode::kNotFound);
  return ReleasePolicy{found->policy, found->was_run};
}

}  // namespace nvsafe::store
