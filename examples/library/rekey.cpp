// rekey IMAGE KEYS NEW_KEYS OUTPUT: an NVS image, or a dump, under a key that is made here. KEYS: an nvs_keys page or
// 64 bytes.
#include <nvsafe/image.hpp>

#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <iterator>

namespace {

using Bytes = nvsafe::Image::Bytes;

Bytes read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
bool write(const char* path, const Bytes& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return bool(file.flush());
}
int refused(const nvsafe::Problem& problem) {
  std::fprintf(stderr, "%s\n%s\n", problem.what.c_str(), problem.hint.c_str());
  return static_cast<int>(problem.kind);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  umask(0077);  // both files are secrets
  const Bytes keys = read(argv[2]);
  auto image = nvsafe::Image::open(read(argv[1]), {.name = argv[1], .keys = {{.bytes = keys, .name = argv[2]}}});
  if (!image) return refused(image.error());
  const auto new_keys = nvsafe::Image::new_key_page();
  if (!new_keys) return refused(new_keys.error());
  const auto rekeyed = image->rekey({.bytes = *new_keys, .name = argv[3]});
  if (!rekeyed) return refused(rekeyed.error());
  if (!write(argv[3], *new_keys) || !write(argv[4], rekeyed->bytes)) return std::perror("write"), 5;
  for (const auto& each : rekeyed->partitions)
    std::printf("%s: %u values under %s\n", argv[4], each.key_count, argv[3]);
  return 0;
}
