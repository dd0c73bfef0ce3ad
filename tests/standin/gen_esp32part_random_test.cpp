// gen_esp32part on tables that somebody mangled: it ends with a status of its own and never with a crash.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

#include "standin/recorded_run.hpp"
#include "standin/tool.hpp"

namespace nvsafe::standin {
namespace {

constexpr unsigned kSeed = 20250131;

// Thousands of refusals are for nobody to read.
class QuietStderr {
 public:
  QuietStderr() : kept_(::dup(STDERR_FILENO)) {
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, STDERR_FILENO);
    ::close(nowhere);
  }
  QuietStderr(const QuietStderr&) = delete;
  QuietStderr& operator=(const QuietStderr&) = delete;
  ~QuietStderr() {
    ::dup2(kept_, STDERR_FILENO);
    ::close(kept_);
  }

 private:
  int kept_;
};

std::vector<std::string> recorded_inputs() {
  std::vector<std::string> inputs;
  for (const RecordedRun& run : recorded_runs("table")) {
    for (const auto& [name, bytes] : run.inputs) inputs.push_back(bytes);
  }
  return inputs;
}

// Words that lead deep into the reader.
constexpr std::string_view kPieces[] = {",",
                                        "\n",
                                        "\r",
                                        "$",
                                        "${NVSAFE_A}",
                                        "$NVSAFE_B",
                                        "0x",
                                        "-",
                                        "1M",
                                        "9999999M",
                                        "data",
                                        "app",
                                        "nvs",
                                        "ota_0",
                                        ":",
                                        "readonly",
                                        "bootloader",
                                        "partition_table",
                                        "\xEF\xBB\xBF",
                                        "\xFF\xFE",
                                        "\xE2\x80\xA8",
                                        "\xC2\xA0",
                                        "18446744073709551616",
                                        "\xEB\xEB"};

std::string mutate(std::string text, std::mt19937& random) {
  for (auto count = random() % 6; count > 0; --count) {
    const std::size_t at = text.empty() ? 0 : random() % std::min<std::size_t>(text.size(), 256);
    switch (random() % 4) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(random());
        break;
      case 1:
        text.insert(at, kPieces[random() % std::size(kPieces)]);
        break;
      case 2:
        text.erase(at, random() % 40);
        break;
      default:
        text.insert(at, text.substr(at, random() % 64));
        break;
    }
  }
  return text;
}

Words random_options(std::mt19937& random) {
  static const std::vector<Words> kOptions = {{"--no-verify"},
                                              {"--disable-md5sum"},
                                              {"--offset", "0"},
                                              {"--offset", "0xFFFFFFFF"},
                                              {"--flash-size", "1MB"},
                                              {"--secure"},
                                              {"--primary-bootloader-offset", "0"},
                                              {"--recovery-bootloader-offset", "0x10000"},
                                              {"--extra-partition-subtypes", "data,x,0x50", "app,nvs,51", "--"}};
  Words words = {"-q"};
  for (auto count = random() % 3; count > 0; --count) {
    const Words& option = kOptions[random() % (kOptions.size() - (count > 1 ? 1 : 0))];
    words.insert(words.end(), option.begin(), option.end());
  }
  return words;
}

// NVSAFE_RANDOM_RUNS asks for more runs.
TEST(GenEsp32partRandom, a_mangled_table_is_converted_or_refused) {
  const char* more = std::getenv("NVSAFE_RANDOM_RUNS");
  const int run_count = more == nullptr ? 1500 : std::atoi(more);
  const cli::Workplace workplace;
  const std::string in = workplace.path() + "/in", out = workplace.path() + "/out";
  const auto inputs = recorded_inputs();
  std::mt19937 random(kSeed);
  std::map<int, int> counts;
  ASSERT_EQ(::setenv("NVSAFE_A", "1M,$NVSAFE_B", 1), 0);
  const QuietStderr quiet;
  for (int i = 0; i < run_count; ++i) {
    workplace.write("in", mutate(inputs[random() % inputs.size()], random));
    Words words = random_options(random);
    words.insert(words.end(), {in, out});
    const int status = run_gen_esp32part(words);
    ++counts[status];
    ASSERT_EQ(std::filesystem::exists(out), status == 0) << "seed " << kSeed << ", run " << i;
    const bool is_binary = status == 0 && !workplace.read("in").starts_with("\xAA\x50");
    ASSERT_TRUE(!is_binary || workplace.read("out").size() == 0xC00) << "seed " << kSeed << ", run " << i;
    std::filesystem::remove(out);
  }
  EXPECT_EQ(counts[0] + counts[1] + counts[2], run_count) << testing::PrintToString(counts);
  for (const int status : {0, 1, 2}) EXPECT_GT(counts[status], run_count / 50) << testing::PrintToString(counts);
  RecordProperty("converted", counts[0]);
}

}  // namespace
}  // namespace nvsafe::standin
