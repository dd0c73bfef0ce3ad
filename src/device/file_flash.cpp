#include "nvsafe/file_flash.hpp"

#include <utility>

#include "nvsafe/memory_flash.hpp"
#include "sim/file_mapping.hpp"

namespace nvsafe {

Result<FileFlash> FileFlash::open(const char* path, std::uint64_t offset, std::uint32_t size) {
  const auto mapping = sim::map_file(path, sim::Mapping::kWritable);
  if (!mapping) return mapping.failed();
  const std::uint64_t rest = offset < mapping->size() ? mapping->size() - offset : 0;
  const std::uint64_t wanted = size == 0 ? rest : size;
  if (wanted > 0 && wanted <= rest && wanted <= 0xFFFFFFFF && wanted % kSectorSize == 0) {
    return FileFlash(*mapping, mapping->subspan(offset, wanted));
  }
  sim::unmap_file(*mapping);
  return fail(ErrorCode::kBadSize);
}

FileFlash::FileFlash(FileFlash&& other) noexcept
    : mapping_(std::exchange(other.mapping_, {})), bytes_(std::exchange(other.bytes_, {})) {}

FileFlash::~FileFlash() { sim::unmap_file(mapping_); }

Result<void> FileFlash::read(std::uint32_t offset, std::span<std::uint8_t> out) {
  return read_memory(bytes_, offset, out);
}
Result<void> FileFlash::program(std::uint32_t offset, std::span<const std::uint8_t> data) {
  return program_memory(bytes_, offset, data);
}
Result<void> FileFlash::erase_sector(std::uint32_t offset) { return erase_memory(bytes_, offset); }
Result<void> FileFlash::sync() { return sim::sync_file(mapping_); }

}  // namespace nvsafe
