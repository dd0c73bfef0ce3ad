#include "cli/program.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "format/key_page.hpp"
#include "support/bytes.hpp"
#include "support/kept_image.hpp"
#include "table/binary.hpp"

namespace nvsafe::cli {
namespace {

constexpr std::size_t kHmacKeySize = 32;

// A file in memory: a run leaves nothing behind, and nothing blocks.
class Scratch {
 public:
  explicit Scratch(std::string_view content = {}) : number_(::memfd_create("nvsafe-test", MFD_CLOEXEC)) {
    EXPECT_EQ(::write(number_, content.data(), content.size()), static_cast<ssize_t>(content.size()));
    ::lseek(number_, 0, SEEK_SET);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { ::close(number_); }

  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] std::string content() const {
    struct stat status{};
    ::fstat(number_, &status);
    std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
    EXPECT_EQ(::pread(number_, bytes.data(), bytes.size(), 0), status.st_size);
    return bytes;
  }

 private:
  int number_;
};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

// Root reads what it may not, unless these two rights are gone when the program starts.
bool give_up_root_rights() {
  return ::geteuid() != 0 ||
         (::prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE) == 0 && ::prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH) == 0);
}

bool connect_stdout(Stdout where, int kept) {
  switch (where) {
    case Stdout::kKept:
      return ::dup2(kept, STDOUT_FILENO) >= 0;
    case Stdout::kClosed:
      return ::close(STDOUT_FILENO) == 0;
    case Stdout::kFull:
      break;
  }
  return ::dup2(::open("/dev/full", O_WRONLY | O_CLOEXEC), STDOUT_FILENO) >= 0;
}

// In the child: only what is allowed between fork and exec.
bool prepare(const Surroundings& surroundings, const char* directory, const Scratch& in, const Scratch& out,
             const Scratch& err) {
  if (::chdir(directory) != 0 || ::dup2(in.number(), STDIN_FILENO) < 0 || ::dup2(err.number(), STDERR_FILENO) < 0 ||
      !connect_stdout(surroundings.standard_output, out.number())) {
    return false;
  }
  for (const int stream : surroundings.closed) ::close(stream);
  ::umask(surroundings.umask);
  if (surroundings.file_size_max) {
    const rlimit limit{*surroundings.file_size_max, *surroundings.file_size_max};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
  }
  return !surroundings.obeys_modes || give_up_root_rights();
}

std::vector<std::string> environment_of(const Surroundings& surroundings) {
  std::vector<std::string> environment = surroundings.environment;
  environment.emplace_back("LC_ALL=C.UTF-8");
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) environment.push_back(std::string(name) + "=" + value);
  }
  return environment;
}

}  // namespace

nlohmann::json Ran::json() const {
  auto parsed = nlohmann::json::parse(out, nullptr, false);
  EXPECT_FALSE(parsed.is_discarded()) << *this;
  return parsed;
}

std::ostream& operator<<(std::ostream& stream, const Ran& ran) {
  return stream << "exit " << ran.status << "\n--- stdout\n" << ran.out << "--- stderr\n" << ran.err << "---";
}

Workplace::Workplace(const std::vector<NamedFile>& files) {
  for (const NamedFile& file : files) {
    write(file.name, file.bytes);
    const mode_t mode = file.name.ends_with('/') && file.mode == 0644 ? 0755 : file.mode;
    EXPECT_EQ(::chmod(directory_.at(file.name).c_str(), mode), 0);
  }
}

void Workplace::write(const std::string& name, std::string_view bytes) const {
  const std::filesystem::path path = directory_.at(name);
  std::filesystem::create_directories(path.parent_path());
  if (!name.ends_with('/')) directory_.write(name, bytes);
}

Tree Workplace::tree() const {
  Tree tree;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path())) {
    const std::string name = std::filesystem::relative(entry.path(), path());
    const bool is_directory = entry.is_directory();
    tree[name] = {is_directory ? "" : read(name), mode_of(name), is_directory};
  }
  return tree;
}

Ran Workplace::run(const Arguments& arguments, const Surroundings& surroundings) const {
  std::vector<std::string> words = {surroundings.called_as};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = environment_of(surroundings);
  const std::vector<char*> word_pointers = pointers(words);
  const std::vector<char*> environment_pointers = pointers(environment);
  const Scratch in(surroundings.input);
  const Scratch out;
  const Scratch err;
  const pid_t child = ::fork();
  if (child == 0) {
    if (prepare(surroundings, path().c_str(), in, out, err)) {
      ::execve(surroundings.program.c_str(), word_pointers.data(), environment_pointers.data());
    }
    ::_exit(127);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  Ran ran{WIFEXITED(status) ? WEXITSTATUS(status) : -1, out.content(), err.content()};
  if (test::ImageKeeper::instance().keeps()) keep_images({surroundings.input, ran.out});
  return ran;
}

void Workplace::keep_images(std::vector<std::string> contents) const {
  namespace fs = std::filesystem;
  constexpr auto kOptions = fs::directory_options::skip_permission_denied;
  for (const auto& entry : fs::recursive_directory_iterator(path(), kOptions)) {
    if (fs::is_regular_file(entry.symlink_status())) contents.push_back(read(fs::relative(entry.path(), path())));
  }
  // Each key that lies here is tried on each image, also a wrong one.
  test::KeptImage image{.made_by = "program"};
  for (const std::string& bytes : contents) {
    const auto page_key = format::decode_key_page(test::as_bytes(bytes));
    if (bytes.size() == format::kXtsKeySize) image.keys.push_back(bytes);
    if (page_key.ok()) image.keys.emplace_back(page_key->bytes().begin(), page_key->bytes().end());
    if (bytes.size() == kHmacKeySize) image.hmac_keys.push_back(bytes);
  }
  for (const std::string& bytes : contents) {
    if (bytes.size() >= table::kBinarySize) test::keep_image(test::as_bytes(bytes), image);
  }
}

Ran Workplace::must_run(const Arguments& arguments, const Surroundings& surroundings) const {
  Ran ran = run(arguments, surroundings);
  EXPECT_EQ(ran.status, 0) << testing::PrintToString(arguments) << '\n' << ran;
  return ran;
}

std::string line_after(std::string_view text, std::string_view mark) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (text.starts_with(mark)) return std::string(text.substr(mark.size(), end - mark.size()));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return "";
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string noise(std::size_t size, std::uint32_t seed) {
  const test::Bytes bytes = test::random_bytes(size, seed);
  return {bytes.begin(), bytes.end()};
}

}  // namespace nvsafe::cli
