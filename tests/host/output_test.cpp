#include "host/output.hpp"

#include <fcntl.h>

#include <thread>

#include "host/host_test.hpp"
#include "host/staged_file.hpp"

namespace nvsafe::host {
namespace {

using test::as_bytes;
using text::Exit;

// Every test runs both ways of writing: without a name, and with a temporary one.
class Output : public testing::TestWithParam<Staging> {
 protected:
  [[nodiscard]] static OutputSettings settings(bool force = false) { return {force, GetParam()}; }
  [[nodiscard]] static OutputSettings forced() { return settings(true); }

  text::Outcome<void> write(const OutputFile& file, std::string_view content, bool force = false) {
    return write_output(file, as_bytes(content), settings(force));
  }
  [[nodiscard]] std::string at(const std::string& name) const { return directory_.at(name); }

  TemporaryDirectory directory_;
};

INSTANTIATE_TEST_SUITE_P(Staging, Output, testing::Values(Staging::kUnnamed, Staging::kNamed),
                         [](const auto& staging) { return staging.param == Staging::kUnnamed ? "unnamed" : "named"; });

TEST_P(Output, a_new_file_has_the_content_and_nothing_else_is_left) {
  ASSERT_TRUE(write({at("a.bin")}, "content").ok());
  EXPECT_EQ(directory_.read("a.bin"), "content");
  EXPECT_EQ(directory_.names(), Names{"a.bin"});
}

TEST_P(Output, a_name_without_a_directory_goes_to_the_current_one) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(directory_.path());
  const auto written = write({"a.bin"}, "content");
  std::filesystem::current_path(before);
  EXPECT_TRUE(written.ok());
  EXPECT_EQ(directory_.read("a.bin"), "content");
}

TEST_P(Output, mode_is_0644_less_the_umask_and_0600_for_secrets_and_keys) {
  const mode_t before = ::umask(027);
  EXPECT_TRUE(write({at("public")}, "x").ok());
  ::umask(0);
  EXPECT_TRUE(write({at("open")}, "x").ok());
  EXPECT_TRUE(write({at("secret"), OutputKind::kSecret}, "x").ok());
  EXPECT_TRUE(write({at("key"), OutputKind::kKey}, "x").ok());
  ::umask(before);
  EXPECT_EQ(mode_of_file(at("public")), 0640u);
  EXPECT_EQ(mode_of_file(at("open")), 0644u);
  EXPECT_EQ(mode_of_file(at("secret")), 0600u);
  EXPECT_EQ(mode_of_file(at("key")), 0600u);
}

TEST_P(Output, an_edited_file_keeps_its_mode_whatever_the_umask) {
  const mode_t before = ::umask(077);
  for (const mode_t mode : {0600u, 0640u, 0664u, 0444u, 0755u}) {
    directory_.write("a.bin", "old");
    ASSERT_EQ(::chmod(at("a.bin").c_str(), mode), 0);
    EXPECT_TRUE(write({at("a.bin"), OutputKind::kEdited}, "new", true).ok());
    EXPECT_EQ(mode_of_file(at("a.bin")), mode);
    EXPECT_EQ(directory_.read("a.bin"), "new");
    ASSERT_EQ(::unlink(at("a.bin").c_str()), 0);
  }
  ::umask(0);
  EXPECT_TRUE(write({at("fresh.bin"), OutputKind::kEdited}, "new", true).ok());
  ::umask(before);
  EXPECT_EQ(mode_of_file(at("fresh.bin")), 0600u);
}

TEST_P(Output, an_edited_file_keeps_its_owner_where_that_is_allowed) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give files away";
  directory_.write("a.bin", "old");
  ASSERT_EQ(::chown(at("a.bin").c_str(), 1234, 4321), 0);
  EXPECT_TRUE(write({at("a.bin"), OutputKind::kEdited}, "new", true).ok());
  struct stat status{};
  ASSERT_EQ(::stat(at("a.bin").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 1234u);
  EXPECT_EQ(status.st_gid, 4321u);
}

// The group that could not be given would else be ours, with the rights of the other.
TEST(StagedFile, a_group_that_cannot_be_given_gets_no_more_than_everybody) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody who may not give files away";
  const TemporaryDirectory directory;
  ASSERT_EQ(::chmod(directory.path().c_str(), 0777), 0);
  const auto mode_after = [&](mode_t mode) {
    const std::string name = "f" + std::to_string(mode);
    return run_in_child([&] {
      if (::setgid(4321) != 0 || ::setuid(1234) != 0) return 100;
      auto staged = StagedFile::create({directory.path(), name}, 0600, Staging::kUnnamed);
      if (!staged || !staged->take_over(mode, 0, 0) || !staged->place()) return 101;
      return mode_of_file(directory.at(name)) == mode ? 1 : mode_of_file(directory.at(name)) == (mode & 0707) ? 2 : 3;
    });
  };
  EXPECT_EQ(mode_after(0660), 2);
  EXPECT_EQ(mode_after(0600), 1);
  EXPECT_EQ(mode_after(0644), 1);
}

TEST_P(Output, a_file_that_exists_is_refused_and_stays_as_it_is) {
  directory_.write("a.bin", "old");
  const auto written = write({at("a.bin")}, "new");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().exit, Exit::kUsage);
  EXPECT_EQ(written.error().what, at("a.bin") + ": exists already");
  EXPECT_EQ(written.error().hint, "--force replaces it; or choose another name");
  EXPECT_EQ(directory_.read("a.bin"), "old");
  EXPECT_EQ(directory_.names(), Names{"a.bin"});
}

TEST_P(Output, force_replaces_a_file) {
  directory_.write("a.bin", "old");
  ASSERT_TRUE(write({at("a.bin")}, "new", true).ok());
  EXPECT_EQ(directory_.read("a.bin"), "new");
  EXPECT_EQ(directory_.names(), Names{"a.bin"});
}

TEST_P(Output, force_makes_a_new_file_where_there_is_none) {
  ASSERT_TRUE(write({at("a.bin")}, "new", true).ok());
  EXPECT_EQ(directory_.read("a.bin"), "new");
}

TEST_P(Output, a_key_file_is_not_replaced_even_with_force) {
  directory_.write("keys.bin", "the only key");
  const auto written = write({at("keys.bin"), OutputKind::kKey}, "new", true);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().exit, Exit::kUsage);
  EXPECT_EQ(directory_.read("keys.bin"), "the only key");
}

TEST_P(Output, a_replaced_file_does_not_become_readable_for_more_people) {
  directory_.write("a.bin", "old");
  ASSERT_EQ(::chmod(at("a.bin").c_str(), 0600), 0);
  ASSERT_TRUE(write({at("a.bin")}, "new", true).ok());
  EXPECT_EQ(mode_of_file(at("a.bin")), 0600u);
}

TEST_P(Output, a_secret_that_replaces_an_open_file_has_mode_0600) {
  directory_.write("a.bin", "old");
  ASSERT_EQ(::chmod(at("a.bin").c_str(), 0666), 0);
  ASSERT_TRUE(write({at("a.bin"), OutputKind::kSecret}, "new", true).ok());
  EXPECT_EQ(mode_of_file(at("a.bin")), 0600u);
}

TEST_P(Output, force_through_a_link_replaces_the_file_and_keeps_the_link) {
  directory_.write("real", "old");
  std::filesystem::create_symlink("real", at("link"));
  ASSERT_TRUE(write({at("link")}, "new", true).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(at("link")));
  EXPECT_EQ(directory_.read("real"), "new");
}

TEST_P(Output, a_link_to_nothing_is_refused_even_with_force) {
  std::filesystem::create_symlink("none", at("link"));
  const auto written = write({at("link")}, "new", true);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().what, at("link") + ": is a link to nothing");
  EXPECT_EQ(directory_.names(), Names{"link"});
}

TEST_P(Output, a_missing_directory_is_named_with_the_command_that_makes_it) {
  const auto written = write({at("out/a.bin")}, "x");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().exit, Exit::kIo);
  EXPECT_EQ(written.error().what, at("out/a.bin") + ": no directory " + at("out"));
  EXPECT_EQ(written.error().hint, "mkdir -p " + at("out"));
  EXPECT_TRUE(directory_.names().empty());
}

TEST_P(Output, a_directory_is_refused) {
  const auto written = write({directory_.path()}, "x", true);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().exit, Exit::kUsage);
  EXPECT_EQ(written.error().what, directory_.path() + ": is a directory");
}

TEST_P(Output, an_empty_name_is_refused) { EXPECT_EQ(write({""}, "x").error().exit, Exit::kUsage); }

TEST_P(Output, a_file_as_directory_is_refused) {
  directory_.write("file", "x");
  const auto written = write({at("file/a.bin")}, "x");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().exit, Exit::kIo);
}

TEST_P(Output, a_set_shows_nothing_before_commit_and_everything_after) {
  OutputSet set(settings());
  ASSERT_TRUE(set.add({at("image.bin")}, as_bytes("image")).ok());
  ASSERT_TRUE(set.add({at("keys.bin"), OutputKind::kKey}, as_bytes("key")).ok());
  EXPECT_FALSE(std::filesystem::exists(at("image.bin")));
  EXPECT_FALSE(std::filesystem::exists(at("keys.bin")));
  ASSERT_TRUE(set.commit().ok());
  EXPECT_EQ(directory_.names(), (Names{"image.bin", "keys.bin"}));
}

TEST_P(Output, a_set_that_goes_without_commit_leaves_nothing) {
  {
    OutputSet set(settings());
    ASSERT_TRUE(set.add({at("a")}, as_bytes("a")).ok());
    ASSERT_TRUE(set.add({at("b")}, as_bytes("b")).ok());
  }
  EXPECT_TRUE(directory_.names().empty());
}

TEST_P(Output, a_key_file_appears_before_the_files_added_before_it) {
  OutputSet set(settings());
  ASSERT_TRUE(set.add({at("image.bin")}, as_bytes("image")).ok());
  ASSERT_TRUE(set.add({at("keys.bin"), OutputKind::kKey}, as_bytes("key")).ok());
  directory_.write("keys.bin", "taken meanwhile");
  const auto committed = set.commit();
  ASSERT_FALSE(committed.ok());
  EXPECT_EQ(committed.error().what, at("keys.bin") + ": file exists");
  EXPECT_EQ(directory_.names(), Names{"keys.bin"});
  EXPECT_EQ(directory_.read("keys.bin"), "taken meanwhile");
}

TEST_P(Output, files_in_place_are_removed_again_when_a_later_one_fails) {
  OutputSet set(settings());
  ASSERT_TRUE(set.add({at("a")}, as_bytes("a")).ok());
  ASSERT_TRUE(set.add({at("b")}, as_bytes("b")).ok());
  directory_.write("b", "taken meanwhile");
  EXPECT_FALSE(set.commit().ok());
  EXPECT_EQ(directory_.names(), Names{"b"});
  EXPECT_EQ(directory_.read("b"), "taken meanwhile");
}

TEST_P(Output, a_replaced_file_comes_back_when_a_later_one_fails) {
  directory_.write("a", "old");
  OutputSet set(forced());
  ASSERT_TRUE(set.add({at("a")}, as_bytes("new")).ok());
  ASSERT_TRUE(set.add({at("b")}, as_bytes("b")).ok());
  directory_.write("b", "taken meanwhile");
  EXPECT_FALSE(set.commit().ok());
  EXPECT_EQ(directory_.names(), (Names{"a", "b"}));
  EXPECT_EQ(directory_.read("a"), "old");
}

TEST_P(Output, several_files_can_be_replaced_at_once) {
  directory_.write("a", "old");
  directory_.write("b", "old");
  OutputSet set(forced());
  ASSERT_TRUE(set.add({at("a")}, as_bytes("new a")).ok());
  ASSERT_TRUE(set.add({at("b")}, as_bytes("new b")).ok());
  ASSERT_TRUE(set.commit().ok());
  EXPECT_EQ(directory_.names(), (Names{"a", "b"}));
  EXPECT_EQ(directory_.read("a"), "new a");
  EXPECT_EQ(directory_.read("b"), "new b");
}

TEST_P(Output, one_name_for_two_outputs_is_refused_however_it_is_spelled) {
  OutputSet set(forced());
  ASSERT_TRUE(set.add({at("a")}, as_bytes("1")).ok());
  const auto added = set.add({at("./a")}, as_bytes("2"));
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().exit, Exit::kUsage);
}

TEST_P(Output, a_device_is_written_to_directly) {
  EXPECT_TRUE(write({"/dev/null"}, "x").ok());
  EXPECT_TRUE(write({"/dev/null", OutputKind::kKey}, "x").ok());
  EXPECT_FALSE(std::filesystem::is_regular_file("/dev/null"));
}

TEST_P(Output, a_pipe_is_written_to_directly) {
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  std::string received;
  std::thread reader([&] { received = directory_.read("pipe"); });
  const auto written = write({at("pipe")}, std::string(200'000, 'p'));
  reader.join();
  EXPECT_TRUE(written.ok());
  EXPECT_EQ(received, std::string(200'000, 'p'));
}

TEST_P(Output, a_failing_stream_takes_the_files_of_its_set_back) {
  OutputSet set(settings());
  ASSERT_TRUE(set.add({"/dev/full"}, as_bytes("x")).ok());
  ASSERT_TRUE(set.add({at("keys.bin"), OutputKind::kKey}, as_bytes("key")).ok());
  const auto committed = set.commit();
  ASSERT_FALSE(committed.ok());
  EXPECT_EQ(committed.error().exit, Exit::kIo);
  EXPECT_EQ(committed.error().what, "/dev/full: no space left on device");
  EXPECT_TRUE(directory_.names().empty());
}

TEST_P(Output, a_reader_that_goes_away_is_an_error_and_not_the_end_of_the_program) {
  const int status = run_in_child([] {
    int ends[2];
    if (::pipe(ends) != 0 || ::dup2(ends[1], STDOUT_FILENO) < 0) return 2;
    ::close(ends[0]);
    const auto written = write_output({"-"}, as_bytes("x"), settings());
    return !written && written.error().what == "standard output: broken pipe" ? 0 : 1;
  });
  EXPECT_EQ(status, 0);
}

TEST_P(Output, a_dash_writes_to_standard_output) {
  const int status = run_in_child([this] {
    const int file = ::open(at("out").c_str(), O_WRONLY | O_CREAT, 0600);
    ::dup2(file, STDOUT_FILENO);
    std::fputs("before ", stdout);
    return write({"-"}, "content").ok() ? 0 : 1;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(directory_.read("out"), "before content");
}

TEST_P(Output, binary_does_not_go_to_a_terminal_but_text_does) {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  ASSERT_EQ(::grantpt(terminal), 0);
  ASSERT_EQ(::unlockpt(terminal), 0);
  const std::string path = ::ptsname(terminal);
  const auto binary = write({path}, "x");
  ASSERT_FALSE(binary.ok());
  EXPECT_EQ(binary.error().exit, Exit::kUsage);
  EXPECT_EQ(binary.error().hint, "-o FILE");
  EXPECT_TRUE(write({path, OutputKind::kPublic, true}, "x").ok());
  ::close(terminal);
}

TEST_P(Output, can_be_asked_before_anything_is_written) {
  directory_.write("a.bin", "old");
  EXPECT_FALSE(check_output({at("a.bin")}).ok());
  EXPECT_TRUE(check_output({at("a.bin")}, forced()).ok());
  EXPECT_TRUE(check_output({at("b.bin")}).ok());
  EXPECT_EQ(directory_.names(), Names{"a.bin"});
}

}  // namespace
}  // namespace nvsafe::host
