#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "duckdb/common/file_system.hpp"

// The worker's only file system: descriptors that control passed. Paths are `weft://<name>`; nothing else opens.
namespace weft::engine::worker {

inline constexpr const char* kFilePrefix = "weft://";

// The descriptors of one session. Thread-safe: engine threads open and read side by side.
class Descriptors {
 public:
  // Asks control for a new file to write; serialised by the caller's lock.
  using MakeFile = std::function<Result<std::pair<std::string, Fd>>(std::string_view hint)>;

  // Takes what the engine writes, in order.
  using Sink = std::function<Result<>(std::string_view bytes)>;

  // Returns the path to give to the engine: `weft://<name>`.
  std::string add_readable(const std::string& name, Fd fd, std::uint64_t size);
  // The same, under a path that no other file and no other version of this one ever has, so that what the engine
  // remembers by path (footers) is right for every session.
  std::string add_readable(Fd fd, std::uint64_t size);
  // A path whose bytes go to `sink` as they are written: files that are written from their start to their end.
  std::string add_writable(const std::string& name, Sink sink);
  void on_make_file(MakeFile make_file);
  void clear();

  struct Entry {
    std::shared_ptr<Fd> fd;
    std::uint64_t size = 0;
    std::string version;  // What tells it from any other file, and from itself when it changes.
    Sink sink;            // Instead of `fd`.
  };
  std::optional<Entry> find(const std::string& path);
  // A new writable file: one of add_writable(), or for `weft://new/<hint>/…`; its name as control gave it is remembered
  // for the path.
  Result<Entry> create(const std::string& path);
  // The name that control gave to the file written under this path.
  std::string name_of_written(const std::string& path);
  // A path that was not written yet: `hint` is "data" or "dead".
  std::string new_path(std::string_view hint);

 private:
  std::mutex mutex_;
  std::map<std::string, Entry> readable_;  // Guarded by mutex_, as are the others.
  std::map<std::string, Entry> writable_;
  std::map<std::string, std::string> written_;
  std::uint64_t paths_ = 0;
  MakeFile make_file_;
};

// Registered with the engine under the prefix. The descriptors outlive it.
class DescriptorFileSystem final : public duckdb::FileSystem {
 public:
  explicit DescriptorFileSystem(Descriptors& descriptors) : descriptors_(descriptors) {}

  duckdb::unique_ptr<duckdb::FileHandle> OpenFile(const duckdb::string& path, duckdb::FileOpenFlags flags,
                                                  duckdb::optional_ptr<duckdb::FileOpener> opener) override;
  void Read(duckdb::FileHandle& handle, void* buffer, int64_t bytes, duckdb::idx_t location) override;
  int64_t Read(duckdb::FileHandle& handle, void* buffer, int64_t bytes) override;
  void Write(duckdb::FileHandle& handle, void* buffer, int64_t bytes, duckdb::idx_t location) override;
  int64_t Write(duckdb::FileHandle& handle, void* buffer, int64_t bytes) override;
  int64_t GetFileSize(duckdb::FileHandle& handle) override;
  duckdb::timestamp_t GetLastModifiedTime(duckdb::FileHandle& handle) override;
  duckdb::string GetVersionTag(duckdb::FileHandle& handle) override;
  duckdb::FileType GetFileType(duckdb::FileHandle& handle) override;
  void Truncate(duckdb::FileHandle& handle, int64_t size) override;
  void FileSync(duckdb::FileHandle& handle) override;
  void Seek(duckdb::FileHandle& handle, duckdb::idx_t location) override;
  duckdb::idx_t SeekPosition(duckdb::FileHandle& handle) override;
  bool CanSeek() override { return true; }
  bool OnDiskFile(duckdb::FileHandle&) override { return true; }
  bool FileExists(const duckdb::string& path, duckdb::optional_ptr<duckdb::FileOpener>) override;
  bool IsPipe(const duckdb::string&, duckdb::optional_ptr<duckdb::FileOpener>) override { return false; }
  bool DirectoryExists(const duckdb::string&, duckdb::optional_ptr<duckdb::FileOpener>) override { return false; }
  duckdb::vector<duckdb::OpenFileInfo> Glob(const duckdb::string& path, duckdb::FileOpener*) override;
  bool CanHandleFile(const duckdb::string& path) override;
  std::string GetName() const override { return "weft"; }

 private:
  Descriptors& descriptors_;
};

}  // namespace weft::engine::worker
