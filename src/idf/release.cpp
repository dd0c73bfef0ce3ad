#include "idf/release.hpp"

#include "idf/runtime.hpp"

namespace nvsafe::idf {

Result<std::optional<WantedRelease>> wanted_release() {
  const std::string_view text = platform().firmware_release();
  if (text.empty()) return std::optional<WantedRelease>();
  const auto release = store::parse_release(text);
  if (!release) return release.failed();
  const auto policy = store::policy_of(*release);
  if (!policy) return policy.failed();
  return std::optional(WantedRelease{*release, store::traits_of(policy->policy)});
}

}  // namespace nvsafe::idf
