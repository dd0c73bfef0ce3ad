#include "table_reporter.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

namespace nvsafe::bench {
namespace {

struct Figure {
  std::string_view source;  // "benchmark" or "benchmark:counter"
  std::string_view unit;    // one of kUnits
  double target;            // at most this, in `unit`; 0: there is no target
  std::string_view what;
};

struct Unit {
  std::string_view name;
  double in_source;  // how many of the source's (ns, or whatever a counter counts)
};
constexpr Unit kUnits[] = {{"ns", 1},      {"µs", 1e3},  {"ms", 1e6}, {"times", 1}, {"ms CPU", 1},
                           {"ns/unit", 1}, {"reads", 1}, {"B", 1},    {"calls", 1}};

// The targets first, then what helps to find out why one is missed.
constexpr Figure kFigures[] = {
    {"build/24K_100_rows", "µs", 60, "24 KiB encrypted image from 100 parsed rows"},
    {"build/1M_10000_rows", "ms", 20, "1 MiB encrypted image from 10 000 parsed rows"},
    {"process_build/new_keys", "ms", 8, "whole process: nvsafe build of a 100-row CSV --new-keys"},
    {"process_build/to_keys", "ms", 8, "whole process: nvsafe build of a 100-row CSV --to-keys"},
    {"xts_over_ecb:ratio", "times", 1.5, "XTS over a page, in times of ECB over the same 6 048 B"},
    {"open/1M_settings", "ms", 3, "scan of an encrypted 1 MiB image, 10 000 mixed values (94 % full)"},
    {"open/1M_settings:flash_read", "times", 1.005, "  flash read, in sizes of the image"},
    {"open/1M_settings:memory", "times", 2, "  peak memory with the image, in sizes of the image"},
    {"open/1M_numbers", "ms", 3, "scan of a full encrypted 1 MiB image, 32 097 numbers"},
    {"open/1M_numbers:flash_read", "times", 1.005, "  flash read, in sizes of the image"},
    {"open/1M_numbers:memory", "times", 2, "  peak memory with the image, in sizes of the image"},
    {"get_u32/plain/100", "ns", 120, "get of a u32 among 100 keys, plain"},
    {"get_u32/plain/1000", "ns", 120, "  among 1 000"},
    {"get_u32/plain/10000", "ns", 120, "  among 10 000"},
    {"get_u32/plain/100000", "ns", 120, "  among 100 000"},
    {"get_u32/plain/100000:reads", "reads", 1.001, "  flash reads of 32 B"},
    {"get_u32/xts/100", "ns", 220, "get of a u32 among 100 keys, encrypted"},
    {"get_u32/xts/1000", "ns", 220, "  among 1 000"},
    {"get_u32/xts/10000", "ns", 220, "  among 10 000"},
    {"get_u32/xts/100000", "ns", 220, "  among 100 000"},
    {"miss/100", "ns", 60, "get of a key that is not there, among 100"},
    {"miss/1000", "ns", 60, "  among 1 000"},
    {"miss/10000", "ns", 60, "  among 10 000"},
    {"miss/100000", "ns", 60, "  among 100 000"},
    {"miss/100000:reads", "reads", 0.001, "  flash reads, among 100 000"},
    {"fill/plain:ns_per_set", "ns", 500, "set of a new key, 100 000 in 4 MiB, plain (2 000 000 /s)"},
    {"fill/xts:ns_per_set", "ns", 1000, "  encrypted (1 000 000 /s)"},
    {"mount_numbers/plain", "ms", 6, "mount of 4 MiB, 122 449 numbers, plain"},
    {"mount_numbers/xts", "ms", 10, "  encrypted"},
    {"mount_numbers/xts:flash_read", "times", 1.02, "  flash read, in sizes of the partition"},
    {"mount_blobs", "ms", 12, "mount of 4 MiB, 29 001 blobs of 64 B"},
    {"mount_blobs:flash_read", "times", 1.02, "  flash read, in sizes of the partition"},
    {"get_blob", "µs", 2.5, "get of a blob of 4 096 B, encrypted"},
    {"get_blob:reads", "reads", 6, "  flash reads"},
    {"update/plain:bytes", "B", 36, "set of one of 50 keys in 24 KiB: bytes programmed"},
    {"update/plain:calls", "calls", 3.05, "  programs"},
    {"update/plain", "ns", 0, "  time, plain"},
    {"update/xts", "ns", 0, "  time, encrypted"},
    {"flash_encrypt_xts/32", "ms", 1.048, "flash encryption of 1 MiB, XTS-AES-128 (1 GB/s)"},
    {"flash_decrypt_xts/32", "ms", 1.048, "  decryption"},
    {"flash_encrypt_xts/64", "ms", 1.048, "  XTS-AES-256, encryption"},
    {"flash_decrypt_xts/64", "ms", 1.048, "  decryption"},
    {"flash_encrypt_esp32/32", "ms", 10.48, "  ESP32, encryption (100 MB/s)"},
    {"flash_decrypt_esp32/32", "ms", 10.48, "  decryption"},
    {"idf_get_u32/plain:more", "ns", 40, "nvs_get_u32, plain: more than the store's get"},
    {"idf_get_u32/xts:more", "ns", 40, "  encrypted"},
    {"idf_open_get_close/plain", "ns", 400, "nvs_open, nvs_get_u32 and nvs_close, plain"},
    {"idf_open_get_close/xts", "ns", 400, "  encrypted"},
    {"idf_two_readers/plain:ratio", "times", 0.555, "time a get of two threads, in times of one thread's, plain"},
    {"idf_two_readers/xts:ratio", "times", 0.555, "  encrypted"},
    {"two_strangers:ratio", "times", 0, "  of two threads that share nothing, to compare with"},
    {"idf_get_u32/plain", "ns", 0, "nvs_get_u32, plain"},
    {"idf_get_u32/xts", "ns", 0, "nvs_get_u32, encrypted"},
    {"process_build/new_keys:cpu_ms", "ms CPU", 0, "nvsafe build --new-keys, without waiting"},
    {"process_build/to_keys:cpu_ms", "ms CPU", 0, "nvsafe build --to-keys, without waiting"},
    {"process_version", "ms", 0, "nvsafe --version: start-up alone"},
    {"xts_over_ecb:ns_per_unit", "ns/unit", 0, "XTS, 126 units of 32 B at once"},
    {"xts_page", "ns", 0, "XTS over a page"},
    {"ecb_page", "ns", 0, "ECB over 6 048 B"},
    {"xts_entry", "ns", 0, "XTS over one entry by itself"},
    {"cipher_create", "ns", 0, "key schedule of an XTS key"},
    {"crc/28", "ns", 0, "CRC over 28 B, as of an entry"},
    {"crc/4000", "ns", 0, "CRC over 4 000 B"},
    {"parse_csv/100", "µs", 0, "CSV of 100 rows parsed"},
    {"parse_csv/10000", "ms", 0, "CSV of 10 000 rows parsed"},
    {"iterate", "ms", 0, "all 10 000 items of 1 MiB visited, as ls does"},
    {"get/4", "ns", 0, "get of a number from 1 MiB"},
    {"get/64", "ns", 0, "get of 64 B"},
    {"get/1000", "ns", 0, "get of 1 000 B"},
    {"get/4000", "µs", 0, "get of 4 000 B"},
    {"get/32000", "µs", 0, "get of a blob of 32 000 B"},
};

double in_unit(double value, std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return value / unit.in_source;
  }
  return value;
}

std::string short_name(const benchmark::BenchmarkName& name) {
  return name.args.empty() ? name.function_name : name.function_name + "/" + name.args;
}

}  // namespace

// Time is the thread's own, for other programs run here too; but for a whole process it is the clock's.
void TableReporter::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    const std::string name = short_name(run.run_name);
    if (run.error_occurred) std::fprintf(stderr, "%s: %s\n", name.c_str(), run.error_message.c_str());
    if (run.aggregate_name != "median") continue;
    const bool is_process = !run.run_name.time_type.empty();
    medians_[name] = is_process ? run.GetAdjustedRealTime() : run.GetAdjustedCPUTime();
    for (const auto& [counter, value] : run.counters) medians_[name + ":" + counter] = value;
  }
}

void TableReporter::Finalize() {
  fmt::print("{:>14}  {:>14}  {:6}  {}\n", "target", "measured", "", "median of");
  for (const Figure& figure : kFigures) {
    const auto found = medians_.find(std::string(figure.source));
    if (found == medians_.end()) continue;
    const double value = in_unit(found->second, figure.unit);
    const bool has_target = figure.target > 0;
    const char* verdict = !has_target ? "" : value <= figure.target ? "met" : "MISSED";
    fmt::print("{:>14}  {:>14}  {:6}  {}\n", has_target ? fmt::format("<= {:g} {}", figure.target, figure.unit) : "",
               fmt::format("{:.3g} {}", value, figure.unit), verdict, figure.what);
  }
  if (NVSAFE_IS_STATIC == 0) {
    fmt::print("nvsafe is linked with shared libraries here; as released (preset release) it starts faster\n");
  }
}

}  // namespace nvsafe::bench
