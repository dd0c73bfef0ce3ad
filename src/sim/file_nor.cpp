#include "sim/file_nor.hpp"

#include <utility>

#include "sim/file_mapping.hpp"

namespace nvsafe::sim {
namespace {

bool is_whole_sectors(std::uint64_t size) { return size > 0 && size % Flash::kSectorSize == 0 && size <= 0xFFFFFFFF; }

bool is_in_file(std::uint64_t offset, std::uint64_t size, std::uint64_t file_size) {
  return offset <= file_size && size <= file_size - offset;
}

}  // namespace

Result<FileNor> FileNor::open(const std::string& path, const NorSettings& settings, std::uint64_t offset,
                              std::uint64_t size) {
  const auto mapping = map_file(path.c_str(), settings.is_read_only ? Mapping::kReadOnly : Mapping::kWritable);
  if (!mapping) return mapping.failed();
  if (size == 0 && offset < mapping->size()) size = mapping->size() - offset;
  if (is_whole_sectors(size) && is_in_file(offset, size, mapping->size())) {
    return FileNor(*mapping, offset, size, settings);
  }
  unmap_file(*mapping);
  return fail(ErrorCode::kBadSize);
}

FileNor::FileNor(std::span<std::uint8_t> mapping, std::uint64_t offset, std::uint64_t size, const NorSettings& settings)
    : Nor(settings), mapping_(mapping) {
  set_bytes(mapping.subspan(offset, size));
}

FileNor::FileNor(FileNor&& other) noexcept : Nor(std::move(other)), mapping_(std::exchange(other.mapping_, {})) {}

FileNor::~FileNor() { unmap_file(mapping_); }

Result<void> FileNor::sync() { return sync_file(mapping_); }

}  // namespace nvsafe::sim
