#include "chip/efuses.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/endian.hpp"
#include "base/erased.hpp"
#include "chip/efuse_map.hpp"
#include "crypto/hash.hpp"

namespace nvsafe::chip {

// Part of a key block, and how the bytes of a key file lie in it (docs/CHIP.md, key purposes).
struct KeyPlace {
  std::uint8_t offset = 0;
  std::uint8_t size = 0;
  bool is_reversed = false;
  std::uint32_t read_bits = 0;  // of RD_DIS, that protect it
};

namespace {

constexpr std::size_t kXts256KeySize = 2 * Efuses::kKeySize;
constexpr std::size_t kHalfBlockSize = Efuses::kKeySize / 2;

constexpr std::uint32_t mask_of(unsigned width) { return width >= 32 ? ~std::uint32_t{0} : (1U << width) - 1; }

std::uint32_t bits_of(const EfuseBlocks& blocks, unsigned word, unsigned bit, unsigned width) {
  return load_le32(&blocks.bytes[0][4 * word]) >> bit & mask_of(width);
}

void set_bits(EfuseBlocks& blocks, unsigned word, unsigned bit, std::uint32_t bits) {
  std::uint8_t* at = &blocks.bytes[0][4 * word];
  store_le32(at, load_le32(at) | bits << bit);
}

std::uint32_t bits_of(const EfuseBlocks& blocks, const PurposePlace& place) {
  if (place.fifth_word == kNoBit) return bits_of(blocks, place.word, place.bit, place.width);
  return bits_of(blocks, place.word, place.bit, 4) | bits_of(blocks, place.fifth_word, place.fifth_bit, 1) << 4;
}

bool is_xts(KeyPurpose purpose) {
  return purpose == KeyPurpose::kXtsAes128 || purpose == KeyPurpose::kXtsAes256Key1 ||
         purpose == KeyPurpose::kXtsAes256Key2;
}

bool is_digest(KeyPurpose purpose) {
  return purpose == KeyPurpose::kSecureBootDigest0 || purpose == KeyPurpose::kSecureBootDigest1 ||
         purpose == KeyPurpose::kSecureBootDigest2;
}

bool is_hmac(KeyPurpose purpose) {
  return purpose == KeyPurpose::kHmacDownAll || purpose == KeyPurpose::kHmacDownJtag ||
         purpose == KeyPurpose::kHmacDownDigitalSignature || purpose == KeyPurpose::kHmacUp;
}

// Software has to read a digest to check a signature.
bool can_be_read_protected(KeyPurpose purpose) { return purpose != KeyPurpose::kUser && !is_digest(purpose); }

void copy_key(std::span<const std::uint8_t> from, bool is_reversed, std::span<std::uint8_t> to) {
  if (is_reversed) {
    std::reverse_copy(from.begin(), from.end(), to.begin());
  } else {
    std::copy(from.begin(), from.end(), to.begin());
  }
}

// Without what the chip does not have.
EfuseBlocks cropped(const EfuseMap& map, EfuseBlocks blocks) {
  for (std::size_t i = 0; i < EfuseBlocks::kCount; ++i) {
    const std::size_t size = i < map.blocks.size() ? map.blocks[i].size : 0;
    std::fill(blocks.bytes[i].begin() + static_cast<std::ptrdiff_t>(size), blocks.bytes[i].end(), std::uint8_t{0});
  }
  return blocks;
}

}  // namespace

std::string_view name_of(Fuse fuse, const Profile& profile) {
  const FusePlace* place = find_fuse(efuse_map(profile), fuse);
  return place == nullptr ? std::string_view() : place->name;
}

std::string_view purpose_name(std::uint8_t purpose) {
  constexpr std::string_view kNames[] = {"USER",
                                         "ECDSA_KEY",
                                         "XTS_AES_256_KEY_1",
                                         "XTS_AES_256_KEY_2",
                                         "XTS_AES_128_KEY",
                                         "HMAC_DOWN_ALL",
                                         "HMAC_DOWN_JTAG",
                                         "HMAC_DOWN_DIGITAL_SIGNATURE",
                                         "HMAC_UP",
                                         "SECURE_BOOT_DIGEST0",
                                         "SECURE_BOOT_DIGEST1",
                                         "SECURE_BOOT_DIGEST2",
                                         "KM_INIT_KEY",
                                         "XTS_AES_256_PSRAM_KEY_1",
                                         "XTS_AES_256_PSRAM_KEY_2",
                                         "XTS_AES_128_PSRAM_KEY",
                                         "ECDSA_KEY_P192",
                                         "ECDSA_KEY_P384_L",
                                         "ECDSA_KEY_P384_H"};
  return purpose < std::size(kNames) ? kNames[purpose] : "UNKNOWN";
}

bool has_purpose(const Profile& profile, KeyPurpose purpose) {
  if (profile.efuse_layout != EfuseLayout::kCommon) {
    return purpose == KeyPurpose::kUser || purpose == KeyPurpose::kXtsAes128 ||
           purpose == KeyPurpose::kSecureBootDigest0;
  }
  if (purpose == KeyPurpose::kEcdsa) return efuse_map(profile).has_ecdsa;
  if (purpose == KeyPurpose::kXtsAes256Key1 || purpose == KeyPurpose::kXtsAes256Key2) return profile.has_xts_256;
  return !is_hmac(purpose) || profile.has_hmac;
}

EfuseBlocks::~EfuseBlocks() {
  for (auto& block : bytes) secure_wipe(block);
}

Efuses::Efuses(const Profile& profile) : profile_(&profile) {}

Efuses::Efuses(const Profile& profile, const EfuseBlocks& blocks)
    : profile_(&profile), burned_(cropped(efuse_map(profile), blocks)) {
  burned_.unknown_parts &= burned(Fuse::kReadDisable);
}

EfuseBlocks Efuses::readable_blocks() const {
  EfuseBlocks readable = burned_;
  const std::uint32_t disabled = burned(Fuse::kReadDisable);
  for (const BlockPlace& place : efuse_map(*profile_).blocks) {
    for_each_read_part(place, [&](std::uint32_t read_bit, std::size_t offset, std::size_t size) {
      if ((disabled & read_bit) == 0) return;
      secure_wipe(std::span(readable.bytes[place.number]).subspan(offset, size));
    });
  }
  return readable;
}

// --- Fuses

bool Efuses::has(Fuse fuse) const { return find_fuse(efuse_map(*profile_), fuse) != nullptr; }

std::uint32_t Efuses::burned(Fuse fuse) const {
  const FusePlace* place = find_fuse(efuse_map(*profile_), fuse);
  return place == nullptr ? 0 : bits_of(burned_, place->word, place->bit, place->width);
}

std::uint32_t Efuses::read(Fuse fuse) const {
  const FusePlace* place = find_fuse(efuse_map(*profile_), fuse);
  if (place == nullptr) return 0;
  if (place->read_bit != kNoBit && (burned(Fuse::kReadDisable) >> place->read_bit & 1) != 0) return 0;
  return burned(fuse);
}

bool Efuses::is_write_disabled(unsigned bit) const {
  return bit != kNoBit && (burned(Fuse::kWriteDisable) >> bit & 1) != 0;
}

bool Efuses::is_write_protected(Fuse fuse) const {
  const FusePlace* place = find_fuse(efuse_map(*profile_), fuse);
  return place != nullptr && is_write_disabled(place->write_bit);
}

// --- Flash encryption

std::uint32_t Efuses::crypt_count_width() const { return find_fuse(efuse_map(*profile_), Fuse::kCryptCount)->width; }

std::uint32_t Efuses::crypt_count_bits() const {
  return static_cast<std::uint32_t>(std::popcount(burned(Fuse::kCryptCount)));
}

std::uint32_t Efuses::plaintext_flashes_left() const {
  if (is_write_protected(Fuse::kCryptCount)) return 0;
  return (crypt_count_width() - crypt_count_bits()) / 2;
}

bool Efuses::is_release_mode() const {
  const bool is_protected = is_write_protected(Fuse::kCryptCount);
  if (!is_flash_encryption_on() || (crypt_count_bits() < crypt_count_width() && !is_protected)) return false;
  // With a derived key a full count does not suffice.
  if (has(Fuse::kXtsKeyLength256) && read(Fuse::kXtsKeyLength256) == 0 && !is_protected) return false;
  for (const Fuse fuse : {Fuse::kDisManualEncrypt, Fuse::kDisDownloadDecrypt, Fuse::kDisDownloadIcache,
                          Fuse::kDisDownloadDcache, Fuse::kDisDownloadMspi}) {
    if (fuse == Fuse::kDisDownloadMspi && !efuse_map(*profile_).needs_mspi_for_release_mode) continue;
    if (has(fuse) && read(fuse) == 0) return false;
  }
  return true;
}

Result<FlashCipher> Efuses::flash_cipher() const {
  const auto whole = find_key_block(KeyPurpose::kXtsAes128);
  const auto first = find_key_block(KeyPurpose::kXtsAes256Key1);
  const auto second = find_key_block(KeyPurpose::kXtsAes256Key2);
  if (whole && (first || second)) return fail(ErrorCode::kFlashRule);
  SecretBytes<kXts256KeySize> key;
  std::size_t size = 0;
  if (first && second) {
    NVSAFE_TRY(key_of(*first, key.mutable_bytes().first<kKeySize>()));
    NVSAFE_TRY(key_of(*second, key.mutable_bytes().last<kKeySize>()));
    size = kXts256KeySize;
  } else {
    if (!whole) return fail(ErrorCode::kNotFound);
    size = flash_key_size();
    NVSAFE_TRY(key_of(*whole, key.mutable_bytes().first(size)));
  }
  const auto config = static_cast<std::uint8_t>(burned(Fuse::kCryptConfig));
  return FlashCipher::create(profile_->flash_scheme, key.bytes().first(size), config);
}

std::size_t Efuses::flash_key_size() const {
  if (profile_->efuse_layout == EfuseLayout::kC2) {
    return burned(Fuse::kXtsKeyLength256) != 0 ? kKeySize : kHalfBlockSize;
  }
  constexpr std::uint32_t kThreeQuarters = 1;  // CODING_SCHEME: a quarter of each block is for correcting errors
  return burned(Fuse::kCodingScheme) == kThreeQuarters ? 24 : kKeySize;
}

// --- Key blocks

std::size_t Efuses::key_block_count() const { return efuse_map(*profile_).key_block_count; }

const BlockPlace& Efuses::key_block_place(std::size_t index) const {
  NVSAFE_ASSERT(index < key_block_count());
  return find_block(efuse_map(*profile_), key_block_number(index));
}

unsigned Efuses::key_block_number(std::size_t index) const {
  return efuse_map(*profile_).first_key_block + static_cast<unsigned>(index);
}

std::string_view Efuses::key_block_name(std::size_t index) const {
  NVSAFE_ASSERT(index < key_block_count());
  constexpr std::string_view kEsp32Names[] = {"BLOCK1", "BLOCK2", "BLOCK3"};
  constexpr std::string_view kNames[] = {"BLOCK_KEY0", "BLOCK_KEY1", "BLOCK_KEY2",
                                         "BLOCK_KEY3", "BLOCK_KEY4", "BLOCK_KEY5"};
  return profile_->efuse_layout == EfuseLayout::kEsp32 ? kEsp32Names[index] : kNames[index];
}

std::uint8_t Efuses::purpose_of(std::size_t index) const {
  if (const auto purposes = efuse_map(*profile_).purposes; !purposes.empty()) {
    return static_cast<std::uint8_t>(bits_of(burned_, purposes[index]));
  }
  auto purpose = KeyPurpose::kUser;
  if (profile_->efuse_layout == EfuseLayout::kEsp32) {
    constexpr KeyPurpose kFixed[] = {KeyPurpose::kXtsAes128, KeyPurpose::kSecureBootDigest0, KeyPurpose::kUser};
    purpose = kFixed[index];
  } else {
    // The flash key lies in the low half or in both, the digest of a key for secure boot in the high half.
    const auto block = std::span(burned_.bytes[key_block_number(index)]);
    const bool has_flash_key = burned(Fuse::kReadDisable) != 0 || !is_zero(block.first(kHalfBlockSize));
    if (has_flash_key) {
      purpose = KeyPurpose::kXtsAes128;
    } else if (!is_zero(block)) {
      purpose = KeyPurpose::kSecureBootDigest0;
    }
  }
  return static_cast<std::uint8_t>(purpose);
}

KeyBlock Efuses::key_block(std::size_t index) const {
  const EfuseMap& map = efuse_map(*profile_);
  const BlockPlace& place = key_block_place(index);
  KeyBlock block;
  block.purpose = purpose_of(index);
  block.is_read_protected = (burned(Fuse::kReadDisable) & place.read_bits) != 0;
  block.is_write_protected = is_write_disabled(place.write_bit);
  block.is_purpose_protected =
      !map.purposes.empty() && is_write_disabled(map.first_purpose_write_bit + static_cast<unsigned>(index));
  block.is_empty = !block.is_read_protected && is_zero(burned_.bytes[place.number]);
  return block;
}

std::optional<std::size_t> Efuses::find_key_block(KeyPurpose purpose) const {
  for (std::size_t i = 0; i < key_block_count(); ++i) {
    const KeyBlock block = key_block(i);
    if (block.purpose == static_cast<std::uint8_t>(purpose) && !block.is_empty) return i;
  }
  return std::nullopt;
}

Result<SecretBytes<Efuses::kKeySize>> Efuses::read_key_block(std::size_t index) const {
  if (index >= key_block_count()) return fail(ErrorCode::kOutOfRange);
  if (key_block(index).is_read_protected) return fail(ErrorCode::kReadOnly);
  return SecretBytes<kKeySize>(std::span(burned_.bytes[key_block_number(index)]));
}

Result<Efuses::KeyFile> Efuses::read_key_file(std::size_t index) const {
  if (index >= key_block_count()) return fail(ErrorCode::kOutOfRange);
  const KeyBlock block = key_block(index);
  if (block.is_read_protected) return fail(ErrorCode::kReadOnly);
  const auto purpose = static_cast<KeyPurpose>(block.purpose);
  if (block.is_empty || purpose == KeyPurpose::kXtsAes256Key2) return fail(ErrorCode::kNotFound);
  const bool is_c2_digest = profile_->efuse_layout == EfuseLayout::kC2 && purpose == KeyPurpose::kSecureBootDigest0;
  KeyFile file;
  file.size = is_c2_digest ? kHalfBlockSize : flash_key_size();
  NVSAFE_TRY(key_of(index, file.bytes.mutable_bytes().first(file.size)));
  if (purpose == KeyPurpose::kXtsAes256Key1) {
    const auto second = find_key_block(KeyPurpose::kXtsAes256Key2);
    if (!second) return fail(ErrorCode::kNotFound);
    if (key_block(*second).is_read_protected) return fail(ErrorCode::kReadOnly);
    NVSAFE_TRY(key_of(*second, file.bytes.mutable_bytes().last<kKeySize>()));
    file.size = kXts256KeySize;
  }
  return file;
}

bool Efuses::is_key_unknown(std::size_t index) const {
  return (burned_.unknown_parts & key_block_place(index).read_bits) != 0;
}

Result<void> Efuses::key_of(std::size_t index, std::span<std::uint8_t> key) const {
  const auto place = place_key(index, static_cast<KeyPurpose>(purpose_of(index)), key.size());
  if (!place) return place.failed();
  if ((burned_.unknown_parts & place->read_bits) != 0) return fail(ErrorCode::kReadOnly);
  const auto block = std::span(burned_.bytes[key_block_number(index)]);
  copy_key(block.subspan(place->offset, place->size), place->is_reversed, key);
  return {};
}

Result<void> Efuses::supply_one_key(EfuseBlocks& blocks, std::size_t index, std::span<const std::uint8_t> key) const {
  if (index >= key_block_count() || !is_key_unknown(index)) return fail(ErrorCode::kNotFound);
  const auto purpose = static_cast<KeyPurpose>(purpose_of(index));
  const auto place = place_key(index, purpose, key.size());
  if (!place) return place.failed();
  if (purpose == KeyPurpose::kXtsAes128 && key.size() != flash_key_size()) return fail(ErrorCode::kBadSize);
  copy_key(key, place->is_reversed,
           std::span(blocks.bytes[key_block_number(index)]).subspan(place->offset, place->size));
  blocks.unknown_parts &= ~place->read_bits;
  return {};
}

Result<void> Efuses::supply_key(std::size_t index, std::span<const std::uint8_t> key) {
  EfuseBlocks blocks = burned_;
  const bool is_double = key.size() == kXts256KeySize && index < key_block_count() &&
                         purpose_of(index) == static_cast<std::uint8_t>(KeyPurpose::kXtsAes256Key1);
  NVSAFE_TRY(supply_one_key(blocks, index, is_double ? key.first(kKeySize) : key));
  if (is_double) {
    const auto second = find_key_block(KeyPurpose::kXtsAes256Key2);
    if (!second) return fail(ErrorCode::kNotFound);
    NVSAFE_TRY(supply_one_key(blocks, *second, key.last(kKeySize)));
  }
  burned_ = blocks;
  return {};
}

Result<void> Efuses::hmac(std::size_t index, std::span<const std::uint8_t> message,
                          std::span<std::uint8_t, 32> out) const {
  if (index >= key_block_count()) return fail(ErrorCode::kOutOfRange);
  if (!profile_->has_hmac || purpose_of(index) != static_cast<std::uint8_t>(KeyPurpose::kHmacUp)) {
    return fail(ErrorCode::kNotFound);
  }
  SecretBytes<kKeySize> key;
  NVSAFE_TRY(key_of(index, key.mutable_bytes()));
  auto digest = crypto::hmac_sha256(key.bytes(), message);
  if (!digest) return digest.failed();
  std::copy(digest->begin(), digest->end(), out.begin());
  secure_wipe(*digest);
  return {};
}

// --- Burning

Result<void> Efuses::stage_bits(EfuseBlocks& staged, Fuse fuse, std::uint32_t bits) const {
  const FusePlace* place = find_fuse(efuse_map(*profile_), fuse);
  if (place == nullptr) return fail(ErrorCode::kNotFound);
  if ((bits & ~mask_of(place->width)) != 0) return fail(ErrorCode::kOutOfRange);
  if ((bits & ~burned(fuse)) == 0) return {};
  if (is_write_disabled(place->write_bit)) return fail(ErrorCode::kReadOnly);
  set_bits(staged, place->word, place->bit, bits);
  return {};
}

Result<void> Efuses::stage(Fuse fuse, std::uint32_t bits) { return stage_bits(staged_, fuse, bits); }

Result<void> Efuses::stage_write_protection(Fuse fuse) {
  const FusePlace* place = find_fuse(efuse_map(*profile_), fuse);
  if (place == nullptr || place->write_bit == kNoBit) return fail(ErrorCode::kNotFound);
  return stage(Fuse::kWriteDisable, 1U << place->write_bit);
}

Result<void> Efuses::stage_crypt_count(CountTo count) {
  const std::uint32_t clear = ~burned(Fuse::kCryptCount) & mask_of(crypt_count_width());
  if (clear == 0) return fail(ErrorCode::kFlashRule);
  return stage(Fuse::kCryptCount, count == CountTo::kFull ? clear : clear & (~clear + 1));
}

bool Efuses::takes(std::size_t index, KeyPurpose purpose) const {
  const EfuseMap& map = efuse_map(*profile_);
  if (profile_->efuse_layout == EfuseLayout::kEsp32) return purpose_of(index) == static_cast<std::uint8_t>(purpose);
  const bool is_restricted = map.is_last_key_block_restricted && index + 1 == map.key_block_count;
  return !is_restricted || (!is_xts(purpose) && purpose != KeyPurpose::kEcdsa);
}

Result<KeyPlace> Efuses::place_key(std::size_t index, KeyPurpose purpose, std::size_t size) const {
  const std::uint32_t read_bits = key_block_place(index).read_bits;
  const bool is_reversed = is_xts(purpose) || purpose == KeyPurpose::kEcdsa;
  KeyPlace place{0, static_cast<std::uint8_t>(size), is_reversed, read_bits};
  if (profile_->efuse_layout == EfuseLayout::kC2) {
    if (purpose == KeyPurpose::kSecureBootDigest0) {
      if (size != kHalfBlockSize && size != kKeySize) return fail(ErrorCode::kBadSize);
      return KeyPlace{kHalfBlockSize, kHalfBlockSize, false, read_bits & ~1U};
    }
    if (purpose == KeyPurpose::kXtsAes128 && size == kHalfBlockSize) {
      place.read_bits = read_bits & 1;
      return place;
    }
    if (size != kKeySize) return fail(ErrorCode::kBadSize);
    return place;
  }
  if (size != flash_key_size()) return fail(ErrorCode::kBadSize);  // on chips but ESP32 of each key
  return place;
}

bool Efuses::is_free(std::size_t index, const EfuseBlocks& staged) const {
  const KeyBlock block = key_block(index);
  if (!block.is_empty || block.is_write_protected || block.is_purpose_protected) return false;
  const auto purposes = efuse_map(*profile_).purposes;
  const bool is_user = purposes.empty() || (bits_of(burned_, purposes[index]) | bits_of(staged, purposes[index])) == 0;
  return is_user && is_zero(staged.bytes[key_block_number(index)]);
}

std::optional<std::size_t> Efuses::first_free_key_block() const {
  for (std::size_t i = 0; i < key_block_count(); ++i) {
    if (is_free(i, staged_) && takes(i, KeyPurpose::kXtsAes128)) return i;
    if (profile_->efuse_layout == EfuseLayout::kEsp32) break;
  }
  return std::nullopt;
}

std::optional<std::size_t> Efuses::next_free_key_block(std::size_t after, KeyPurpose purpose) const {
  for (std::size_t i = 1; i < key_block_count(); ++i) {
    const std::size_t index = (after + i) % key_block_count();
    if (is_free(index, staged_) && takes(index, purpose)) return index;
  }
  return std::nullopt;
}

Result<void> Efuses::stage_purpose(EfuseBlocks& staged, std::size_t index, KeyPurpose purpose,
                                   bool is_protected) const {
  const EfuseMap& map = efuse_map(*profile_);
  if (map.purposes.empty()) return {};
  const auto wanted = static_cast<std::uint32_t>(purpose);
  const PurposePlace& place = map.purposes[index];
  const unsigned write_bit = map.first_purpose_write_bit + static_cast<unsigned>(index);
  const std::uint32_t current = purpose_of(index) | bits_of(staged, place);
  if (current != wanted) {
    if (is_write_disabled(write_bit)) return fail(ErrorCode::kReadOnly);
    if (current != 0) return fail(ErrorCode::kFlashRule);
    set_bits(staged, place.word, place.bit, wanted);  // none of KeyPurpose needs a fifth bit
  }
  return is_protected ? stage_bits(staged, Fuse::kWriteDisable, 1U << write_bit) : Result<void>();
}

Result<void> Efuses::stage_one_key(EfuseBlocks& staged, std::size_t index, KeyPurpose purpose,
                                   std::span<const std::uint8_t> key, const KeyProtection& protection) const {
  const auto place = place_key(index, purpose, key.size());
  if (!place) return place.failed();
  const KeyBlock block = key_block(index);
  if (block.is_write_protected) return fail(ErrorCode::kReadOnly);
  const std::span<std::uint8_t> part =
      std::span(staged.bytes[key_block_number(index)]).subspan(place->offset, place->size);
  // A block is written once as a whole, because of the check bits that go with it.
  if (!block.is_empty || !takes(index, purpose) || !is_zero(part)) return fail(ErrorCode::kFlashRule);
  copy_key(key.first(place->size), place->is_reversed, part);
  NVSAFE_TRY(stage_purpose(staged, index, purpose, protection.purpose));
  if (protection.read && can_be_read_protected(purpose)) {
    NVSAFE_TRY(stage_bits(staged, Fuse::kReadDisable, place->read_bits));
  }
  if (protection.write) {
    NVSAFE_TRY(stage_bits(staged, Fuse::kWriteDisable, 1U << key_block_place(index).write_bit));
  }
  const bool is_whole_c2_key = profile_->efuse_layout == EfuseLayout::kC2 && is_xts(purpose) && place->size == kKeySize;
  return is_whole_c2_key ? stage_bits(staged, Fuse::kXtsKeyLength256, 1) : Result<void>();
}

Result<void> Efuses::stage_key(std::size_t index, KeyPurpose purpose, std::span<const std::uint8_t> key,
                               const KeyProtection& protection) {
  if (index >= key_block_count() || !has_purpose(*profile_, purpose)) return fail(ErrorCode::kNotFound);
  EfuseBlocks staged = staged_;
  if (purpose == KeyPurpose::kXtsAes256Key1 && key.size() == kXts256KeySize) {
    const auto next = next_free_key_block(index, KeyPurpose::kXtsAes256Key2);
    if (!next) return fail(ErrorCode::kFlashRule);
    NVSAFE_TRY(stage_one_key(staged, index, purpose, key.first(kKeySize), protection));
    NVSAFE_TRY(stage_one_key(staged, *next, KeyPurpose::kXtsAes256Key2, key.last(kKeySize), protection));
  } else {
    NVSAFE_TRY(stage_one_key(staged, index, purpose, key, protection));
  }
  staged_ = staged;
  return {};
}

Result<void> Efuses::burn(FunctionRef<Result<void>(unsigned block)> before) {
  const EfuseBlocks staged = std::exchange(staged_, EfuseBlocks());
  for (std::size_t number = EfuseBlocks::kCount; number-- > 0;) {
    EfuseBlocks& target = burned_;
    const auto& bits = staged.bytes[number];
    auto& bytes = target.bytes[number];
    const bool is_new = !std::equal(bits.begin(), bits.end(), bytes.begin(),
                                    [](std::uint8_t bit, std::uint8_t byte) { return (bit & ~byte) == 0; });
    if (!is_new) continue;
    NVSAFE_TRY(before(static_cast<unsigned>(number)));
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(bytes[i] | bits[i]);
  }
  return {};
}

// --- First boot

std::vector<FuseBits> first_boot_fuses(const Profile& profile, bool is_release_mode, const store::Release& release) {
  const EfuseMap& map = efuse_map(profile);
  constexpr std::uint32_t kLowPseudoRounds = 1;  // ESP-IDF's default strength
  std::vector<FuseBits> fuses;
  const auto add = [&](Fuse fuse, std::uint32_t bits = 1) {
    if (find_fuse(map, fuse) != nullptr) fuses.push_back({fuse, bits});
  };
  add(Fuse::kCryptConfig, FlashCipher::kCryptConfigFull);
  if (is_release_mode) add(Fuse::kDisManualEncrypt);
  add(Fuse::kDisDownloadDecrypt);
  add(Fuse::kDisDownloadDcache);
  add(Fuse::kDisDownloadIcache);
  if (map.burns_mspi_at_first_boot) add(Fuse::kDisDownloadMspi);
  add(Fuse::kDisPadJtag);
  add(Fuse::kDisUsbJtag);
  add(Fuse::kDisConsole);
  add(Fuse::kDisBootRemap);
  add(Fuse::kDisDirectBoot);
  if (!is_release_mode) return fuses;
  if (map.burns_pseudo_rounds && release.is_since(5, 5)) add(Fuse::kPseudoRounds, kLowPseudoRounds);
  const FusePlace* cache = find_fuse(map, Fuse::kDisIcache);
  if (cache != nullptr && release.is_since(5, 1)) add(Fuse::kWriteDisable, 1U << cache->write_bit);
  return fuses;
}

}  // namespace nvsafe::chip
