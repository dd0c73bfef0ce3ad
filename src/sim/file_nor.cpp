#include "sim/file_nor.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace nvsafe::sim {
namespace {

// An open file for as long as it takes to map it.
class OpenFile {
 public:
  OpenFile(const std::string& path, bool is_read_only)
      : number_(::open(path.c_str(), (is_read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

bool is_whole_sectors(std::uint64_t size) { return size > 0 && size % Flash::kSectorSize == 0 && size <= 0xFFFFFFFF; }

}  // namespace

Result<FileNor> FileNor::open(const std::string& path, const NorSettings& settings, std::uint64_t offset,
                              std::uint64_t size) {
  const OpenFile file(path, settings.is_read_only);
  struct stat status{};
  if (file.number() < 0 || ::fstat(file.number(), &status) != 0) return fail(ErrorCode::kFlashIo);
  const auto file_size = static_cast<std::uint64_t>(status.st_size);
  if (offset > file_size) return fail(ErrorCode::kBadSize);
  if (size == 0) size = file_size - offset;
  if (!is_whole_sectors(size) || size > file_size - offset) return fail(ErrorCode::kBadSize);

  const int protection = settings.is_read_only ? PROT_READ : PROT_READ | PROT_WRITE;
  void* memory = ::mmap(nullptr, file_size, protection, MAP_SHARED, file.number(), 0);
  if (memory == MAP_FAILED) return fail(ErrorCode::kFlashIo);
  return FileNor({static_cast<std::uint8_t*>(memory), file_size}, offset, size, settings);
}

FileNor::FileNor(std::span<std::uint8_t> mapping, std::uint64_t offset, std::uint64_t size, const NorSettings& settings)
    : Nor(settings), mapping_(mapping) {
  set_bytes(mapping.subspan(offset, size));
}

FileNor::FileNor(FileNor&& other) noexcept : Nor(std::move(other)), mapping_(std::exchange(other.mapping_, {})) {}

FileNor::~FileNor() {
  if (!mapping_.empty()) ::munmap(mapping_.data(), mapping_.size());
}

Result<void> FileNor::sync() {
  if (::msync(mapping_.data(), mapping_.size(), MS_SYNC) != 0) return fail(ErrorCode::kFlashIo);
  return {};
}

}  // namespace nvsafe::sim
