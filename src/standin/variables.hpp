// Variables of the environment in a text, as Python's os.path.expandvars() puts their values in: $NAME and ${NAME}.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nvsafe::standin {

using FindVariable = std::optional<std::string> (*)(std::string_view name);

// A variable that `find` does not have stays as it is written; values are not looked into again.
[[nodiscard]] std::string expand_variables(std::string_view text, FindVariable find);

// `find` for the environment of this process.
[[nodiscard]] std::optional<std::string> environment_variable(std::string_view name);

}  // namespace nvsafe::standin
