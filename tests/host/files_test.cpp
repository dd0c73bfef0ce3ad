#include "host/files.hpp"

#include <fcntl.h>

#include <thread>

#include "host/host_test.hpp"

namespace nvsafe::host {
namespace {

using test::as_bytes;
using test::Bytes;
using text::Exit;

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

// Standard input from a file, for as long as the object lives.
class StandardInput {
 public:
  explicit StandardInput(const std::string& path) : before_(::dup(STDIN_FILENO)) {
    const int file = ::open(path.c_str(), O_RDONLY);
    ::dup2(file, STDIN_FILENO);
    ::close(file);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  ~StandardInput() {
    ::dup2(before_, STDIN_FILENO);
    ::close(before_);
  }

 private:
  int before_;
};

TEST(Files, a_file_is_read_whole) {
  const TemporaryDirectory directory;
  directory.write("a.bin", "some bytes");
  EXPECT_EQ(*read_file(directory.at("a.bin")), bytes_of("some bytes"));
}

TEST(Files, a_file_whose_size_is_not_known_before_is_read_whole) {
  const TemporaryDirectory directory;
  const std::string content(300'000, 'x');
  ASSERT_EQ(::mkfifo(directory.at("pipe").c_str(), 0600), 0);
  std::thread writer([&] { directory.write("pipe", content); });
  const auto read = read_file(directory.at("pipe"));
  writer.join();
  EXPECT_EQ(*read, bytes_of(content));
}

TEST(Files, a_dash_reads_standard_input) {
  const TemporaryDirectory directory;
  directory.write("in", "from standard input");
  const StandardInput input(directory.at("in"));
  EXPECT_EQ(*read_file("-"), bytes_of("from standard input"));
}

TEST(Files, standard_input_that_was_read_before_is_an_error) {
  const TemporaryDirectory directory;
  directory.write("in", "once");
  const StandardInput input(directory.at("in"));
  ASSERT_TRUE(read_file("-").ok());
  const auto again = read_file("-");
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().what, "standard input: is empty");
  EXPECT_EQ(again.error().hint, "standard input can be read once only");
}

TEST(Files, a_missing_file_is_bad_input_and_the_closest_name_is_the_hint) {
  const TemporaryDirectory directory;
  directory.write("settings.csv", "x");
  const auto read = read_file(directory.at("setings.csv"));
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().exit, Exit::kBadInput);
  EXPECT_EQ(read.error().what, directory.at("setings.csv") + ": no such file");
  EXPECT_EQ(read.error().hint, "did you mean 'settings.csv'?");
}

TEST(Files, a_file_in_a_missing_directory_is_bad_input) {
  const auto read = read_file("no-such-directory/a.csv");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().exit, Exit::kBadInput);
  EXPECT_EQ(read.error().what, "no-such-directory/a.csv: no such file");
  EXPECT_EQ(read.error().hint, "the directory no-such-directory cannot be read");
}

TEST(Files, a_directory_is_bad_input) {
  const TemporaryDirectory directory;
  const auto read = read_file(directory.path());
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().exit, Exit::kBadInput);
  EXPECT_EQ(read.error().what, directory.path() + ": is a directory");
  EXPECT_FALSE(read.error().hint.empty());
}

TEST(Files, an_empty_file_is_bad_input_unless_it_may_be_empty) {
  const TemporaryDirectory directory;
  directory.write("empty", "");
  const auto read = read_file(directory.at("empty"));
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().exit, Exit::kBadInput);
  EXPECT_EQ(read.error().what, directory.at("empty") + ": is empty");
  EXPECT_TRUE(read_file(directory.at("empty"), {.may_be_empty = true})->empty());
}

TEST(Files, an_empty_name_is_bad_input) {
  const auto read = read_file("");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().exit, Exit::kBadInput);
}

TEST(Files, a_file_that_may_not_be_read_is_bad_input) {
  const TemporaryDirectory directory;
  directory.write("secret", "x");
  ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(directory.at("secret").c_str(), 0), 0);
  const int status = run_in_child([&] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 2;  // root may read everything
    const auto read = read_file(directory.at("secret"));
    if (read) return 1;
    return read.error().what == directory.at("secret") + ": permission denied" ? int(read.error().exit) : 1;
  });
  EXPECT_EQ(status, int(Exit::kBadInput));
}

TEST(Files, the_limit_counts_for_files_and_for_endless_devices) {
  const TemporaryDirectory directory;
  directory.write("a", "12345");
  EXPECT_TRUE(read_file(directory.at("a"), {.size_max = 5}).ok());
  for (const std::string& path : {directory.at("a"), std::string("/dev/zero")}) {
    const auto read = read_file(path, {.size_max = 4});
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().what, path + ": has more than 4 bytes");
  }
}

TEST(Files, control_characters_of_a_name_are_not_printed) {
  const auto read = read_file("a\x1b[2Jb");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().what.find('\x1b'), std::string::npos);
}

TEST(Files, a_secret_file_is_read_whole) {
  const TemporaryDirectory directory;
  const std::string content(200'000, 'k');
  directory.write("keys.bin", content);
  const auto read = read_secret_file(directory.at("keys.bin"));
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(secure_equal(read->bytes(), as_bytes(content)));
}

TEST(SecretBuffer, keeps_its_bytes_when_it_grows_and_wipes_what_is_cut_off) {
  SecretBuffer buffer;
  buffer.resize(2);
  buffer.data()[0] = 7;
  buffer.data()[1] = 8;
  buffer.resize(100);
  EXPECT_EQ(buffer.bytes()[0], 7);
  buffer.resize(1);
  buffer.resize(2);
  EXPECT_EQ(buffer.bytes()[1], 0);
}

TEST(SecretBuffer, is_empty_after_it_was_moved_from) {
  SecretBuffer buffer;
  buffer.resize(3);
  const SecretBuffer moved = std::move(buffer);
  EXPECT_TRUE(buffer.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(moved.size(), 3u);
}

TEST(ListDirectory, gives_regular_files_sorted_without_hidden_ones) {
  const TemporaryDirectory directory;
  for (const char* name : {"b.bin", "a.bin", ".hidden", "B.bin"}) directory.write(name, "x");
  std::filesystem::create_directory(directory.at("sub"));
  std::filesystem::create_symlink("a.bin", directory.at("link"));
  const Names expected = {directory.at("B.bin"), directory.at("a.bin"), directory.at("b.bin"), directory.at("link")};
  EXPECT_EQ(*list_directory(directory.path()), expected);
  EXPECT_EQ(*list_directory(directory.path() + "/"), expected);
}

TEST(ListDirectory, a_missing_directory_or_a_file_is_bad_input) {
  const TemporaryDirectory directory;
  directory.write("file", "x");
  const auto missing = list_directory(directory.at("none"));
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().exit, Exit::kBadInput);
  EXPECT_EQ(missing.error().what, directory.at("none") + ": no such directory");
  EXPECT_FALSE(list_directory(directory.at("file")).ok());
}

TEST(ListDirectory, is_directory_follows_links) {
  const TemporaryDirectory directory;
  std::filesystem::create_directory_symlink(directory.path(), directory.at("link"));
  EXPECT_TRUE(is_directory(directory.at("link")));
  EXPECT_FALSE(is_directory(directory.at("none")));
}

}  // namespace
}  // namespace nvsafe::host
