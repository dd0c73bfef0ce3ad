// What a crypto library must give: AES blocks, hashes, HMAC, PBKDF2. OpenSSL fills these on the host (src/provider);
// mbedTLS or hardware can take its place. Every call may be made from many threads, also with one key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace nvsafe::crypto::provider {

// A scheduled AES key for one direction. Owned by the caller, who gives it back with aes_destroy.
struct AesKeyHandle;
enum class AesDirection : std::uint8_t { kEncrypt, kDecrypt };
enum class HashKind : std::uint8_t { kMd5, kSha1, kSha256 };

// `key` has 16 or 32 bytes. nullptr: no memory, or the library refused.
[[nodiscard]] AesKeyHandle* aes_create(std::span<const std::uint8_t> key, AesDirection direction);
// Wipes and frees. nullptr is allowed.
void aes_destroy(AesKeyHandle* key);
// `size` bytes, a multiple of 16, block by block (ECB). `in` and `out` may be the same. False: the library failed.
[[nodiscard]] bool aes_blocks(const AesKeyHandle* key, const std::uint8_t* in, std::uint8_t* out, std::size_t size);
// Where the key changes all the time. `keys` are keys of `key_size` bytes, 16 or 32, one behind the other; `data`, in
// place, has as many groups of equal length, whole blocks, and group i goes through AES (ECB) with key i. False: the
// library failed, or the sizes do not go together; then `data` is undefined.
[[nodiscard]] bool aes_groups(std::span<const std::uint8_t> keys, std::size_t key_size, AesDirection direction,
                              std::span<std::uint8_t> data);

// `out` has the digest's size: MD5 16, SHA-1 20, SHA-256 32.
[[nodiscard]] bool hash(HashKind kind, std::span<const std::uint8_t> data, std::uint8_t* out);
[[nodiscard]] bool hmac_sha256(std::span<const std::uint8_t> key, std::span<const std::uint8_t> data,
                               std::uint8_t* out);
[[nodiscard]] bool pbkdf2_hmac_sha1(std::span<const std::uint8_t> password, std::span<const std::uint8_t> salt,
                                    std::uint32_t iteration_count, std::span<std::uint8_t> out);

}  // namespace nvsafe::crypto::provider
