// set_channel IMAGE KEYS CHANNEL: changes one value of an encrypted NVS image, in place.
#include <nvsafe/file_flash.hpp>
#include <nvsafe/heap.hpp>
#include <nvsafe/partition.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  std::array<std::uint8_t, 4096> keys;
  auto key_page = nvsafe::FileFlash::open(argv[2]);
  if (!key_page || !key_page->read(0, keys)) return std::puts("cannot read the keys"), 1;
  auto flash = nvsafe::FileFlash::open(argv[1]);
  if (!flash) return std::puts("cannot open the image"), 1;
  auto nvs = nvsafe::Partition::open(*flash, nvsafe::heap(), {.key = keys});
  if (!nvs) return std::puts("the keys do not open the image"), 1;
  auto set = nvs->set("wifi", "channel", static_cast<std::uint8_t>(std::atoi(argv[3])));
  return set ? 0 : 1;
}
