// What one operation of the store takes, for scripts/count_instructions.sh: the store is filled first, then a function
// with a name of its own does the operation again and again, and callgrind counts in that function only.
//
//   count_instructions get|miss|set|mount COUNT
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

#include "host/heap_allocator.hpp"
#include "nvsafe/assert.hpp"
#include "ram_flash.hpp"
#include "store/store.hpp"

namespace {

using namespace nvsafe;

constexpr std::uint32_t kKeyCount = 10000;  // in a mebibyte
constexpr std::uint32_t kPartitionSize = 0x100000;

struct Filled {
  explicit Filled(std::uint32_t key_count, std::uint32_t size) : flash(size) {
    mount();
    space = *store->create_namespace(*Name::from("space"));
    for (std::uint32_t i = 0; i < key_count; ++i) {
      keys.push_back(*Name::from(fmt::format("parameter{:06}", i)));
      others.push_back(*Name::from(fmt::format("parameter{:06}", 500000 + i)));
      set(keys.back(), 1);
    }
    std::shuffle(keys.begin(), keys.end(), std::mt19937(1));
    mount();
  }
  void mount() {
    store.reset();
    store::Statistics statistics;
    auto mounted = store::Store::mount(flash, allocator, nullptr, {}, statistics);
    NVSAFE_ASSERT(mounted.ok());
    store = std::make_unique<store::Store>(std::move(*mounted));
  }
  void set(const Name& key, std::uint32_t value) {
    const auto bytes = std::span(reinterpret_cast<const std::uint8_t*>(&value), sizeof value);
    NVSAFE_ASSERT(store->set(space, key, ValueType::kU32, bytes).ok());
  }

  bench::RamFlash flash;
  host::HeapAllocator allocator;
  std::unique_ptr<store::Store> store;
  std::uint8_t space = 0;
  std::vector<Name> keys;
  std::vector<Name> others;
};

}  // namespace

extern "C" {

__attribute__((noinline)) void measured_get(Filled& filled, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint32_t value = 0;
    const auto item = filled.store->find(filled.space, filled.keys[i % filled.keys.size()]);
    NVSAFE_ASSERT(item.ok());
    const auto out = std::span(reinterpret_cast<std::uint8_t*>(&value), sizeof value);
    NVSAFE_ASSERT(filled.store->read_value(*item, out).ok() && value == 1);
  }
}

__attribute__((noinline)) void measured_miss(Filled& filled, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    NVSAFE_ASSERT(!filled.store->find(filled.space, filled.others[i % filled.others.size()]).ok());
  }
}

__attribute__((noinline)) void measured_set(Filled& filled, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) filled.set(filled.keys[i % filled.keys.size()], 2 + i);
}

__attribute__((noinline)) void measured_mount(Filled& filled, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) filled.mount();
}
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string_view operation = argv[1];
  const auto count = static_cast<std::uint32_t>(std::stoul(argv[2]));
  const bool is_mount = operation == "mount";
  Filled filled(is_mount ? 122449 : kKeyCount, is_mount ? 4 * kPartitionSize : kPartitionSize);
  if (operation == "get") measured_get(filled, count);
  if (operation == "miss") measured_miss(filled, count);
  if (operation == "set") measured_set(filled, count);
  if (is_mount) measured_mount(filled, count);
  return 0;
}
