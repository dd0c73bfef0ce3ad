// What a mounted store takes of a 32-bit machine's memory, printed and compared with the limits. The core is the real
// one; cryptography is not needed for it and left out. scripts/check_memory.sh builds and runs this.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "base/crc32.hpp"
#include "crypto/provider.hpp"
#include "nvsafe/assert.hpp"
#include "provider/table_crc32.hpp"
#include "ram_flash.hpp"
#include "store/store.hpp"

namespace nvsafe {

void assert_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, expression);
  std::abort();
}

std::uint32_t provider::crc32(std::uint32_t crc, std::span<const std::uint8_t> data) { return table_crc32(crc, data); }

namespace crypto::provider {
AesKeyHandle* aes_create(std::span<const std::uint8_t>, AesDirection) { return nullptr; }
void aes_destroy(AesKeyHandle*) {}
bool aes_blocks(const AesKeyHandle*, const std::uint8_t*, std::uint8_t*, std::size_t) { return false; }
bool hash(HashKind, std::span<const std::uint8_t>, std::uint8_t*) { return false; }
bool hmac_sha256(std::span<const std::uint8_t>, std::span<const std::uint8_t>, std::uint8_t*) { return false; }
bool pbkdf2_hmac_sha1(std::span<const std::uint8_t>, std::span<const std::uint8_t>, std::uint32_t,
                      std::span<std::uint8_t>) {
  return false;
}
}  // namespace crypto::provider

namespace {

static_assert(sizeof(void*) == 4);

constexpr std::uint32_t kMebibyte = 0x100000;
constexpr std::uint32_t kSmall = 24 * 1024;
constexpr std::size_t kBlankMax = 5000;
constexpr std::size_t kFullMax = 150000;

class CountingAllocator final : public Allocator {
 public:
  void* allocate(std::size_t size) override {
    in_use += size;
    peak = std::max(peak, in_use);
    return std::malloc(size);
  }
  void release(void* memory, std::size_t size) override {
    in_use -= size;
    std::free(memory);
  }
  std::size_t in_use = 0;
  std::size_t peak = 0;
};

struct Mounted {
  Mounted(Flash& flash, std::uint32_t index_size) {
    store::Statistics statistics;
    auto mounted = store::Store::mount(flash, allocator, nullptr, {.index_size = index_size}, statistics);
    NVSAFE_ASSERT(mounted.ok());
    store.emplace(std::move(*mounted));
    after_mount = allocator.in_use + sizeof *store;
    peak = allocator.peak + sizeof *store;
  }
  CountingAllocator allocator;
  std::optional<store::Store> store;
  std::size_t after_mount = 0;  // both with the object itself
  std::size_t peak = 0;
};

bool has_failed = false;

void check(const char* what, std::size_t bytes, std::size_t limit) {
  std::printf("%8zu B  <= %6zu  %s\n", bytes, limit, what);
  has_failed |= bytes > limit;
}

void fill(Flash& flash, std::uint32_t key_count) {
  Mounted mounted(flash, store::ItemIndex::kFull);
  const auto space = mounted.store->create_namespace(*Name::from("space"));
  NVSAFE_ASSERT(space.ok());
  for (std::uint32_t i = 0; i < key_count; ++i) {
    char key[16];
    std::snprintf(key, sizeof key, "parameter%06u", static_cast<unsigned>(i));
    const std::uint8_t value[4] = {};
    NVSAFE_ASSERT(mounted.store->set(*space, *Name::from(key), ValueType::kU32, value).ok());
  }
}

void report() {
  bench::RamFlash flash(kMebibyte);
  {
    const Mounted blank(flash, store::ItemIndex::kFull);
    check("1 MiB, blank, after mount", blank.after_mount, kBlankMax);
    std::printf("%8zu B            most while mounting: a page of flash and the records\n", blank.peak);
  }
  constexpr std::uint32_t kKeyCount = 30519;  // 95 % of all entries
  fill(flash, kKeyCount);
  {
    const Mounted full(flash, store::ItemIndex::kFull);
    check("1 MiB, 30 519 u32, after mount", full.after_mount, kFullMax);
    check("most while mounting", full.peak, full.after_mount * 12 / 10);
  }
  bench::RamFlash small(kSmall);
  fill(small, 600);
  for (const std::uint32_t size : {store::ItemIndex::kFull, 256u, 0u}) {
    const Mounted mounted(small, size);
    const char* const name = size == 0 ? "no index" : size == 256 ? "index of 256 bytes" : "full index";
    std::printf("%8zu B            24 KiB, 600 u32, %s; most while mounting %zu B\n", mounted.after_mount, name,
                mounted.peak);
  }
}

}  // namespace
}  // namespace nvsafe

int main() {
  nvsafe::report();
  std::printf("memory, 32 bits: %s\n", nvsafe::has_failed ? "over a limit" : "ok");
  return nvsafe::has_failed ? 1 : 0;
}
