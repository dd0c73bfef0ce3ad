#include "standin/tool.hpp"

#include <array>

namespace nvsafe::standin {
namespace {

constexpr std::array<Tool, 3> kTools = {
    {{"espsecure", run_espsecure}, {"gen_esp32part", run_gen_esp32part}, {"nvs_partition_gen", run_nvs_partition_gen}}};

}  // namespace

std::span<const Tool> tools() { return kTools; }

const Tool* find_tool(std::string_view called_as) {
  called_as.remove_prefix(called_as.rfind('/') + 1);  // npos + 1 is 0
  if (called_as.ends_with(".py")) called_as.remove_suffix(3);
  for (const Tool& tool : kTools) {
    if (tool.name == called_as) return &tool;
  }
  return nullptr;
}

}  // namespace nvsafe::standin
