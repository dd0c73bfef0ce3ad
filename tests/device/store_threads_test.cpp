// One store from many threads through the lock, and many stores at once; the thread sanitizer looks on (make
// check-tsan).
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/endian.hpp"
#include "device/thread_lock.hpp"
#include "nvsafe/heap.hpp"
#include "nvsafe/memory_flash.hpp"
#include "sim/seeded_random.hpp"
#include "store/store.hpp"
#include "support/nvs_writer.hpp"

namespace nvsafe {
namespace {

using store::Store;
using test::Bytes;

constexpr std::uint32_t kThreadCount = 8;
constexpr std::uint32_t kOperationCount = 1000000;  // of all threads
constexpr std::uint32_t kKeyCount = 300;

Name key_name(std::uint32_t key) { return *Name::from("key" + std::to_string(key)); }

// A store on flash in memory, and its lock.
class Shared {
 public:
  Shared(std::uint32_t page_count, const format::EntryCipher* cipher)
      : bytes_(page_count * format::kPageSize, 0xFF), flash_(bytes_) {
    store::Statistics statistics;
    auto mounted = Store::mount(flash_, heap(), cipher, {}, statistics);
    EXPECT_TRUE(mounted.ok());
    store_.emplace(std::move(*mounted));
    space_ = *store_->create_namespace(*Name::from("space"));
  }
  // The value says which key it is of, twice.
  [[nodiscard]] bool set(std::uint32_t key, std::uint32_t round) {
    Bytes value(8);
    store_le32(value.data(), key << 16 | (round & 0xFFFF));
    store_le32(value.data() + 4, ~(key << 16 | (round & 0xFFFF)));
    lock_.lock();
    const bool done = store_->set(space_, key_name(key), ValueType::kU64, value).ok();
    lock_.unlock();
    return done;
  }
  [[nodiscard]] bool is_right(std::uint32_t key) {
    Bytes value(8);
    lock_.lock_shared();
    const auto item = store_->find(space_, key_name(key));
    const bool is_read = item.ok() && item->size == 8 && store_->read_value(*item, value).ok();
    lock_.unlock_shared();
    return is_read && load_le32(value.data()) >> 16 == key && load_le32(value.data() + 4) == ~load_le32(value.data());
  }
  [[nodiscard]] bool idle() {
    lock_.lock();
    const bool done = store_->maintain().ok();
    lock_.unlock();
    return done;
  }

 private:
  Bytes bytes_;
  MemoryFlash flash_;
  std::optional<Store> store_;
  std::uint8_t space_ = 0;
  device::ThreadLock lock_;
};

// One set in ten, idle work now and then, otherwise gets; a wrong value is never seen.
std::uint32_t work(Shared& shared, std::uint32_t seed, std::uint32_t count) {
  sim::SeededRandom random(seed);
  std::uint32_t failed = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto key = static_cast<std::uint32_t>(random.below(kKeyCount));
    const auto kind = random.below(1000);
    const bool is_well = kind < 100 ? shared.set(key, i) : kind == 100 ? shared.idle() : shared.is_right(key);
    failed += is_well ? 0 : 1;
  }
  return failed;
}

class StoreThreads : public testing::TestWithParam<bool> {};

TEST_P(StoreThreads, one_store_from_eight_threads_gives_right_values) {
  const auto cipher = format::EntryCipher::create(test::test_key(1));
  Shared shared(6, GetParam() ? &*cipher : nullptr);
  for (std::uint32_t key = 0; key < kKeyCount; ++key) ASSERT_TRUE(shared.set(key, 0));
  std::atomic<std::uint32_t> failed = 0;
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < kThreadCount; ++i) {
    threads.emplace_back([&, i] { failed += work(shared, i + 1, kOperationCount / 2 / kThreadCount); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0u);
}

// The cipher is shared by all of them.
TEST_P(StoreThreads, many_stores_at_once_do_not_meet) {
  const auto cipher = format::EntryCipher::create(test::test_key(1));
  std::atomic<std::uint32_t> failed = 0;
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < kThreadCount; ++i) {
    threads.emplace_back([&, i] {
      Shared own(6, GetParam() ? &*cipher : nullptr);
      for (std::uint32_t key = 0; key < kKeyCount; ++key) failed += own.set(key, 0) ? 0 : 1;
      failed += work(own, i + 1, 5000);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0u);
}

INSTANTIATE_TEST_SUITE_P(Store, StoreThreads, testing::Bool());

}  // namespace
}  // namespace nvsafe
