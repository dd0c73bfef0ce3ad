// Finds what a person names in a partition, or says what may have been meant.
#pragma once

#include <cstdint>
#include <string>

#include "store/store.hpp"
#include "text/problem.hpp"

namespace nvsafe::image {

// `where` names the partition in messages. Errors: kNo with the namespaces that there are.
[[nodiscard]] text::Outcome<std::uint8_t> find_namespace(store::Store& store, const std::string& name,
                                                         const std::string& where);

// The problem that a namespace has no such key, with the one that may be meant.
[[nodiscard]] Failed<text::Problem> no_such_key(store::Store& store, std::uint8_t namespace_index,
                                                const std::string& namespace_name, const std::string& key,
                                                const std::string& where);

}  // namespace nvsafe::image
