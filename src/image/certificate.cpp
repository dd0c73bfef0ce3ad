#include "image/certificate.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>
#include <string_view>

#include "text/printable.hpp"

namespace nvsafe::image {
namespace {

struct Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Certificate = std::unique_ptr<X509, Free>;
using Memory = std::unique_ptr<BIO, Free>;

constexpr std::string_view kPemMark = "-----BEGIN CERTIFICATE-----";
constexpr std::uint8_t kDerSequence = 0x30;

Certificate read_pem(std::string_view text) {
  const Memory memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  return Certificate(memory != nullptr ? PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr) : nullptr);
}

// One that takes all of the bytes: other data may well begin like one.
Certificate read_der(std::span<const std::uint8_t> bytes) {
  const unsigned char* at = bytes.data();
  Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(bytes.size())));
  return at == bytes.data() + bytes.size() ? std::move(certificate) : nullptr;
}

std::string subject_of(const X509& certificate) {
  const Memory memory(BIO_new(BIO_s_mem()));
  if (memory == nullptr) return {};
  X509_NAME_print_ex(memory.get(), X509_get_subject_name(&certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return size > 0 ? text::printable({text, static_cast<std::size_t>(size)}) : "nobody";
}

std::string last_day_of(const X509& certificate) {
  std::tm time{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &time) != 1) return "?";
  return fmt::format("{:04}-{:02}-{:02}", time.tm_year + 1900, time.tm_mon + 1, time.tm_mday);
}

}  // namespace

std::optional<std::string> certificate_text(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  Certificate certificate;
  if (text.starts_with(kPemMark)) {
    certificate = read_pem(text);
  } else if (!bytes.empty() && bytes.front() == kDerSequence) {
    certificate = read_der(bytes);
  }
  ERR_clear_error();
  if (certificate == nullptr) return std::nullopt;
  return fmt::format("certificate of {}, until {}", subject_of(*certificate), last_day_of(*certificate));
}

}  // namespace nvsafe::image
