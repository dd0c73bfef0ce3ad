// Keeps the images that tests make, for scripts/oracle/check_oracle.py (docs/ORACLE.md): with NVSAFE_KEEP_IMAGES=FOLDER
// in the environment, each becomes a file in FOLDER with a JSON beside it. Without it, nothing happens.
#pragma once

#include <errno.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nvsafe::test {

// What a test knows of an image besides its bytes.
struct KeptImage {
  std::string_view made_by;            // "page by page", "build", …: who laid it out
  std::vector<std::string> keys;       // of 64 bytes, to try on it; those of test_key() are added
  std::vector<std::string> hmac_keys;  // of 32 bytes
  std::string engine;  // JSON: what the store said of it when the test opened it, with no key or one of `keys`
};

class ImageKeeper {
 public:
  static ImageKeeper& instance() {
    static ImageKeeper keeper;
    return keeper;
  }

  [[nodiscard]] bool keeps() const { return folder_ != nullptr; }

  // A key of the test that is running: the last ones are tried on each image of this test that follows.
  void add_key(std::span<const std::uint8_t> key) {
    if (!keeps()) return;
    follow_test();
    test_keys_.emplace_back(key.begin(), key.end());
    if (test_keys_.size() > kTestKeyCount) test_keys_.erase(test_keys_.begin());
  }

  void keep(std::span<const std::uint8_t> bytes, const KeptImage& image) {
    if (!keeps() || bytes.empty()) return;
    follow_test();
    std::set<std::string> keys(test_keys_.begin(), test_keys_.end());
    keys.insert(image.keys.begin(), image.keys.end());
    const std::set<std::string> hmac_keys(image.hmac_keys.begin(), image.hmac_keys.end());
    const std::string content(bytes.begin(), bytes.end());
    const std::string about = "{\n  \"test\": \"" + test_name_ + "\",\n  \"made_by\": \"" + std::string(image.made_by) +
                              "\",\n  \"keys\": " + json_of(keys) + ",\n  \"hmac_keys\": " + json_of(hmac_keys) +
                              ",\n  \"engine\": " + (image.engine.empty() ? "null" : image.engine) + "\n}\n";
    if (!kept_.insert(std::hash<std::string>{}(content + about)).second) return;
    char number[16];
    std::snprintf(number, sizeof number, ".%05d", ++number_);
    const std::string path = std::string(folder_) + "/" + program_invocation_short_name + "." + test_name_ + number;
    write(path + ".bin", content);
    write(path + ".json", about);
  }

 private:
  static constexpr std::size_t kTestKeyCount = 3;

  ImageKeeper() : folder_(std::getenv("NVSAFE_KEEP_IMAGES")) {}

  // Keys and numbers start anew with each test, so that names stay the same from run to run.
  void follow_test() {
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    std::string name = test == nullptr ? "none" : std::string(test->test_suite_name()) + "." + test->name();
    std::replace(name.begin(), name.end(), '/', '-');  // of parametrized tests
    if (name == test_name_) return;
    test_name_ = name;
    test_keys_.clear();
    number_ = 0;
  }
  static std::string json_of(const std::set<std::string>& keys) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string json;
    for (const std::string& key : keys) {
      json += json.empty() ? "\"" : ", \"";
      for (const char c : key) {
        json += kDigits[static_cast<unsigned char>(c) >> 4];
        json += kDigits[c & 15];
      }
      json += '"';
    }
    return "[" + json + "]";
  }
  static void write(const std::string& path, const std::string& content) {
    std::ofstream file(path, std::ios::binary);
    file << content;
    EXPECT_TRUE(file.flush().good()) << path;
  }

  const char* folder_;
  std::string test_name_;
  std::vector<std::string> test_keys_;
  std::set<std::size_t> kept_;
  int number_ = 0;
};

inline void keep_image(std::span<const std::uint8_t> bytes, const KeptImage& image) {
  ImageKeeper::instance().keep(bytes, image);
}

}  // namespace nvsafe::test
