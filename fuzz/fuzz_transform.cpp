// Any bytes as a partition of 3 to 8 pages, plain or encrypted, and one of the copies that can be made of it: encrypt,
// decrypt, rekey, compact, wipe, repair, recover. It ends with an error in words, or with a result that opens and in
// which each key that read before has the value that it had. The input stays as it is.
//
// Input: byte 0 options of the partition, byte 1 what is done, byte 2 the size of what compact and recover make; the
// rest is the partition, 0xFF to its end.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/heap_allocator.hpp"
#include "image/recover.hpp"
#include "image/rekey.hpp"
#include "image/repair.hpp"
#include "image/wipe.hpp"
#include "nvs_bytes.hpp"
#include "require.hpp"

using nvsafe::ValueType;
using nvsafe::fuzz::Bytes;
using nvsafe::fuzz::require;
namespace format = nvsafe::format;
namespace image = nvsafe::image;
namespace text = nvsafe::text;

namespace {

enum class Action : std::uint8_t { kEncrypt, kDecrypt, kRekey, kCompact, kWipe, kRepair, kRecover };
constexpr std::uint8_t kActionCount = 7;
constexpr std::uint8_t kHasKey = 0x80;    // of byte 1: the key is at hand
constexpr std::uint8_t kVersion1 = 0x40;  // of byte 1: compact makes version 1

const format::XtsKey& other_key() {
  static const format::XtsKey key = [] {
    std::array<std::uint8_t, format::kXtsKeySize> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 5 + 2);  // a test key
    return format::XtsKey(bytes);
  }();
  return key;
}

struct Value {
  std::optional<std::string> namespace_name;
  ValueType type;
  Bytes bytes;
  friend bool operator==(const Value&, const Value&) = default;
};
// What reads, by namespace index and key.
using Values = std::map<std::pair<std::uint8_t, std::string>, Value>;
using NamedValues = std::map<std::pair<std::string, std::string>, std::pair<ValueType, Bytes>>;

Values values_of(image::OpenedPartition& partition) {
  const auto contents = image::read_contents(*partition.store);
  require(contents.ok(), "what is open can be listed");
  Values values;
  for (const image::Item& item : contents->items) {
    if (item.has_value()) values[{item.namespace_index, item.key}] = {item.namespace_name, item.type, item.bytes};
  }
  return values;
}

NamedValues named(const Values& values) {
  NamedValues result;
  for (const auto& [name, value] : values) {
    if (value.namespace_name) result[{*value.namespace_name, name.second}] = {value.type, value.bytes};
  }
  return result;
}

// One partition and the keys at hand.
class Run {
 public:
  Run(Bytes bytes, bool has_key) : before_(std::move(bytes)), bytes_(before_) {
    if (has_key) keys_.push_back({"keys.bin", nvsafe::fuzz::test_key().clone()});
  }
  ~Run() { require(bytes_ == before_, "the input stays as it is"); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void act(Action action, std::uint8_t size, std::uint8_t version) {
    switch (action) {
      case Action::kEncrypt:
        return rekey({image::KeyChange::kEncrypt, &other_});
      case Action::kDecrypt:
        return rekey({image::KeyChange::kDecrypt, nullptr});
      case Action::kRekey:
        return rekey({image::KeyChange::kRekey, &other_});
      case Action::kCompact:
        return compact(size_of(size), version);
      case Action::kWipe:
        return wipe();
      case Action::kRepair:
        return repair();
      case Action::kRecover:
        return recover(size_of(size));
    }
  }

 private:
  static std::uint32_t size_of(std::uint8_t size) {
    return (1u + size % 12) * static_cast<std::uint32_t>(format::kPageSize);
  }

  // nullptr with an error in words.
  std::unique_ptr<image::OpenedPartition> open(std::span<const std::uint8_t> bytes) {
    auto opened = image::open_partition({"", 0, bytes}, keys_, "it", allocator_);
    if (opened) return std::move(*opened);
    refused(opened.error());
    return nullptr;
  }
  static void refused(const text::Problem& problem) {
    require(!problem.what.empty(), "an error in words");
    require(problem.hint.find("fault in nvsafe") == std::string::npos, "no fault of its own");
  }
  Values values_in(std::span<const std::uint8_t> bytes) {
    const auto opened = open(bytes);
    require(opened != nullptr, "the result opens");
    return values_of(*opened);
  }

  void rekey(const image::RekeyOptions& options) {
    const auto source = image::Source::read("it", bytes_, {.keys = keys_});
    if (!source) return refused(source.error());
    const auto rekeyed = image::rekey(**source, keys_, options, allocator_);
    if (!rekeyed) return refused(rekeyed.error());
    require(rekeyed->bytes.size() == bytes_.size(), "the size stays");
    for (const image::Region& region : (*source)->regions()) {
      const auto opened = image::open_partition(region, keys_, "it", allocator_);
      require(opened.ok(), "what was made anew had opened");
      const Values old = values_of(**opened);
      std::vector<image::KeyCandidate> keys;
      if (options.key != nullptr) keys.push_back({options.key->name, options.key->key.clone()});
      const auto now = std::span<const std::uint8_t>(rekeyed->bytes).subspan(region.offset, region.bytes.size());
      const auto reopened = image::open_partition({"", 0, now}, keys, "it", allocator_);
      require(reopened.ok(), "the result opens");
      require(image::is_opened_with(**reopened, options.key != nullptr ? &options.key->key : nullptr),
              "with the key that it was made for");
      require(named(values_of(**reopened)) == named(old) && named(old).size() == old.size(),
              "each value is what it was");
    }
  }

  void check_rebuilt(const text::Outcome<image::Rebuilt>& rebuilt, const NamedValues& wanted, std::uint32_t size,
                     const image::KeyCandidate* key) {
    if (!rebuilt) return refused(rebuilt.error());
    require(rebuilt->bytes.size() == size, "the size asked for");
    const auto reopened =
        image::open_partition({"", 0, rebuilt->bytes}, std::span(key, key != nullptr ? 1u : 0u), "it", allocator_);
    require(reopened.ok(), "the result opens");
    require(named(values_of(**reopened)) == wanted, "each value is what it was");
  }

  void compact(std::uint32_t size, std::uint8_t version) {
    const auto opened = open(bytes_);
    if (opened == nullptr) return;
    const auto contents = image::read_whole(*opened->store, "it", "it");
    if (!contents) return refused(contents.error());
    const auto rebuilt =
        image::rebuild(*contents, {.size = size, .version = version, .key = opened->key}, "it", allocator_);
    check_rebuilt(rebuilt, named(values_of(*opened)), size, opened->key);
  }

  void wipe() {
    const auto opened = open(bytes_);
    if (opened == nullptr) return;
    const Values old = values_of(*opened);
    Bytes wiped = bytes_;
    const auto done = image::wipe(wiped, *opened, allocator_);
    if (!done) return refused(done.error());
    require(values_in(wiped) == old, "each value is what it was");
    const auto reopened = open(wiped);
    require(image::find_residue(wiped, *reopened, keys_).ok(), "what is left is counted");
    // What did not let itself be put in order before may do so now; nothing is lost by that either.
    Bytes again = wiped;
    require(image::wipe(again, *reopened, allocator_).ok(), "a second time works, too");
    require(values_in(again) == old, "each value is what it was");
  }

  void repair() {
    const auto opened = open(bytes_);
    if (opened == nullptr) return;
    const Values old = values_of(*opened);
    const auto repaired = image::repair(bytes_, *opened, allocator_);
    if (!repaired) return refused(repaired.error());
    require(repaired->bytes.size() == bytes_.size(), "the size stays");
    require(!repaired->steps.empty() || repaired->bytes == bytes_, "what is changed is in the plan");
    const Values now = values_in(repaired->bytes);
    for (const auto& [name, value] : old) {
      const auto found = now.find(name);
      require(found != now.end() && found->second.type == value.type && found->second.bytes == value.bytes &&
                  (!value.namespace_name || found->second.namespace_name == value.namespace_name),
              "each value is what it was");
    }
    require(now.size() == repaired->key_count_after && old.size() == repaired->key_count_before, "as it says");
    require(now.size() == old.size() + repaired->brought_back.size(), "what came back is named");
  }

  void recover(std::uint32_t size) {
    const auto opened = open(bytes_);
    const auto found = image::find_recoverable(bytes_, opened.get(), keys_);
    if (!found) return refused(found.error());
    NamedValues wanted;
    for (const image::Item& item : found->contents.items) {
      require(item.has_value() && item.namespace_name.has_value(), "what is found has a value and a name");
      wanted[{*item.namespace_name, item.key}] = {item.type, item.bytes};
    }
    if (opened != nullptr) {
      for (const auto& [name, value] : named(values_of(*opened))) {
        const auto kept = wanted.find(name);
        const bool is_damaged_too = kept == wanted.end() && !found->damaged.empty();
        require(is_damaged_too || (kept != wanted.end() && kept->second == value), "what is live is what it was");
      }
    }
    require(found->contents.items.size() == found->live_count + found->recovered.size(), "as it says");
    check_rebuilt(image::rebuild(found->contents, {.size = size, .key = found->key}, "it", allocator_), wanted, size,
                  found->key);
  }

  nvsafe::host::HeapAllocator allocator_;
  const Bytes before_;
  Bytes bytes_;
  std::vector<image::KeyCandidate> keys_;
  const image::KeyCandidate other_{"other.bin", other_key().clone()};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  Bytes bytes = nvsafe::fuzz::make_image(data[0], {data + 3, size - 3});
  Run run(std::move(bytes), (data[1] & kHasKey) != 0);
  run.act(static_cast<Action>((data[1] & 0x3F) % kActionCount), data[2],
          (data[1] & kVersion1) != 0 ? format::kVersion1 : format::kVersion2);
  return 0;
}
