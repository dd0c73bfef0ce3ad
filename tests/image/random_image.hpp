// Images as devices leave them: written by the engine with random sets, updates and erases, plain or encrypted, with
// every type, blobs over many pages, near full or worn; and what each holds, as a plain map.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/endian.hpp"
#include "image/contents.hpp"
#include "image/open.hpp"
#include "nvsafe/memory_flash.hpp"
#include "sim/seeded_random.hpp"
#include "store/store.hpp"
#include "support/nvs_writer.hpp"

namespace nvsafe::image {

using test::Bytes;

// By namespace and key: type and bytes as stored.
using Values = std::map<std::pair<std::string, std::string>, std::pair<ValueType, Bytes>>;

struct RandomImage {
  Bytes bytes;
  Values values;
  std::vector<Bytes> dead_values;  // that were replaced or erased, of 16 bytes or more
  // Every value that a key ever had, oldest first.
  std::map<std::pair<std::string, std::string>, std::vector<std::pair<ValueType, Bytes>>> versions;
};

struct RandomImageOptions {
  std::optional<std::uint32_t> key_seed;  // test::test_key(); none: plain
  bool erases = true;                     // else keys are only set
  bool never_idle = false;                // so many sets that pages are collected
  std::uint32_t page_count = 0;           // 3 or more; 0: 3 to 8, as the seed says
};

inline std::optional<format::EntryCipher> cipher_of(const std::optional<std::uint32_t>& key_seed) {
  if (!key_seed) return std::nullopt;
  auto cipher = format::EntryCipher::create(test::test_key(*key_seed));
  EXPECT_TRUE(cipher.ok());
  return std::optional(std::move(*cipher));
}

class RandomImageMaker {
 public:
  RandomImageMaker(std::uint64_t seed, const RandomImageOptions& options)
      : random_(seed),
        options_(options),
        image_{Bytes(page_count(random_, options) * format::kPageSize, 0xFF), {}, {}, {}},
        flash_(image_.bytes),
        cipher_(cipher_of(options.key_seed)) {
    store::Statistics statistics;
    auto mounted = store::Store::mount(flash_, allocator_, cipher_ ? &*cipher_ : nullptr, {}, statistics);
    EXPECT_TRUE(mounted.ok());
    store_.emplace(std::move(*mounted));
  }

  RandomImage make() {
    constexpr std::uint64_t kOperations[] = {10, 60, 200, 600};
    std::uint64_t count = options_.never_idle ? 600 : kOperations[random_.below(4)];
    std::uint64_t key_count = 4 + random_.below(120);
    if (options_.page_count != 0) {
      // From nearly empty to many times written over; with few keys worn, with many full.
      count = count * options_.page_count / 8;
      key_count = key_count * options_.page_count / 8 + 1;
    }
    for (std::uint64_t i = 0; i < count; ++i) step(key_count);
    store_.reset();
    test::keep_image(image_.bytes, {.made_by = "random"});
    return std::move(image_);
  }

 private:
  static std::uint64_t page_count(sim::SeededRandom& random, const RandomImageOptions& options) {
    return options.page_count != 0 ? options.page_count : 3 + random.below(6);
  }

  void step(std::uint64_t key_count) {
    const std::string space = "space" + std::to_string(random_.below(4));
    const std::string key = "key_" + std::to_string(random_.below(key_count));
    const auto index = store_->create_namespace(*Name::from(space));
    if (!index) return;
    const auto there = image_.values.find({space, key});
    if (options_.erases && random_.below(8) == 0 && there != image_.values.end()) {
      ASSERT_TRUE(store_->erase(*index, *Name::from(key)).ok());
      bury(there->second.second);
      image_.values.erase(there);
      return;
    }
    auto value = random_value();
    const auto done = store_->set(*index, *Name::from(key), value.first, value.second);
    if (!done) {
      ASSERT_TRUE(done.error().code == ErrorCode::kNoSpace || done.error().code == ErrorCode::kValueTooLong);
      return;
    }
    if (there != image_.values.end()) bury(there->second.second);
    image_.versions[{space, key}].push_back(value);
    image_.values[{space, key}] = std::move(value);
  }

  void bury(const Bytes& value) {
    if (value.size() >= 16) image_.dead_values.push_back(value);
  }

  std::pair<ValueType, Bytes> random_value() {
    constexpr ValueType kNumbers[] = {ValueType::kU8,    ValueType::kI8,    ValueType::kU16, ValueType::kI16,
                                      ValueType::kU32,   ValueType::kI32,   ValueType::kU64, ValueType::kI64,
                                      ValueType::kFloat, ValueType::kDouble};
    const std::uint64_t choice = random_.below(20);
    if (choice < 10) {
      const ValueType type = kNumbers[random_.below(10)];
      Bytes bytes(number_size(type));
      for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_.below(0x70));  // no NaN
      return {type, bytes};
    }
    const bool is_string = choice < 15;
    std::size_t size = random_.below(100);
    if (random_.below(8) == 0) size = random_.below(is_string ? 3999 : options_.page_count > 16 ? 40'000 : 9000);
    Bytes bytes(size);
    for (auto& byte : bytes)
      byte = is_string ? static_cast<std::uint8_t>('!' + random_.below(90)) : random_.next_byte();
    if (is_string) bytes.push_back(0);
    return {is_string ? ValueType::kString : ValueType::kBlobData, bytes};
  }

  sim::SeededRandom random_;
  RandomImageOptions options_;
  RandomImage image_;
  MemoryFlash flash_;
  std::optional<format::EntryCipher> cipher_;
  test::CountingAllocator allocator_;
  std::optional<store::Store> store_;
};

[[nodiscard]] inline RandomImage random_image(std::uint64_t seed, const RandomImageOptions& options) {
  return RandomImageMaker(seed, options).make();
}

// What an image holds under these keys.
[[nodiscard]] inline Values values_of(const Bytes& bytes, std::span<const KeyCandidate> keys) {
  test::CountingAllocator allocator;
  const auto opened = open_partition({"", 0, bytes}, keys, "image", allocator);
  EXPECT_TRUE(opened.ok()) << opened.error().what;
  Values values;
  if (!opened.ok()) return values;
  const auto contents = read_contents(*(*opened)->store);
  EXPECT_TRUE(contents.ok());
  for (const Item& item : contents->items) {
    EXPECT_FALSE(item.is_damaged) << item.key;
    values[{item.namespace_text(), item.key}] = {item.type, item.bytes};
  }
  return values;
}

// The 16-byte windows of some bytes, without those of few different bytes, which stand in any image.
class Windows {
 public:
  explicit Windows(std::span<const std::uint8_t> bytes) {
    seen_.reserve(bytes.size());
    for (std::size_t i = 0; i + kSize <= bytes.size(); ++i) seen_.push_back(hash(bytes.data() + i));
    std::sort(seen_.begin(), seen_.end());
  }
  // Whether one of the windows of `bytes` is among them. By a hash of 64 bits.
  [[nodiscard]] bool share(std::span<const std::uint8_t> bytes) const {
    for (std::size_t i = 0; i + kSize <= bytes.size(); ++i) {
      const auto window = bytes.subspan(i, kSize);
      if (std::binary_search(seen_.begin(), seen_.end(), hash(window.data())) &&
          std::set<std::uint8_t>(window.begin(), window.end()).size() > 4) {
        return true;
      }
    }
    return false;
  }

 private:
  static constexpr std::size_t kSize = 16;
  static std::uint64_t hash(const std::uint8_t* bytes) {
    return load_le64(bytes) * 0x9E3779B97F4A7C15 ^ load_le64(bytes + 8) * 0xC2B2AE3D27D4EB4F;
  }
  std::vector<std::uint64_t> seen_;
};

}  // namespace nvsafe::image
