// FileNor: simulated NOR flash in a file, for images of any size: nothing is copied to memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "sim/nor.hpp"

namespace nvsafe::sim {

// The file must not shrink meanwhile: a mapping past its end ends the program.
class FileNor final : public Nor {
 public:
  // Maps `size` bytes of the file from `offset`; size 0: to its end. With settings.is_read_only the file is never
  // changed, and need not be writable. Errors: kBadSize for none or no whole number of sectors, 4 GiB or more, or a
  // range outside the file; kFlashIo when the file cannot be opened or mapped, with errno as the system left it.
  static Result<FileNor> open(const std::string& path, const NorSettings& settings = {}, std::uint64_t offset = 0,
                              std::uint64_t size = 0);

  FileNor(FileNor&& other) noexcept;
  FileNor& operator=(FileNor&&) = delete;
  FileNor(const FileNor&) = delete;
  FileNor& operator=(const FileNor&) = delete;
  ~FileNor();

  // Waits until everything is on the disk. Errors: kFlashIo.
  Result<void> sync();

 private:
  FileNor(std::span<std::uint8_t> mapping, std::uint64_t offset, std::uint64_t size, const NorSettings& settings);

  std::span<std::uint8_t> mapping_;  // the file from its start
};

}  // namespace nvsafe::sim
