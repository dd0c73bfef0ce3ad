// The store as firmware uses it: mounted for writing, filled, updated. Sizes and mixes are those at which Espressif's
// engine was measured.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <memory>
#include <random>
#include <vector>

#include "host/heap_allocator.hpp"
#include "nvsafe/assert.hpp"
#include "ram_flash.hpp"
#include "repeat.hpp"
#include "sample.hpp"
#include "store/store.hpp"

namespace nvsafe::bench {
namespace {

enum class Encryption : std::uint8_t { kPlain, kXts };

// The smallest partition of the usual sizes that holds `count` numbers.
std::uint32_t size_for(std::uint32_t count) {
  return count <= 600 ? 24 * 1024 : count <= 7000 ? 256 * 1024 : count <= 30000 ? 0x100000 : 0x400000;
}

struct Filled {
  Filled(std::uint32_t size, Encryption encryption) : flash(size), cipher(sample_cipher()) {
    is_encrypted = encryption == Encryption::kXts;
    mount();
    space = *store->create_namespace(*Name::from("space"));
  }
  void mount() {
    store.reset();
    store::Statistics statistics;
    auto mounted = store::Store::mount(flash, allocator, is_encrypted ? &cipher : nullptr, {}, statistics);
    NVSAFE_ASSERT(mounted.ok());
    store = std::make_unique<store::Store>(std::move(*mounted));
  }
  void set_u32(const Name& key, std::uint32_t value) {
    const auto bytes = std::span(reinterpret_cast<const std::uint8_t*>(&value), sizeof value);
    const auto done = store->set(space, key, ValueType::kU32, bytes);
    NVSAFE_ASSERT(done.ok());
  }
  void set_blob(const Name& key, std::span<const std::uint8_t> value) {
    const auto done = store->set(space, key, ValueType::kBlobData, value);
    NVSAFE_ASSERT(done.ok());
  }

  RamFlash flash;
  host::HeapAllocator allocator;
  format::EntryCipher cipher;
  bool is_encrypted = false;
  std::unique_ptr<store::Store> store;
  std::uint8_t space = 0;
};

// Keys of 15 characters.
std::vector<Name> keys(std::uint32_t count, std::uint32_t first = 0) {
  std::vector<Name> names;
  for (std::uint32_t i = first; i < first + count; ++i) names.push_back(*Name::from(fmt::format("parameter{:06}", i)));
  return names;
}

void get_u32(benchmark::State& state, Encryption encryption) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  Filled filled(size_for(count), encryption);
  auto names = keys(count);
  for (const Name& name : names) filled.set_u32(name, 1);
  std::shuffle(names.begin(), names.end(), std::mt19937(1));
  filled.flash.reset_counts();
  std::size_t next = 0;
  std::uint64_t done = 0;
  std::array<std::uint8_t, 4> value;
  for (auto _ : state) {
    const auto item = filled.store->find(filled.space, names[next]);
    NVSAFE_ASSERT(item.ok() && filled.store->read_value(*item, value).ok());
    next = next + 1 == names.size() ? 0 : next + 1;
    ++done;
  }
  state.counters["reads"] = static_cast<double>(filled.flash.read_calls) / static_cast<double>(done);
}
BENCHMARK_CAPTURE(get_u32, plain, Encryption::kPlain)->Arg(100)->Arg(1000)->Arg(10000)->Arg(100000)->Apply(repeat);
BENCHMARK_CAPTURE(get_u32, xts, Encryption::kXts)->Arg(100)->Arg(1000)->Arg(10000)->Arg(100000)->Apply(repeat);

void miss(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  Filled filled(size_for(count), Encryption::kPlain);
  for (const Name& name : keys(count)) filled.set_u32(name, 1);
  const auto others = keys(50000, 500000);
  filled.flash.reset_counts();
  std::size_t next = 0;
  std::uint64_t done = 0;
  for (auto _ : state) {
    NVSAFE_ASSERT(!filled.store->find(filled.space, others[next]).ok());
    next = next + 1 == others.size() ? 0 : next + 1;
    ++done;
  }
  state.counters["reads"] = static_cast<double>(filled.flash.read_calls) / static_cast<double>(done);
}
BENCHMARK(miss)->Arg(100)->Arg(1000)->Arg(10000)->Arg(100000)->Apply(repeat);

void fill(benchmark::State& state, Encryption encryption) {
  constexpr std::uint32_t kCount = 100000;
  const auto names = keys(kCount);
  for (auto _ : state) {
    state.PauseTiming();
    auto filled = std::make_unique<Filled>(0x400000, encryption);
    state.ResumeTiming();
    for (const Name& name : names) filled->set_u32(name, 7);
    state.PauseTiming();
    filled.reset();
    state.ResumeTiming();
  }
  // A rate of the inverted kind: 1 / counter is the number of sets.
  state.counters["ns_per_set"] =
      benchmark::Counter(kCount * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK_CAPTURE(fill, plain, Encryption::kPlain)->Repetitions(5)->ReportAggregatesOnly()->Iterations(1);
BENCHMARK_CAPTURE(fill, xts, Encryption::kXts)->Repetitions(5)->ReportAggregatesOnly()->Iterations(1);

void mount_filled(benchmark::State& state, Filled& filled) {
  filled.flash.reset_counts();
  std::uint64_t done = 0;
  for (auto _ : state) {
    filled.mount();
    ++done;
  }
  state.counters["flash_read"] =
      static_cast<double>(filled.flash.read_bytes) / static_cast<double>(done) / filled.flash.size();
}

void mount_numbers(benchmark::State& state, Encryption encryption) {
  Filled filled(0x400000, encryption);
  for (const Name& name : keys(122449)) filled.set_u32(name, 1);
  mount_filled(state, filled);
}
BENCHMARK_CAPTURE(mount_numbers, plain, Encryption::kPlain)->Apply(repeat);
BENCHMARK_CAPTURE(mount_numbers, xts, Encryption::kXts)->Apply(repeat);

void mount_blobs(benchmark::State& state) {
  Filled filled(0x400000, Encryption::kPlain);
  const std::vector<std::uint8_t> value(64, 0x5A);
  for (const Name& name : keys(29001)) filled.set_blob(name, value);
  mount_filled(state, filled);
}
BENCHMARK(mount_blobs)->Apply(repeat);

void get_blob(benchmark::State& state) {
  Filled filled(0x100000, Encryption::kXts);
  std::vector<std::uint8_t> value(4096, 0x5A);
  const Name key = *Name::from("blob");
  for (const Name& name : keys(1000)) filled.set_u32(name, 1);
  filled.set_blob(key, value);
  filled.flash.reset_counts();
  std::uint64_t done = 0;
  for (auto _ : state) {
    const auto item = filled.store->find(filled.space, key);
    NVSAFE_ASSERT(item.ok() && filled.store->read_value(*item, value).ok());
    ++done;
  }
  state.counters["reads"] = static_cast<double>(filled.flash.read_calls) / static_cast<double>(done);
}
BENCHMARK(get_blob)->Apply(repeat);

// 50 keys in turn; what a set programs is in the counters, and exact.
void update(benchmark::State& state, Encryption encryption) {
  Filled filled(24 * 1024, encryption);
  const auto names = keys(50);
  for (const Name& name : names) filled.set_u32(name, 0);
  filled.flash.reset_counts();
  std::uint32_t done = 0;
  for (auto _ : state) {
    filled.set_u32(names[done % names.size()], done + 1);
    ++done;
  }
  state.counters["bytes"] = static_cast<double>(filled.flash.program_bytes) / done;
  state.counters["calls"] = static_cast<double>(filled.flash.program_calls) / done;
}
BENCHMARK_CAPTURE(update, plain, Encryption::kPlain)->Apply(repeat);
BENCHMARK_CAPTURE(update, xts, Encryption::kXts)->Apply(repeat);

}  // namespace
}  // namespace nvsafe::bench
