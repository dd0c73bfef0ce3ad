// The same calls through nvs.h and through the store leave the same bytes on flash, plain and encrypted.
#include <map>
#include <string>

#include "host/heap_allocator.hpp"
#include "idf/keys.hpp"
#include "idf/rig.hpp"
#include "sim/ram_nor.hpp"
#include "sim/seeded_random.hpp"
#include "store/store.hpp"
#include "support/bytes.hpp"

namespace nvsafe::idf {
namespace {

constexpr std::uint32_t kSize = 6 * Flash::kSectorSize;

// The store of the other side.
class Reference {
 public:
  explicit Reference(const nvs_sec_cfg_t* keys) : flash_(kSize) {
    if (keys != nullptr) {
      auto cipher = format::EntryCipher::create(key_of(*keys));
      EXPECT_TRUE(cipher.ok());
      cipher_.emplace(std::move(*cipher));
    }
    mount();
  }
  void mount() {
    store_.reset();
    store::Statistics statistics;
    auto mounted = store::Store::mount(flash_, allocator_, cipher_ ? &*cipher_ : nullptr, {}, statistics);
    ASSERT_TRUE(mounted.ok());
    store_.emplace(std::move(*mounted));
  }
  [[nodiscard]] store::Store& store() { return *store_; }
  [[nodiscard]] std::vector<std::uint8_t> bytes() const { return {flash_.bytes().begin(), flash_.bytes().end()}; }

 private:
  sim::RamNor flash_;
  host::HeapAllocator allocator_;
  std::optional<format::EntryCipher> cipher_;
  std::optional<store::Store> store_;
};

struct Sides {
  Sides(Rig& device, const nvs_sec_cfg_t* keys_or_null) : rig(device), keys(keys_or_null), reference(keys) { start(); }

  void start() {
    nvs_sec_cfg_t copy = keys != nullptr ? *keys : nvs_sec_cfg_t{};
    ASSERT_ESP(ESP_OK, nvs_flash_secure_init(keys != nullptr ? &copy : nullptr));
  }
  void restart() {
    rig.restart();
    start();
    reference.mount();
  }

  Rig& rig;
  const nvs_sec_cfg_t* keys;
  Reference reference;
};

// Sets through both. The same result, and the same bytes.
void set_random_value(sim::SeededRandom& random, nvs_handle_t handle, store::Store& store, std::uint8_t space,
                      const std::string& key) {
  const Name name = *Name::from(key);
  const auto number = random.next();
  std::vector<std::uint8_t> bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<std::uint8_t>(number >> 8 * i));
  const std::span<const std::uint8_t> value(bytes);
  esp_err_t result = ESP_OK;
  bool is_ok = false;
  switch (random.below(5)) {
    case 0:
      result = nvs_set_u8(handle, key.c_str(), static_cast<std::uint8_t>(number));
      is_ok = store.set(space, name, ValueType::kU8, value.first(1)).ok();
      break;
    case 1:
      result = nvs_set_i32(handle, key.c_str(), static_cast<std::int32_t>(number));
      is_ok = store.set(space, name, ValueType::kI32, value.first(4)).ok();
      break;
    case 2:
      result = nvs_set_u64(handle, key.c_str(), number);
      is_ok = store.set(space, name, ValueType::kU64, value).ok();
      break;
    case 3: {
      const std::string text(random.below(300), static_cast<char>('a' + number % 26));
      result = nvs_set_str(handle, key.c_str(), text.c_str());
      is_ok = store
                  .set(space, name, ValueType::kString,
                       {reinterpret_cast<const std::uint8_t*>(text.c_str()), text.size() + 1})
                  .ok();
      break;
    }
    default: {
      const auto blob = test::random_bytes(random.below(6000), static_cast<std::uint32_t>(number));
      result = nvs_set_blob(handle, key.c_str(), blob.data(), blob.size());
      is_ok = store.set(space, name, ValueType::kBlobData, blob).ok();
    }
  }
  ASSERT_EQ(result == ESP_OK, is_ok) << esp_err_to_name(result);
}

void run(std::uint64_t seed, const nvs_sec_cfg_t* keys) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Rig rig;
  Sides sides(rig, keys);
  sim::SeededRandom random(seed);
  for (int i = 0; i < 400; ++i) {
    const std::string space = "space" + std::to_string(random.below(3));
    const std::string key = "key" + std::to_string(random.below(20));
    const bool purges = random.below(4) == 0;
    store::Store& store = sides.reference.store();
    store.set_purges(purges);
    const nvs_handle_t handle = opened(purges ? NVS_READWRITE_PURGE : NVS_READWRITE, "nvs", space.c_str());
    const auto index = store.create_namespace(*Name::from(space));
    ASSERT_TRUE(index.ok());
    switch (random.below(20)) {
      case 0:
        ASSERT_EQ(nvs_erase_key(handle, key.c_str()) == ESP_OK, store.erase(*index, *Name::from(key)).ok());
        break;
      case 1:
        ASSERT_EQ(nvs_erase_all(handle) == ESP_OK, store.erase_namespace(*index).ok());
        break;
      case 2:
        ASSERT_EQ(nvs_purge_all(handle) == ESP_OK, store.purge_namespace(*index).ok());
        break;
      case 3:
        sides.restart();
        break;
      default:
        set_random_value(random, handle, store, *index, key);
    }
    nvs_close(handle);
    ASSERT_TRUE(rig.bytes("nvs") == sides.reference.bytes()) << "call " << i;
  }
}

TEST(Differential, PlainFlashIsThatOfTheStore) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) run(seed, nullptr);
}

TEST(Differential, EncryptedFlashIsThatOfTheStore) {
  const nvs_sec_cfg_t keys = test_keys();
  for (std::uint64_t seed = 1; seed <= 12; ++seed) run(seed, &keys);
}

}  // namespace
}  // namespace nvsafe::idf
