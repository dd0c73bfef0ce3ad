// The crypto provider of the host: OpenSSL 3.
// An EVP context is not safe for two threads, so a key keeps a pristine context and a few spare copies;
// a call borrows a spare, or makes one.
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <atomic>
#include <climits>
#include <memory>

#include "crypto/provider.hpp"

namespace nvsafe::crypto::provider {
namespace {

// OpenSSL without what is of no use here and costs half the time of a short command: openssl.cnf (the bytes of a device
// depend on no setting of this computer), its error texts, names of old, and a clean-up just before the process ends.
bool start_openssl() {
  static const bool is_started = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
                                                         OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
                                                         OPENSSL_INIT_NO_ADD_ALL_DIGESTS | OPENSSL_INIT_NO_ATEXIT,
                                                     nullptr) == 1;
  return is_started;
}

struct CipherContextFree {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, CipherContextFree>;

const EVP_CIPHER* ecb_cipher(std::size_t key_size) {
  if (key_size == 16) return EVP_aes_128_ecb();
  if (key_size == 32) return EVP_aes_256_ecb();
  return nullptr;
}

const EVP_MD* digest_of(HashKind kind) {
  switch (kind) {
    case HashKind::kMd5:
      return EVP_md5();
    case HashKind::kSha1:
      return EVP_sha1();
    case HashKind::kSha256:
      return EVP_sha256();
  }
  return nullptr;
}

}  // namespace

struct AesKeyHandle {
  // On a cache line of its own: two threads with one key would otherwise wait for each other's.
  struct alignas(64) Spare {
    std::atomic<EVP_CIPHER_CTX*> context{nullptr};
  };
  CipherContext pristine;
  mutable std::array<Spare, 8> spares{};

  ~AesKeyHandle() {
    for (Spare& spare : spares) EVP_CIPHER_CTX_free(spare.context.load());
  }

  // Each thread looks at another one first.
  static std::size_t first_spare() {
    static constinit std::atomic<std::size_t> thread_count{0};
    static constinit thread_local std::size_t number = 0;  // from 1
    if (number == 0) number = thread_count.fetch_add(1, std::memory_order_relaxed) + 1;
    return number;
  }
  [[nodiscard]] Spare& spare(std::size_t i) const { return spares[i % spares.size()]; }

  [[nodiscard]] CipherContext borrow() const {
    const std::size_t first = first_spare();
    for (std::size_t i = 0; i < spares.size(); ++i) {
      EVP_CIPHER_CTX* const context = spare(first + i).context.exchange(nullptr, std::memory_order_acquire);
      if (context != nullptr) return CipherContext(context);
    }
    CipherContext copy(EVP_CIPHER_CTX_new());
    if (copy && EVP_CIPHER_CTX_copy(copy.get(), pristine.get()) != 1) copy.reset();
    return copy;
  }

  void give_back(CipherContext context) const {
    const std::size_t first = first_spare();
    for (std::size_t i = 0; i < spares.size(); ++i) {
      EVP_CIPHER_CTX* empty = nullptr;
      if (spare(first + i).context.compare_exchange_strong(empty, context.get(), std::memory_order_release,
                                                           std::memory_order_relaxed)) {
        static_cast<void>(context.release());
        return;
      }
    }
  }
};

AesKeyHandle* aes_create(std::span<const std::uint8_t> key, AesDirection direction) {
  if (!start_openssl()) return nullptr;
  const EVP_CIPHER* cipher = ecb_cipher(key.size());
  auto handle = std::make_unique<AesKeyHandle>();
  handle->pristine.reset(EVP_CIPHER_CTX_new());
  if (cipher == nullptr || handle->pristine == nullptr) return nullptr;
  const int encrypt = direction == AesDirection::kEncrypt ? 1 : 0;
  if (EVP_CipherInit_ex2(handle->pristine.get(), cipher, key.data(), nullptr, encrypt, nullptr) != 1) return nullptr;
  if (EVP_CIPHER_CTX_set_padding(handle->pristine.get(), 0) != 1) return nullptr;
  return handle.release();
}

void aes_destroy(AesKeyHandle* key) { delete key; }

bool aes_blocks(const AesKeyHandle* key, const std::uint8_t* in, std::uint8_t* out, std::size_t size) {
  if (size % 16 != 0 || size > INT_MAX) return false;
  CipherContext context = key->borrow();
  if (!context) return false;
  int written = 0;
  if (EVP_CipherUpdate(context.get(), out, &written, in, static_cast<int>(size)) != 1) return false;
  key->give_back(std::move(context));
  return static_cast<std::size_t>(written) == size;
}

bool aes_groups(std::span<const std::uint8_t> keys, std::size_t key_size, AesDirection direction,
                std::span<std::uint8_t> data) {
  const EVP_CIPHER* cipher = ecb_cipher(key_size);
  if (!start_openssl() || cipher == nullptr || keys.size() % key_size != 0) return false;
  if (keys.empty()) return data.empty();
  const std::size_t group_size = data.size() / (keys.size() / key_size);
  if (group_size % 16 != 0 || group_size > INT_MAX || group_size * (keys.size() / key_size) != data.size())
    return false;
  const CipherContext context(EVP_CIPHER_CTX_new());
  if (context == nullptr) return false;
  const int encrypt = direction == AesDirection::kEncrypt ? 1 : 0;
  if (EVP_CipherInit_ex2(context.get(), cipher, nullptr, nullptr, encrypt, nullptr) != 1) return false;
  if (EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1) return false;
  for (; !keys.empty(); keys = keys.subspan(key_size), data = data.subspan(group_size)) {
    int written = 0;
    if (EVP_CipherInit_ex2(context.get(), nullptr, keys.data(), nullptr, encrypt, nullptr) != 1) return false;
    if (EVP_CipherUpdate(context.get(), data.data(), &written, data.data(), static_cast<int>(group_size)) != 1) {
      return false;
    }
    if (static_cast<std::size_t>(written) != group_size) return false;
  }
  return true;
}

bool hash(HashKind kind, std::span<const std::uint8_t> data, std::uint8_t* out) {
  if (!start_openssl()) return false;
  return EVP_Digest(data.data(), data.size(), out, nullptr, digest_of(kind), nullptr) == 1;
}

bool hmac_sha256(std::span<const std::uint8_t> key, std::span<const std::uint8_t> data, std::uint8_t* out) {
  static constexpr std::uint8_t kNoKey = 0;  // OpenSSL takes a null key for "the key of the call before"
  if (!start_openssl() || key.size() > INT_MAX) return false;
  return HMAC(EVP_sha256(), key.empty() ? &kNoKey : key.data(), static_cast<int>(key.size()), data.data(), data.size(),
              out, nullptr) != nullptr;
}

bool pbkdf2_hmac_sha1(std::span<const std::uint8_t> password, std::span<const std::uint8_t> salt,
                      std::uint32_t iteration_count, std::span<std::uint8_t> out) {
  if (!start_openssl()) return false;
  if (password.size() > INT_MAX || salt.size() > INT_MAX || out.size() > INT_MAX || iteration_count > INT_MAX) {
    return false;
  }
  return PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(password.data()), static_cast<int>(password.size()),
                           salt.data(), static_cast<int>(salt.size()), static_cast<int>(iteration_count), EVP_sha1(),
                           static_cast<int>(out.size()), out.data()) == 1;
}

}  // namespace nvsafe::crypto::provider
