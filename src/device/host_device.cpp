#include "nvsafe/host_device.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "crypto/hash.hpp"
#include "device/thread_lock.hpp"
#include "host/file_descriptor.hpp"
#include "host/heap_allocator.hpp"
#include "host/os_random.hpp"
#include "nvsafe/memory_flash.hpp"
#include "sim/file_mapping.hpp"
#include "store/policy.hpp"
#include "table/binary.hpp"
#include "table/csv.hpp"
#include "table/rules.hpp"

namespace nvsafe {
namespace {

constexpr std::size_t kHmacKeySize = 32;

struct HmacSlot {
  std::optional<SecretBytes<kHmacKeySize>> key;
  bool is_other = false;
  std::string path;  // empty: in memory only
};

Result<table::Table> parse_table(std::string_view csv) {
  table::ProblemList problems;
  auto parsed = table::parse_csv(csv, {}, problems);
  if (parsed) table::check_table(*parsed, {}, problems);
  if (!parsed || problems.error_count() > 0) return fail(ErrorCode::kInvalidValue);
  return *parsed;
}

Result<table::Table> table_in_dump(std::span<const std::uint8_t> dump) {
  if (dump.size() <= table::kTableOffset) return fail(ErrorCode::kNotFound);
  const auto bytes = dump.subspan(table::kTableOffset);
  if (!table::is_binary_table(bytes)) return fail(ErrorCode::kNotFound);
  table::ProblemList problems;
  auto decoded =
      table::decode_table(bytes.first(std::min(bytes.size(), table::kBinarySize)), table::Md5Use::kYes, problems);
  if (!decoded) return fail(ErrorCode::kInvalidValue);
  return *decoded;
}

Result<void> write_key_file(const std::string& path, std::span<const std::uint8_t> key) {
  const host::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.is_open()) return fail(ErrorCode::kFlashIo);
  if (::write(file.number(), key.data(), key.size()) != static_cast<ssize_t>(key.size()) ||
      ::fsync(file.number()) != 0) {
    return fail(ErrorCode::kFlashIo);
  }
  return {};
}

}  // namespace

class HostDevice::Parts {
 public:
  ~Parts() { drop_flash(); }

  // Takes the table's partitions that lie in `bytes`.
  void set_flash(std::span<std::uint8_t> bytes, const table::Table& rows) {
    for (const table::Partition& row : rows.partitions()) {
      const bool is_whole = row.size > 0 && row.size % Flash::kSectorSize == 0 && row.offset % Flash::kSectorSize == 0;
      if (!is_whole || row.end() > bytes.size()) continue;
      add(std::string(row.name.view()), bytes.subspan(row.offset, row.size));
      PartitionDevice& device = devices.back();
      device.type = static_cast<std::uint8_t>(row.type);
      device.subtype = row.subtype;
      device.address = row.offset;
      device.is_read_only = row.readonly();
    }
    name_all();
  }

  void drop_flash() {
    devices.clear();
    labels.clear();
    flashes.clear();
    contents.clear();
    sim::unmap_file(mapping);
    mapping = {};
    memory.clear();
  }

  void use_own(std::string_view label, Flash& flash, std::uint8_t subtype) {
    std::size_t i = 0;
    while (i < labels.size() && labels[i] != label) ++i;
    if (i == labels.size()) {
      labels.emplace_back(label);
      flashes.push_back(nullptr);
      contents.emplace_back();
      devices.emplace_back();
    }
    flashes[i].reset();
    contents[i] = {};
    devices[i] = {.subtype = subtype, .address = devices[i].address, .flash = &flash};
    name_all();
  }

  host::HeapAllocator allocator;
  host::OsRandom random;
  device::ThreadLock lock;
  NvsEncryption encryption;
  std::string release;
  std::array<HmacSlot, kHmacSlotCount> slots;

  std::vector<std::uint8_t> memory;
  std::span<std::uint8_t> mapping;
  // By partition.
  std::vector<PartitionDevice> devices;
  std::vector<std::string> labels;
  std::vector<std::unique_ptr<MemoryFlash>> flashes;
  std::vector<std::span<std::uint8_t>> contents;

 private:
  void add(std::string label, std::span<std::uint8_t> bytes) {
    labels.push_back(std::move(label));
    contents.push_back(bytes);
    flashes.push_back(std::make_unique<MemoryFlash>(bytes));
    devices.push_back({.flash = flashes.back().get()});
  }
  // The strings move when the list grows.
  void name_all() {
    for (std::size_t i = 0; i < devices.size(); ++i) devices[i].label = labels[i];
  }
};

HostDevice::HostDevice() : parts_(new Parts) { NVSAFE_ASSERT(use_memory().ok()); }
HostDevice::~HostDevice() { delete parts_; }

std::string_view HostDevice::usual_table() {
  return "nvs,      data, nvs,      0x9000,  0x6000\n"
         "nvs_keys, data, nvs_keys, 0xf000,  0x1000\n"
         "factory,  app,  factory,  0x10000, 0x10000\n";
}

Result<void> HostDevice::use_memory(std::string_view table_csv) {
  const auto rows = parse_table(table_csv);
  if (!rows) return rows.failed();
  std::uint64_t size = 0;
  for (const table::Partition& row : rows->partitions()) size = std::max(size, row.end());
  parts_->drop_flash();
  parts_->memory.assign(size, 0xFF);
  parts_->set_flash(parts_->memory, *rows);
  return {};
}

Result<void> HostDevice::use_file(const char* path, std::string_view table_csv) {
  const auto mapping = sim::map_file(path, sim::Mapping::kWritable);
  if (!mapping) return mapping.failed();
  const auto rows = table_csv.empty() ? table_in_dump(*mapping) : parse_table(table_csv);
  if (!rows) {
    sim::unmap_file(*mapping);
    return rows.failed();
  }
  parts_->drop_flash();
  parts_->mapping = *mapping;
  parts_->set_flash(*mapping, *rows);
  return {};
}

Result<void> HostDevice::use_flash(std::string_view label, Flash& flash, std::uint8_t subtype) {
  if (label.empty() || label.size() > table::PartitionName::kSizeMax) return fail(ErrorCode::kNameTooLong);
  parts_->use_own(label, flash, subtype);
  return {};
}

std::span<std::uint8_t> HostDevice::partition_bytes(std::string_view label) {
  for (std::size_t i = 0; i < parts_->labels.size(); ++i) {
    if (parts_->labels[i] == label) return parts_->contents[i];
  }
  return {};
}

void HostDevice::set_nvs_encryption(NvsEncryption encryption) { parts_->encryption = encryption; }

Result<void> HostDevice::set_release(std::string_view release) {
  if (!release.empty()) {
    const auto parsed = store::parse_release(release);
    if (!parsed) return parsed.failed();
    const auto policy = store::policy_of(*parsed);
    if (!policy) return policy.failed();
  }
  parts_->release = release;
  return {};
}

Result<void> HostDevice::set_hmac_key(std::uint8_t slot, std::span<const std::uint8_t, 32> key) {
  if (slot >= kHmacSlotCount) return fail(ErrorCode::kOutOfRange);
  return burn_hmac_key(slot, key);
}

Result<void> HostDevice::use_hmac_key_file(std::uint8_t slot, const char* path) {
  if (slot >= kHmacSlotCount) return fail(ErrorCode::kOutOfRange);
  HmacSlot& held = parts_->slots[slot];
  const auto mapping = sim::map_file(path, sim::Mapping::kReadOnly);
  const bool is_there = mapping.ok() || mapping.error().code == ErrorCode::kBadSize;
  if (!is_there && errno != ENOENT) return mapping.failed();
  held.key.reset();
  held.path = path;
  held.is_other = is_there;
  if (mapping && mapping->size() == kHmacKeySize) {
    held.is_other = false;
    held.key.emplace(std::span<const std::uint8_t, kHmacKeySize>(mapping->data(), kHmacKeySize));
  }
  if (mapping) sim::unmap_file(*mapping);
  return {};
}

Allocator& HostDevice::allocator() { return parts_->allocator; }
RandomSource& HostDevice::random() { return parts_->random; }
ReadWriteLock& HostDevice::lock() { return parts_->lock; }
NvsEncryption HostDevice::nvs_encryption() const { return parts_->encryption; }

std::string_view HostDevice::firmware_release() const { return parts_->release; }

Result<std::span<const PartitionDevice>> HostDevice::partitions() {
  return std::span<const PartitionDevice>(parts_->devices);
}

HmacSlotState HostDevice::hmac_slot_state(std::uint8_t slot) {
  const HmacSlot& held = parts_->slots[slot];
  if (held.key) return HmacSlotState::kHmacUp;
  return held.is_other ? HmacSlotState::kOther : HmacSlotState::kEmpty;
}

Result<void> HostDevice::hmac(std::uint8_t slot, std::span<const std::uint8_t> message,
                              std::span<std::uint8_t, 32> out) {
  const HmacSlot& held = parts_->slots[slot];
  if (!held.key) return fail(ErrorCode::kNotFound);
  auto digest = crypto::hmac_sha256(held.key->bytes(), message);
  if (!digest) return digest.failed();
  std::copy(digest->begin(), digest->end(), out.begin());
  secure_wipe(*digest);
  return {};
}

Result<void> HostDevice::burn_hmac_key(std::uint8_t slot, std::span<const std::uint8_t, 32> key) {
  HmacSlot& held = parts_->slots[slot];
  if (held.key || held.is_other) return fail(ErrorCode::kFlashRule);
  if (!held.path.empty()) NVSAFE_TRY(write_key_file(held.path, key));
  held.key.emplace(key);
  return {};
}

}  // namespace nvsafe
