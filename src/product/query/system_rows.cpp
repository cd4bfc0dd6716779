#include "product/query/system_rows.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/json.h"

namespace weft::query {
namespace {

constexpr std::size_t kBufferBytes = 1 << 20;

Result<> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0)
      return fail(ErrorKind::unavailable, "query.system_memory", "no memory for the rows of a system table");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Result<engine::File> system_rows(const SystemTable& table, const Principal& asker,
                                 const std::vector<std::string>& wanted) {
  engine::File file;
  file.name = "mesh." + table.name;
  file.fd = Fd(::memfd_create("weft-system-table", MFD_CLOEXEC));
  if (!file.fd) return fail(ErrorKind::unavailable, "query.system_memory", "no memory for the rows of {}", file.name);
  std::string buffer;
  TRY(table.rows(asker, wanted, [&](json::Object row) -> Result<> {
    json::write_to(buffer, json::Value(std::move(row)));
    buffer += '\n';
    if (++file.row_count > kSystemRowsMax || file.size + buffer.size() > kSystemBytesMax) {
      return fail(ErrorKind::limit, "query.system_too_large", "{} has more than {} rows or {} bytes for you", file.name,
                  kSystemRowsMax, kSystemBytesMax);
    }
    if (buffer.size() < kBufferBytes) return {};
    TRY(write_all(file.fd.get(), buffer));
    file.size += buffer.size();
    buffer.clear();
    return {};
  }));
  TRY(write_all(file.fd.get(), buffer));
  file.size += buffer.size();
  return file;
}

}  // namespace weft::query
