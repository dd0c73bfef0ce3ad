#include "device/chip_flash.hpp"

#include <algorithm>
#include <array>

#include "flash/range.hpp"
#include "nvsafe/memory_flash.hpp"

namespace nvsafe::device {
namespace {

constexpr std::uint32_t kBlockSize = chip::FlashCipher::kBlockSize;

}  // namespace

Result<void> ChipFlash::read(std::uint32_t offset, std::span<std::uint8_t> out) {
  if (!power_->is_on()) return fail(ErrorCode::kPowerLost);
  return read_memory(bytes_, offset, out);
}

Result<void> ChipFlash::program(std::uint32_t offset, std::span<const std::uint8_t> data) {
  const Power::Step step = power_->next();
  if (step == Power::Step::kDone) return program_memory(bytes_, offset, data);
  if (step == Power::Step::kTorn) NVSAFE_TRY(program_memory(bytes_, offset, data.first(data.size() / 2)));
  return fail(ErrorCode::kPowerLost);
}

Result<void> ChipFlash::erase_sector(std::uint32_t offset) {
  const Power::Step step = power_->next();
  if (step == Power::Step::kDone) return erase_memory(bytes_, offset);
  if (step == Power::Step::kTorn) {
    NVSAFE_TRY(flash::check_range(size(), offset, kSectorSize));
    std::ranges::fill(bytes_.subspan(offset, kSectorSize / 2), std::uint8_t{0xFF});
  }
  return fail(ErrorCode::kPowerLost);
}

Result<void> FlashWindow::read(std::uint32_t offset, std::span<std::uint8_t> out) {
  NVSAFE_TRY(flash::check_range(size_, offset, out.size()));
  if (cipher_ == nullptr) return flash_->read(offset_ + offset, out);
  // Block by block where the edges are not whole blocks; the chip fetches whole ones, too.
  std::array<std::uint8_t, 1024> part;
  while (!out.empty()) {
    const std::uint32_t skipped = offset % kBlockSize;
    const std::size_t wanted = std::min<std::size_t>(out.size(), part.size() - skipped);
    const std::size_t whole = (skipped + wanted + kBlockSize - 1) / kBlockSize * kBlockSize;
    const std::uint32_t at = offset_ + offset - skipped;
    const auto blocks = std::span(part).first(whole);
    NVSAFE_TRY(flash_->read(at, blocks));
    NVSAFE_TRY(cipher_->decrypt(at, blocks));
    std::copy_n(blocks.begin() + skipped, wanted, out.begin());
    out = out.subspan(wanted);
    offset += static_cast<std::uint32_t>(wanted);
  }
  return {};
}

Result<void> FlashWindow::program(std::uint32_t offset, std::span<const std::uint8_t> data) {
  NVSAFE_TRY(flash::check_range(size_, offset, data.size()));
  if (cipher_ == nullptr) return flash_->program(offset_ + offset, data);
  if (offset % kBlockSize != 0 || data.size() % kBlockSize != 0) return fail(ErrorCode::kOutOfRange);
  std::array<std::uint8_t, kSectorSize> part;
  while (!data.empty()) {
    const auto blocks = std::span(part).first(std::min(data.size(), part.size()));
    std::copy_n(data.begin(), blocks.size(), blocks.begin());
    NVSAFE_TRY(cipher_->encrypt(offset_ + offset, blocks));
    NVSAFE_TRY(flash_->program(offset_ + offset, blocks));
    data = data.subspan(blocks.size());
    offset += static_cast<std::uint32_t>(blocks.size());
  }
  return {};
}

Result<void> FlashWindow::erase_sector(std::uint32_t offset) {
  NVSAFE_TRY(flash::check_range(size_, offset, kSectorSize));
  return flash_->erase_sector(offset_ + offset);
}

}  // namespace nvsafe::device
