// The whole program as a user starts it: from exec to exit, with its file system calls.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "base/endian.hpp"
#include "chip/app_image.hpp"
#include "crypto/hash.hpp"
#include "format/key_page.hpp"
#include "nvsafe/assert.hpp"
#include "repeat.hpp"
#include "sample.hpp"
#include "table/binary.hpp"
#include "table/csv.hpp"

namespace nvsafe::bench {
namespace {

// A directory of its own under TMPDIR, gone at the end.
class WorkFolder {
 public:
  WorkFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "nvsafe-bench-XXXXXX";
    NVSAFE_ASSERT(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  ~WorkFolder() { std::filesystem::remove_all(path_); }

  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }
  [[nodiscard]] std::string file_with(const std::string& name, std::string_view content) const {
    std::ofstream(file(name), std::ios::binary) << content;
    return file(name);
  }

 private:
  std::filesystem::path path_;
};

struct RunTime {
  double wall_s = 0;
  double cpu_s = 0;
};

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

RunTime run(std::vector<std::string> words) {
  posix_spawn_file_actions_t silent;
  ::posix_spawn_file_actions_init(&silent);
  ::posix_spawn_file_actions_addopen(&silent, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  int status = 0;
  rusage usage{};
  const auto start = std::chrono::steady_clock::now();
  NVSAFE_ASSERT(::posix_spawn(&child, arguments[0], &silent, nullptr, arguments.data(), environ) == 0);
  NVSAFE_ASSERT(::wait4(child, &status, 0, &usage) == child);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  ::posix_spawn_file_actions_destroy(&silent);
  NVSAFE_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return {wall.count(), seconds(usage.ru_utime) + seconds(usage.ru_stime)};
}

// Each run is a repetition by itself, so that the median is over runs.
void one_by_one(benchmark::internal::Benchmark* benchmark) {
  benchmark->UseManualTime()->Iterations(1)->Repetitions(201)->ReportAggregatesOnly();
}

void measure(benchmark::State& state, const std::vector<std::string>& words) {
  RunTime time;
  for (auto _ : state) {
    time = run(words);
    state.SetIterationTime(time.wall_s);
  }
  state.counters["cpu_ms"] = time.cpu_s * 1e3;
}

std::string key_page() {
  std::vector<std::uint8_t> page(format::kPageSize);
  format::encode_key_page(sample_key(), std::span<std::uint8_t, format::kPageSize>(page));
  return {page.begin(), page.end()};
}

// Called anew for each repetition, so the outputs never exist before.
void process_build(benchmark::State& state, const std::string& key_flag) {
  const WorkFolder folder;
  const auto csv = folder.file_with("settings.csv", settings_csv(100));
  const auto key = key_flag == "--new-keys" ? folder.file("new.bin") : folder.file_with("keys.bin", key_page());
  measure(state, {NVSAFE_PROGRAM, "-q", "build", csv, "--size", "0x6000", key_flag, key, "-o", folder.file("nvs.bin")});
}
BENCHMARK_CAPTURE(process_build, new_keys, "--new-keys")->Apply(one_by_one);
BENCHMARK_CAPTURE(process_build, to_keys, "--to-keys")->Apply(one_by_one);

// The smallest app with its one segment made 1.5 MiB long: as large as real ones.
std::vector<std::uint8_t> app_of_real_size(const chip::Profile& profile) {
  constexpr std::size_t kHeaderSize = 24 + 8;
  constexpr std::size_t kDescriptionSize = 256;
  constexpr std::uint32_t kSegmentSize = 1536 * 1024;
  auto image = chip::make_app(profile, {"1", "bench", "v5.5.3"});
  image.resize(kHeaderSize + kDescriptionSize);
  store_le32(&image[kHeaderSize - 4], kSegmentSize);
  std::uint32_t noise = 1;
  while (image.size() < kHeaderSize + kSegmentSize) {
    image.push_back(static_cast<std::uint8_t>((noise = noise * 1664525 + 1013904223) >> 24));
  }
  std::uint8_t checksum = 0xEF;
  for (std::size_t i = kHeaderSize; i < image.size(); ++i) checksum ^= image[i];
  while (image.size() % 16 != 15) image.push_back(0);
  image.push_back(checksum);
  const auto digest = crypto::sha256(image);
  NVSAFE_ASSERT(digest.ok());
  image.insert(image.end(), digest->begin(), digest->end());
  return image;
}

std::string whole_flash(const chip::Profile& profile) {
  constexpr std::size_t kFlashSize = 4 * 1024 * 1024;
  constexpr std::size_t kAppOffset = 0x10000;
  std::string flash(kFlashSize, '\xFF');
  const auto put = [&flash](std::size_t offset, std::span<const std::uint8_t> bytes) {
    std::copy(bytes.begin(), bytes.end(), flash.begin() + static_cast<std::ptrdiff_t>(offset));
  };
  table::ProblemList problems;
  const auto rows = table::parse_csv(
      "nvs, data, nvs, 0x9000, 0x6000\nnvs_keys, data, nvs_keys, 0xf000, 0x1000, encrypted\n"
      "factory, app, factory, 0x10000, 0x200000\n",
      {}, problems);
  NVSAFE_ASSERT(rows.has_value());
  put(table::kTableOffset, *table::encode_table(*rows, table::Md5Use::kYes, problems));
  put(profile.bootloader_offset, chip::make_bootloader(profile, "v5.5.3"));
  put(kAppOffset, app_of_real_size(profile));
  return flash;
}

// A copy of a dump of 4 MiB starts for the first time: everything that has to be is encrypted, NVS makes its keys.
void process_first_boot(benchmark::State& state, const char* chip) {
  const WorkFolder folder;
  const auto flash = folder.file_with("flash.bin", whole_flash(*chip::find_profile(chip)));
  measure(state, {NVSAFE_PROGRAM, "-q", "boot", flash, "--flash-encryption", "development"});
}
BENCHMARK_CAPTURE(process_first_boot, esp32, "esp32")->Apply(one_by_one);
BENCHMARK_CAPTURE(process_first_boot, esp32c3, "esp32c3")->Apply(one_by_one);

// Start-up alone.
void process_version(benchmark::State& state) { measure(state, {NVSAFE_PROGRAM, "--version"}); }
BENCHMARK(process_version)->Apply(one_by_one);

}  // namespace
}  // namespace nvsafe::bench
