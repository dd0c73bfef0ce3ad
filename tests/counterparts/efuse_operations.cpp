// Burns eFuses in src/chip and converts their files, for scripts/counterparts/efuses.py. Commands come as lines on
// stdin, each is answered on stdout by a line "ok" or "error TEXT":
//
//   new CHIP
//   fuse NAME BITS                   stages bits of a fuse (espefuse's name for it)
//   key INDEX PURPOSE HEX PROTECTION stages a key; PROTECTION: letters of r (read), w (write), p (purpose), or -
//   burn
//   read CHIP FILE                   an eFuse file of any kind
//   virtual FILE                     writes Espressif's virtual file
//   own FILE                         writes our JSON
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "chip/efuse_file.hpp"
#include "text/encoding.hpp"

namespace nvsafe::chip {
namespace {

using Words = std::vector<std::string>;

std::string answer_of(const Result<void>& result) {
  return result ? "ok" : "error " + std::to_string(static_cast<unsigned>(result.error().code));
}

class Operations {
 public:
  std::string run(const Words& words) {
    const auto is = [&](std::string_view name, std::size_t count) { return words[0] == name && words.size() == count; };
    if (is("new", 2)) return make(words[1]);
    if (is("read", 3)) return read(words[1], words[2]);
    if (!efuses_) return "error no chip";
    if (is("fuse", 3)) return stage_fuse(words[1], words[2]);
    if (is("key", 5)) return stage_key(words[1], words[2], words[3], words[4]);
    if (is("burn", 1)) return answer_of(efuses_->burn([](unsigned) { return Result<void>(); }));
    if (is("virtual", 2)) {
      const auto bytes = to_virtual_file(*efuses_);
      return write(words[1], {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
    if (is("own", 2)) return write(words[1], to_json(*efuses_));
    return "error no such command";
  }

 private:
  std::string make(const std::string& chip) {
    const Profile* profile = find_profile(chip);
    if (profile == nullptr) return "error no such chip";
    efuses_.emplace(*profile);
    return "ok";
  }

  std::string stage_fuse(std::string_view name, const std::string& bits) {
    for (unsigned i = 0; i < static_cast<unsigned>(Fuse::kCount); ++i) {
      const auto fuse = static_cast<Fuse>(i);
      if (name_of(fuse, efuses_->profile()) != name) continue;
      return answer_of(efuses_->stage(fuse, static_cast<std::uint32_t>(std::stoul(bits, nullptr, 0))));
    }
    return "error no such fuse";
  }

  std::string stage_key(const std::string& index, std::string_view purpose, std::string_view hex,
                        std::string_view protection) {
    const auto key = text::decode_hex(hex);
    if (!key) return "error no hex";
    const auto is_in = [&](char letter) { return protection.find(letter) != std::string_view::npos; };
    for (std::uint8_t i = 0; purpose_name(i) != "UNKNOWN"; ++i) {
      if (purpose_name(i) != purpose) continue;
      return answer_of(efuses_->stage_key(std::stoul(index), static_cast<KeyPurpose>(i), *key,
                                          {.read = is_in('r'), .write = is_in('w'), .purpose = is_in('p')}));
    }
    return "error no such purpose";
  }

  std::string read(const std::string& chip, const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(in), {}};
    auto efuses = parse_efuses(bytes, find_profile(chip), file);
    if (!efuses) return "error " + efuses.error().what;
    efuses_.emplace(*efuses);
    return "ok";
  }

  static std::string write(const std::string& file, std::string_view bytes) {
    std::ofstream out(file, std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return out.flush() ? "ok" : "error not written";
  }

  std::optional<Efuses> efuses_;
};

}  // namespace
}  // namespace nvsafe::chip

int main() {
  nvsafe::chip::Operations operations;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream in(line);
    const nvsafe::chip::Words words{std::istream_iterator<std::string>(in), {}};
    std::cout << (words.empty() ? "error empty line" : operations.run(words)) << std::endl;
  }
  return 0;
}
