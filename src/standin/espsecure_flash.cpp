#include <fmt/format.h>

#include <optional>

#include "base/python_integer.hpp"
#include "chip/flash_cipher.hpp"
#include "host/files.hpp"
#include "host/os_random.hpp"
#include "keys/key_file.hpp"
#include "standin/espsecure.hpp"
#include "standin/outputs.hpp"
#include "standin/python_text.hpp"
#include "text/printable.hpp"

namespace nvsafe::standin {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr std::size_t kBlockSize = chip::FlashCipher::kBlockSize;

// The original opens its files while it reads its arguments.
Failed<Refusal> refuse_file(const text::Problem& problem) {
  return refuse(problem.exit == text::Exit::kIo ? kFailed : kUsage, problem);
}

Checked<ParsedInteger> read_number(std::string_view option, const std::string& text) {
  const auto number = parse_python_integer(text);
  if (number) return *number;
  return refuse(kUsage, fmt::format("{} {}: no number", option, text::in_quotes(text)),
                "decimal or 0x…, without K or M, for example 0x10000");
}

bool has_key_size(std::size_t size, bool is_xts) {
  return size == 32 || (is_xts ? size == 16 || size == 64 : size == 24);
}

Checked<host::SecretBuffer> read_flash_key(const FlashArguments& arguments, Warnings& warnings) {
  auto key = host::read_secret_file(arguments.key_file, {.may_be_empty = true});
  if (!key) return refuse_file(key.error());
  if (!has_key_size(key->size(), arguments.is_xts)) {
    const bool is_other = has_key_size(key->size(), !arguments.is_xts);
    return refuse(kUsage,
                  fmt::format("{}: has {} bytes; {}", arguments.key_file, key->size(),
                              arguments.is_xts ? "a key for XTS has 32 (AES-128), 64 (AES-256) or 16 (ESP32-C2)"
                                               : "a key of an ESP32 has 32, or 24 with 3/4 coding"),
                  is_other ? arguments.is_xts ? "a key of an ESP32 is used without --aes-xts"
                                              : "--aes-xts is for all chips but the ESP32"
                           : fmt::format("nvsafe show {}          says what it is", arguments.key_file));
  }
  if (keys::is_key_as_text(key->bytes())) {
    warnings.push_back(fmt::format("{}: is text, and its characters are the key as they are", arguments.key_file));
  }
  return std::move(*key);
}

// "Using 256-bit key."
std::string key_line(std::size_t size) {
  return fmt::format("Using {}-bit key{}.\n", size * 8, size == 16 || size == 24 ? " (extended)" : "");
}

Checked<std::uint8_t> read_crypt_conf(const FlashArguments& arguments) {
  const auto number = read_number("--flash-crypt-conf", arguments.crypt_conf);
  if (!number) return number.failed();
  if (arguments.is_xts) return chip::FlashCipher::kCryptConfigFull;  // XTS has none
  if (number->negative || number->magnitude > chip::FlashCipher::kCryptConfigFull) {
    return refuse(kUsage, fmt::format("--flash-crypt-conf {}: has four bits, 0 to 0xF", arguments.crypt_conf));
  }
  return static_cast<std::uint8_t>(number->magnitude);
}

Checked<chip::FlashCipher> make_cipher(const FlashArguments& arguments, const host::SecretBuffer& key,
                                       std::uint8_t crypt_conf) {
  const auto scheme = arguments.is_xts ? chip::FlashScheme::kXts : chip::FlashScheme::kEsp32;
  auto cipher = chip::FlashCipher::create(scheme, key.bytes(), crypt_conf);
  if (cipher) return std::move(*cipher);
  if (cipher.error().code == ErrorCode::kEqualKeyHalves) {
    return refuse(kFailed, fmt::format("{}: its two halves are equal, and nothing is encrypted with such a key",
                                       arguments.key_file));
  }
  return refuse(kFailed, {text::Exit::kIo, "the AES of this system failed", {}});
}

// A last block that is not whole, to an ESP32, gets random bytes behind it.
Checked<std::string> pad(Bytes& data) {
  const std::size_t size = data.size();
  data.resize((size + kBlockSize - 1) / kBlockSize * kBlockSize);
  host::OsRandom random;
  if (!random.fill(std::span(data).subspan(size))) {
    return refuse(kFailed, {text::Exit::kIo, "the random source of this system failed", {}});
  }
  return fmt::format("Note: Padding with {} bytes of random data (encrypted data must be multiple of {} bytes long).\n",
                     data.size() - size, kBlockSize);
}

// Gives what there is to say on stdout.
Checked<std::string> check_length(const FlashArguments& arguments, Bytes& data) {
  if (data.empty()) return refuse(kUsage, fmt::format("{}: is empty, and no file is made of it", arguments.input));
  if (data.size() % kBlockSize == 0) return std::string();
  if (arguments.encrypts && !arguments.is_xts) return pad(data);
  return refuse(kUsage,
                fmt::format("{}: has {} bytes, which are no multiple of {}", arguments.input, data.size(), kBlockSize));
}

Checked<std::uint32_t> check_address(const ParsedInteger& address, const FlashArguments& arguments, std::size_t size) {
  if (address.magnitude % kBlockSize != 0) {
    return refuse(kUsage, fmt::format("--address {}: is no multiple of {}", arguments.address, kBlockSize));
  }
  if (address.negative || address.magnitude > 0x1'0000'0000 - size) {
    return refuse(kFailed, fmt::format("--address {}: {} bytes from there on do not lie within 32 bits",
                                       arguments.address, size));
  }
  return static_cast<std::uint32_t>(address.magnitude);
}

Checked<void> check_output(const FlashArguments& arguments) {
  const Words inputs = {arguments.input, arguments.key_file};
  const auto may_go = check_replaced(arguments.output, inputs);
  if (!may_go) return refuse(may_go.error().exit == text::Exit::kIo ? kFailed : kUsage, may_go.error());
  return {};
}

// A piece of flash is a secret in either form: its encryption does not hide that two pieces are equal.
Checked<void> write_output(const FlashArguments& arguments, const Bytes& data) {
  host::OutputSet outputs({.force = true, .flushes_only_keys = true});
  if (auto added = outputs.add({arguments.output, host::OutputKind::kSecret}, data); !added) {
    return refuse(kFailed, added.error());
  }
  if (auto done = outputs.commit(); !done) return refuse(kFailed, done.error());
  return {};
}

}  // namespace

Checked<std::string> crypt_flash(const FlashArguments& arguments, Warnings& warnings) {
  const auto address = read_number("--address", arguments.address);
  if (!address) return address.failed();
  const auto crypt_conf = read_crypt_conf(arguments);
  if (!crypt_conf) return crypt_conf.failed();
  const auto key = read_flash_key(arguments, warnings);
  if (!key) return key.failed();
  auto data = host::read_file(arguments.input, {.may_be_empty = true});
  if (!data) return refuse_file(data.error());
  if (auto may_go = check_output(arguments); !may_go) return may_go.failed();
  const auto padding = check_length(arguments, *data);
  if (!padding) return padding.failed();
  const auto from = check_address(*address, arguments, data->size());
  if (!from) return from.failed();
  const auto cipher = make_cipher(arguments, *key, *crypt_conf);
  if (!cipher) return cipher.failed();
  const auto done = arguments.encrypts ? cipher->encrypt(*from, *data) : cipher->decrypt(*from, *data);
  if (!done) return refuse(kFailed, {text::Exit::kIo, "the AES of this system failed", {}});
  if (auto written = write_output(arguments, *data); !written) return written.failed();
  return key_line(key->size()) +
         (*crypt_conf == 0 ? "Warning: Setting FLASH_CRYPT_CONF to zero is not recommended.\n" : "") + *padding;
}

Checked<std::string> make_flash_key(const std::string& bit_count, const std::string& output, Warnings& warnings) {
  constexpr std::uint64_t kBitsMax = 8 * 4096;
  const auto decimal = python_decimal(bit_count, PythonText::kStr);
  const auto bits = decimal ? parse_python_integer(*decimal, 10) : std::nullopt;
  if (!bits || bits->negative || bits->magnitude < 8 || bits->magnitude > kBitsMax) {
    return refuse(bits && bits->negative ? kFailed : kUsage,
                  fmt::format("--keylen {}: no number of bits that a key could have", text::in_quotes(bit_count)),
                  "256; 512 for XTS-AES-256, 192 for an ESP32 with 3/4 coding, 128 for an ESP32-C2");
  }
  if (output == "-") {
    return refuse(kUsage, "a key is written to a file that only its owner reads, not to standard output");
  }
  const host::OutputFile file{output, host::OutputKind::kKey};
  if (auto free = host::check_output(file); !free) return refuse_file(free.error());
  host::SecretBuffer key;
  key.resize(bits->magnitude / 8);
  host::OsRandom random;
  if (!random.fill(key.mutable_bytes())) {
    return refuse(kFailed, {text::Exit::kIo, "the random source of this system failed", {}});
  }
  if (auto written = host::write_output(file, key.bytes()); !written) return refuse_file(written.error());
  if (!has_key_size(key.size(), true) && !has_key_size(key.size(), false)) {
    warnings.push_back(fmt::format("{}: has {} bytes, and no chip takes a key of that length", output, key.size()));
  }
  return fmt::format("Writing {} random bits to key file \"{}\".\n", bits->magnitude, text::printable(output));
}

}  // namespace nvsafe::standin
