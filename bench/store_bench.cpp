// Reading: open, get by key, iterate.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/allocator.hpp"
#include "flash/span_flash.hpp"
#include "nvsafe/assert.hpp"
#include "repeat.hpp"
#include "sample.hpp"
#include "store/store.hpp"

namespace nvsafe::bench {
namespace {

constexpr std::uint32_t kMegabyte = 0x100000;

// Entries that a writer can use in a partition of that size: all pages but the one that stays free.
constexpr std::uint32_t entry_count_max(std::uint32_t size) {
  return (size / format::kPageSize - 1) * format::kEntryCount;
}

class PeakAllocator final : public Allocator {
 public:
  [[nodiscard]] void* allocate(std::size_t size) override {
    in_use_ += size;
    peak_ = std::max(peak_, in_use_);
    return std::malloc(size);
  }
  void release(void* memory, std::size_t size) override {
    in_use_ -= size;
    std::free(memory);
  }
  [[nodiscard]] std::size_t peak() const { return peak_; }

 private:
  std::size_t in_use_ = 0;
  std::size_t peak_ = 0;
};

store::Store opened(Flash& flash, Allocator& allocator, const format::EntryCipher& cipher) {
  store::Statistics statistics;
  auto store = store::Store::open(flash, allocator, &cipher, statistics);
  NVSAFE_ASSERT(store.ok());
  return std::move(*store);
}

// A full partition. Counters: flash bytes read, and memory with the image itself, both in image sizes.
void open(benchmark::State& state, const std::string& csv) {
  const auto image = encrypted_image(parsed(csv), kMegabyte);
  const auto cipher = sample_cipher();
  flash::SpanFlash flash(image);
  PeakAllocator allocator;
  for (auto _ : state) {
    flash.reset_counts();
    const auto store = opened(flash, allocator, cipher);
    benchmark::DoNotOptimize(store.statistics());
  }
  const auto size = static_cast<double>(image.size());
  state.counters["flash_read"] = static_cast<double>(flash.read_counts().bytes) / size;
  state.counters["memory"] = (static_cast<double>(allocator.peak()) + size) / size;
}
BENCHMARK_CAPTURE(open, 1M_settings, settings_csv(10000))->Apply(repeat);
BENCHMARK_CAPTURE(open, 1M_numbers, number_csv(entry_count_max(kMegabyte) - 33))->Apply(repeat);

// One value of `size` bytes among a partition full of numbers; 4 bytes are a number, above 4 000 it is a blob.
void get(benchmark::State& state) {
  const auto size = static_cast<std::uint32_t>(state.range(0));
  const bool is_string = size <= format::kStringSizeMax;
  std::string csv = number_csv(entry_count_max(kMegabyte) - 1500);
  if (size > 4) csv += "value,data," + (is_string ? std::string("string,") : "binary,");
  if (size > 4) csv += std::string(is_string ? size - 1 : size, 'x') + "\n";
  const auto settings = parsed(csv);
  const auto image = encrypted_image(settings, kMegabyte);
  const auto cipher = sample_cipher();
  flash::SpanFlash flash(image);
  PeakAllocator allocator;
  auto store = opened(flash, allocator, cipher);
  const auto index = store.namespace_index(*Name::from(settings.rows.back().namespace_name));
  const auto key = *Name::from(settings.rows.back().key);
  std::vector<std::uint8_t> value(size);
  for (auto _ : state) {
    const auto item = store.find(*index, key);
    NVSAFE_ASSERT(item.ok() && item->size == size && store.read_value(*item, value).ok());
  }
}
BENCHMARK(get)->Arg(4)->Arg(64)->Arg(1000)->Arg(4000)->Arg(32000)->Apply(repeat);

// As `nvsafe ls` walks.
void iterate(benchmark::State& state) {
  const auto image = encrypted_image(parsed(settings_csv(10000)), kMegabyte);
  const auto cipher = sample_cipher();
  flash::SpanFlash flash(image);
  PeakAllocator allocator;
  auto store = opened(flash, allocator, cipher);
  for (auto _ : state) {
    std::uint32_t item_count = 0;
    const auto walked = store.for_each_item([&](const store::ItemInfo&) -> Result<void> {
      ++item_count;
      return {};
    });
    NVSAFE_ASSERT(walked.ok() && item_count == 10000);
  }
}
BENCHMARK(iterate)->Apply(repeat);

}  // namespace
}  // namespace nvsafe::bench
