// Any bytes as a partition of 3 to 8 pages, plain or encrypted: opened, checked, listed and read; then mounted and
// written to. What could be read stays as it was until it is written itself, no rule of the flash is broken, and a
// second mount changes nothing. Before that, for a quarter of the inputs, every mount policy is rehearsed on it:
// nothing is programmed, performing the plan gives what the mount gives, and our own policy loses nothing.
//
// Input: byte 0 options, byte 1 how many operations, and the size of the index; those, 4 bytes each; the rest is the
// partition, 0xFF to its end.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "format/entry_state.hpp"
#include "host/heap_allocator.hpp"
#include "nvs_bytes.hpp"
#include "require.hpp"
#include "sim/ram_nor.hpp"
#include "store/mount_plan.hpp"
#include "store/store.hpp"

using nvsafe::Name;
using nvsafe::Result;
using nvsafe::ValueType;
using nvsafe::fuzz::make_image;
using nvsafe::fuzz::require;
using nvsafe::fuzz::test_cipher;
namespace format = nvsafe::format;
namespace sim = nvsafe::sim;
namespace store = nvsafe::store;

namespace {

using Bytes = std::vector<std::uint8_t>;
using Identity = std::pair<std::uint8_t, std::string>;
struct Held {
  ValueType type;
  Bytes bytes;
  friend bool operator==(const Held&, const Held&) = default;
};
using Contents = std::map<Identity, Held>;

// What can be read. A value with an error is left out.
Contents contents_of(store::Store& opened) {
  Contents contents;
  const auto walked = opened.for_each_item([&](const store::ItemInfo& item) -> Result<void> {
    if (item.type != ValueType::kBlobIndex && !nvsafe::is_number(item.type) && !nvsafe::has_data_entries(item.type)) {
      return {};
    }
    const auto found = opened.find(item.namespace_index, item.key);
    if (!found) return {};
    require(item.size <= 8 * format::kPageSize * 127, "a size that can be");
    Held held{found->type, Bytes(found->size)};
    if (opened.read_value(*found, held.bytes)) contents[{item.namespace_index, std::string(item.key.view())}] = held;
    return {};
  });
  require(walked.ok(), "iteration goes to its end");
  return contents;
}

void expect_kept(const Contents& before, const Contents& now, const char* what) {
  for (const auto& [identity, held] : before) {
    const auto found = now.find(identity);
    if (found == now.end() || !(found->second == held)) {
      std::fprintf(stderr, "namespace %d, key %s\n", identity.first, identity.second.c_str());
      require(false, what);
    }
  }
}

Bytes bytes_of(const sim::RamNor& flash) { return {flash.bytes().begin(), flash.bytes().end()}; }

nvsafe::host::HeapAllocator heap;  // outlives every plan

store::Losses losses_of(const store::MountPlan& plan, sim::RamNor& flash, const format::EntryCipher* cipher) {
  const auto losses =
      store::losses_of(plan, flash, heap, cipher, [](const store::Loss&) -> Result<void> { return {}; });
  require(losses.ok(), "losses are counted");
  return *losses;
}

store::MountPlan plan_of(sim::RamNor& flash, const format::EntryCipher* cipher, store::Policy policy) {
  auto plan = store::plan_mount(flash, heap, cipher, policy);
  require(plan.ok(), "a mount can be rehearsed");
  require(flash.operation_count() == 0, "a rehearsal programs nothing");
  return std::move(*plan);
}

// One that erases and zeroes the most; also under a key that is not the one of the image.
void rehearse_destruction(const Bytes& image, const format::EntryCipher* cipher, const format::EntryCipher* right) {
  sim::RamNor flash(image);
  const auto plan = plan_of(flash, cipher, store::Policy::kRelease6_0_1);
  sim::RamNor performed(image);
  sim::RamNor mounted(image);
  require(plan.apply(performed).ok(), "a plan can be performed");
  const auto outcome = store::mount_as_release(mounted, heap, cipher, store::traits_of(store::Policy::kRelease6_0_1));
  require(outcome.ok() && *outcome == plan.outcome, "the mount ends as planned");
  require(bytes_of(mounted) == bytes_of(performed), "the mount does what was planned");
  require(mounted.counts().refusals == 0, "no rule of the flash is broken");
  const store::Losses losses = losses_of(plan, flash, right);
  require(losses.lost_count <= losses.item_count, "no more is lost than was there");
}

void rehearse(const Bytes& image, const format::EntryCipher* cipher) {
  sim::RamNor flash(image);
  const auto ours = plan_of(flash, cipher, store::Policy::kNeverDestroy);
  if (ours.outcome == store::MountOutcome::kRefused) require(ours.steps.empty(), "a refused mount programs nothing");
  require(losses_of(ours, flash, cipher).lost_count == 0, "never_destroy loses nothing");
  for (const store::Policy policy : store::kReleasePolicies) plan_of(flash, cipher, policy);
  rehearse_destruction(image, cipher, cipher);
  rehearse_destruction(image, cipher == nullptr ? &test_cipher() : nullptr, cipher);
}

Held value_of(std::uint8_t kind, std::uint8_t a, std::uint8_t b) {
  const std::size_t size = kind % 4 == 3 ? std::size_t{a} * 32 : a;
  Bytes bytes(size, b);
  switch (kind % 4) {
    case 0:
      return {ValueType::kU32, {a, b, 0, 1}};
    case 1:
      bytes.assign(size + 1, static_cast<std::uint8_t>(b | 1));
      bytes.back() = 0;
      return {ValueType::kString, bytes};
    default:
      return {ValueType::kBlobData, bytes};
  }
}

// The full index half of the time.
std::uint32_t index_size_of(std::uint8_t choice) {
  if (choice < 0x80) return store::ItemIndex::kFull;
  return choice < 0xC0 ? 256 : 0;
}

// `contents` follows; an operation may be refused, and then changes nothing.
void perform(store::Store& mounted, sim::RamNor& flash, std::span<const std::uint8_t> step, Contents& contents) {
  const Name space = *Name::from(std::string("s") + char('a' + (step[0] >> 6)));
  const Name key = *Name::from(std::string("k") + char('a' + (step[0] & 7)));
  const std::uint8_t kind = (step[0] >> 3) & 7;
  auto index = mounted.create_namespace(space);
  if (!index) return;
  const auto before = flash.operation_count();
  if (kind == 7) {
    if (mounted.erase(*index, key)) contents.erase({*index, std::string(key.view())});
    return;
  }
  if (kind == 5) {
    for (int i = 0; i < 100; ++i) {
      const auto maintained = mounted.maintain({.entries = step[1], .erases = 1});
      require(maintained.ok(), "idle work succeeds");
      if (*maintained || flash.operation_count() == before) return;
    }
    require(false, "idle work ends");
  }
  if (kind == 6) {
    if (mounted.purge_namespace(*index)) return;
    require(false, "a purge succeeds");
  }
  Held value = value_of(step[1], step[2], step[3]);
  const auto fits = mounted.would_fit(*index, key, value.type, value.bytes);
  const auto done = mounted.set(*index, key, value.type, value.bytes);
  require(fits.ok() ? *fits == done.ok() : !done.ok(), "would_fit says what set does");
  if (!done) {
    const auto code = done.error().code;
    require(code == nvsafe::ErrorCode::kNoSpace || code == nvsafe::ErrorCode::kValueTooLong, "refused, and no more");
    require(flash.operation_count() == before, "a refused set programs nothing");
    return;
  }
  if (value.type == ValueType::kBlobData) value.type = ValueType::kBlobIndex;
  contents[{*index, std::string(key.view())}] = value;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::uint8_t options = data[0];
  const std::span<const std::uint8_t> input(data + 2, size - 2);
  const std::size_t steps_size = std::min<std::size_t>(data[1] % 32 * 4u, input.size() / 4 * 4);
  const Bytes image = make_image(options, input.subspan(steps_size));
  const format::EntryCipher* cipher = (options & 0x80) != 0 ? &test_cipher() : nullptr;
  nvsafe::host::HeapAllocator allocator;
  store::Statistics statistics;

  if (size % 4 == 0) rehearse(image, cipher);  // it takes longer than all the rest
  sim::RamNor flash(image);
  Contents readable;
  {
    auto opened = store::Store::open(flash, allocator, cipher, statistics);
    if (opened) {
      require(opened->check().ok(), "a check comes to its end");
      readable = contents_of(*opened);
    }
    require(flash.operation_count() == 0, "opening programs nothing");
  }
  const store::MountOptions mount_options{.purges = (options & 0x10) != 0, .index_size = index_size_of(data[1])};
  auto mounted = store::Store::mount(flash, allocator, cipher, mount_options, statistics);
  if (!mounted) {
    require(flash.counts().refusals == 0, "no rule of the flash is broken");
    return 0;
  }
  Contents contents = contents_of(*mounted);
  expect_kept(readable, contents, "a mount loses nothing");
  for (std::size_t i = 0; i < steps_size; i += 4) perform(*mounted, flash, input.subspan(i, 4), contents);
  expect_kept(contents, contents_of(*mounted), "a write loses nothing");
  for (const bool is_first : {true, false}) {
    const auto before = flash.operation_count();
    auto again = store::Store::mount(flash, allocator, cipher, {}, statistics);
    require(again.ok(), "it mounts again");
    expect_kept(contents, contents_of(*again), "a remount loses nothing");
    require(is_first || flash.operation_count() == before, "a second mount changes nothing");
  }
  require(flash.counts().refusals == 0, "no rule of the flash is broken");
  return 0;
}
