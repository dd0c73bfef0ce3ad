// FileFlash: a file, or a part of one, as flash. Every program and erase is in the file when it returns, so a program
// that dies leaves what the flash of a device would hold.
#pragma once

#include <cstdint>
#include <span>

#include "nvsafe/flash.hpp"

namespace nvsafe {

class FileFlash final : public Flash {
 public:
  // `size` bytes from `offset`; size 0: to the end. The file must not shrink meanwhile. Errors: kFlashIo (cannot be
  // opened for reading and writing, or not mapped; errno is as the system left it); kBadSize (not within the file, not
  // whole sectors, or none).
  static Result<FileFlash> open(const char* path, std::uint64_t offset = 0, std::uint32_t size = 0);

  FileFlash(FileFlash&& other) noexcept;
  FileFlash& operator=(FileFlash&&) = delete;
  FileFlash(const FileFlash&) = delete;
  FileFlash& operator=(const FileFlash&) = delete;
  ~FileFlash();

  [[nodiscard]] std::uint32_t size() const override { return static_cast<std::uint32_t>(bytes_.size()); }
  Result<void> read(std::uint32_t offset, std::span<std::uint8_t> out) override;
  // A program that would set a bit is kFlashRule and changes nothing.
  Result<void> program(std::uint32_t offset, std::span<const std::uint8_t> data) override;
  Result<void> erase_sector(std::uint32_t offset) override;
  // Waits until everything is on the disk, so that it survives the computer, too. Errors: kFlashIo.
  Result<void> sync();

 private:
  FileFlash(std::span<std::uint8_t> mapping, std::span<std::uint8_t> bytes) : mapping_(mapping), bytes_(bytes) {}

  std::span<std::uint8_t> mapping_;  // the whole file
  std::span<std::uint8_t> bytes_;
};

}  // namespace nvsafe
