#include "sim/file_mapping.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nvsafe::sim {
namespace {

// An open file for as long as it takes to map it.
class OpenFile {
 public:
  OpenFile(const char* path, Mapping mapping)
      : number_(::open(path, (mapping == Mapping::kReadOnly ? O_RDONLY : O_RDWR) | O_CLOEXEC)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

Result<std::span<std::uint8_t>> map_file(const char* path, Mapping mapping) {
  const OpenFile file(path, mapping);
  struct stat status{};
  if (file.number() < 0 || ::fstat(file.number(), &status) != 0) return fail(ErrorCode::kFlashIo);
  if (status.st_size == 0) return fail(ErrorCode::kBadSize);
  const auto size = static_cast<std::size_t>(status.st_size);
  const int protection = mapping == Mapping::kReadOnly ? PROT_READ : PROT_READ | PROT_WRITE;
  void* memory = ::mmap(nullptr, size, protection, MAP_SHARED, file.number(), 0);
  if (memory == MAP_FAILED) return fail(ErrorCode::kFlashIo);
  return std::span(static_cast<std::uint8_t*>(memory), size);
}

void unmap_file(std::span<std::uint8_t> mapping) {
  if (!mapping.empty()) ::munmap(mapping.data(), mapping.size());
}

Result<void> sync_file(std::span<std::uint8_t> mapping) {
  if (::msync(mapping.data(), mapping.size(), MS_SYNC) != 0) return fail(ErrorCode::kFlashIo);
  return {};
}

}  // namespace nvsafe::sim
