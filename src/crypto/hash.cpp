#include "crypto/hash.hpp"

#include "crypto/provider.hpp"

namespace nvsafe::crypto {
namespace {

template <typename Digest>
Result<Digest> digest(provider::HashKind kind, std::span<const std::uint8_t> data) {
  Digest out{};
  if (!provider::hash(kind, data, out.data())) return fail(ErrorCode::kProvider);
  return out;
}

}  // namespace

Result<Md5> md5(std::span<const std::uint8_t> data) { return digest<Md5>(provider::HashKind::kMd5, data); }
Result<Sha1> sha1(std::span<const std::uint8_t> data) { return digest<Sha1>(provider::HashKind::kSha1, data); }
Result<Sha256> sha256(std::span<const std::uint8_t> data) { return digest<Sha256>(provider::HashKind::kSha256, data); }

Result<Sha256> hmac_sha256(std::span<const std::uint8_t> key, std::span<const std::uint8_t> data) {
  Sha256 out{};
  if (!provider::hmac_sha256(key, data, out.data())) return fail(ErrorCode::kProvider);
  return out;
}

Result<void> pbkdf2_hmac_sha1(std::span<const std::uint8_t> password, std::span<const std::uint8_t> salt,
                              std::uint32_t iteration_count, std::span<std::uint8_t> out) {
  if (!provider::pbkdf2_hmac_sha1(password, salt, iteration_count, out)) return fail(ErrorCode::kProvider);
  return {};
}

}  // namespace nvsafe::crypto
