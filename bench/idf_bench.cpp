// The drop-in calls beside the store below them: what a handle, a lock and a C string cost.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "host/heap_allocator.hpp"
#include "idf/keys.hpp"
#include "idf/nvs_flash.h"
#include "nvsafe/assert.hpp"
#include "nvsafe/host_device.hpp"
#include "nvsafe/memory_flash.hpp"
#include "repeat.hpp"
#include "store/store.hpp"

namespace nvsafe::bench {
namespace {

constexpr std::uint32_t kKeyCount = 100;
constexpr int kBatch = 20000;

// One partition of 24 KiB with 100 numbers, up through nvs.h and opened by a store as well.
struct Both {
  explicit Both(bool is_encrypted) : memory(24 * 1024, 0xFF), flash(memory) {
    nvs_sec_cfg_t keys{};
    for (std::uint8_t i = 0; i < NVS_KEY_SIZE; ++i) keys.eky[i] = keys.tky[NVS_KEY_SIZE - 1 - i] = i;
    NVSAFE_ASSERT(device.use_flash("nvs", flash).ok());
    set_platform(&device);
    NVSAFE_ASSERT(nvs_flash_secure_init(is_encrypted ? &keys : nullptr) == ESP_OK);
    NVSAFE_ASSERT(nvs_open("space", NVS_READWRITE, &handle) == ESP_OK);
    for (std::uint32_t i = 0; i < kKeyCount; ++i) {
      names.push_back(fmt::format("parameter{:06}", i));
      store_names.push_back(*Name::from(names.back()));
      NVSAFE_ASSERT(nvs_set_u32(handle, names.back().c_str(), i) == ESP_OK);
    }
    if (is_encrypted) {
      auto created = format::EntryCipher::create(idf::key_of(keys));
      NVSAFE_ASSERT(created.ok());
      cipher.emplace(std::move(*created));
    }
    store::Statistics statistics;
    auto opened = store::Store::open(flash, allocator, cipher ? &*cipher : nullptr, statistics);
    NVSAFE_ASSERT(opened.ok());
    store.emplace(std::move(*opened));
    space = *store->namespace_index(*Name::from("space"));
  }
  ~Both() { set_platform(nullptr); }
  Both(const Both&) = delete;
  Both& operator=(const Both&) = delete;

  void get_by_handle(int count) const {
    std::size_t next = 0;
    for (int i = 0; i < count; ++i) {
      std::uint32_t value = 0;
      NVSAFE_ASSERT(nvs_get_u32(handle, names[next].c_str(), &value) == ESP_OK);
      benchmark::DoNotOptimize(value);
      next = next + 1 == names.size() ? 0 : next + 1;
    }
  }
  void get_by_store(int count) {
    std::size_t next = 0;
    for (int i = 0; i < count; ++i) {
      std::array<std::uint8_t, 4> value;
      const auto item = store->find(space, store_names[next]);
      NVSAFE_ASSERT(item.ok() && store->read_value(*item, value).ok());
      benchmark::DoNotOptimize(value);
      next = next + 1 == names.size() ? 0 : next + 1;
    }
  }

  std::vector<std::uint8_t> memory;
  MemoryFlash flash;
  HostDevice device;
  host::HeapAllocator allocator;
  std::optional<format::EntryCipher> cipher;
  std::optional<store::Store> store;
  std::vector<std::string> names;
  std::vector<Name> store_names;
  nvs_handle_t handle = 0;
  std::uint8_t space = 0;
};

// Of this thread alone, in ns.
double cpu_time() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Both ways in turns, so that a slow moment of the machine hits both. Counter: ns that nvs_get_u32 takes more.
void idf_get_u32(benchmark::State& state, bool is_encrypted) {
  Both both(is_encrypted);
  std::vector<double> differences;
  for (auto _ : state) {
    const double start = cpu_time();
    both.get_by_store(kBatch);
    const double middle = cpu_time();
    both.get_by_handle(kBatch);
    const double end = cpu_time();
    state.SetIterationTime((end - middle) / 1e9 / kBatch);
    differences.push_back(((end - middle) - (middle - start)) / kBatch);
  }
  std::nth_element(differences.begin(), differences.begin() + differences.size() / 2, differences.end());
  state.counters["more"] = differences[differences.size() / 2];
}
BENCHMARK_CAPTURE(idf_get_u32, plain, false)->Iterations(15)->Repetitions(5)->ReportAggregatesOnly()->UseManualTime();
BENCHMARK_CAPTURE(idf_get_u32, xts, true)->Iterations(15)->Repetitions(5)->ReportAggregatesOnly()->UseManualTime();

void idf_open_get_close(benchmark::State& state, bool is_encrypted) {
  const Both both(is_encrypted);
  std::size_t next = 0;
  for (auto _ : state) {
    nvs_handle_t handle = 0;
    std::uint32_t value = 0;
    NVSAFE_ASSERT(nvs_open("space", NVS_READWRITE, &handle) == ESP_OK);
    NVSAFE_ASSERT(nvs_get_u32(handle, both.names[next].c_str(), &value) == ESP_OK);
    nvs_close(handle);
    next = next + 1 == both.names.size() ? 0 : next + 1;
  }
}
BENCHMARK_CAPTURE(idf_open_get_close, plain, false)->Apply(repeat);
BENCHMARK_CAPTURE(idf_open_get_close, xts, true)->Apply(repeat);

// By the clock, since waiting is what is looked for.
template <typename Work>
double seconds_for(int thread_count, Work work) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> others;
  for (int i = 1; i < thread_count; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Time for the same amount of work by two threads, in times of one thread's.
template <typename Work>
double median_ratio(benchmark::State& state, Work work) {
  std::vector<double> ratios;
  for (auto _ : state) {
    const double one = seconds_for(1, work);
    ratios.push_back(seconds_for(2, work) / 2 / one);
  }
  std::nth_element(ratios.begin(), ratios.begin() + ratios.size() / 2, ratios.end());
  return ratios[ratios.size() / 2];
}

void idf_two_readers(benchmark::State& state, bool is_encrypted) {
  const Both both(is_encrypted);
  state.counters["ratio"] = median_ratio(state, [&] { both.get_by_handle(kBatch * 5); });
}
BENCHMARK_CAPTURE(idf_two_readers, plain, false)->Iterations(11)->Repetitions(3)->ReportAggregatesOnly()->UseRealTime();
BENCHMARK_CAPTURE(idf_two_readers, xts, true)->Iterations(11)->Repetitions(3)->ReportAggregatesOnly()->UseRealTime();

// Two threads that share nothing: what this machine, which others use too, gives two threads at all.
void two_strangers(benchmark::State& state) {
  state.counters["ratio"] = median_ratio(state, [] {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < 20000000; ++i) benchmark::DoNotOptimize(sum += i);
  });
}
BENCHMARK(two_strangers)->Iterations(11)->Repetitions(3)->ReportAggregatesOnly()->UseRealTime();

}  // namespace
}  // namespace nvsafe::bench
