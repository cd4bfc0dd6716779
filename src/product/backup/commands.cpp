#include "product/backup/commands.h"

#include <filesystem>

#include "base/text.h"
#include "product/backup/backup.h"

namespace weft::backup {
namespace {

Result<int> back_up(Invocation& call) {
  Api* api = TRY(call.api());
  const auto folder = std::filesystem::absolute(call.text("FOLDER")).lexically_normal();
  call.out().progress("backing up", 0, 0);
  const json::Value answer = TRY(api->post("/v1/backups", json::Object{{"folder", folder.string()}}));
  if (call.out().format() != OutputFormat::table) {
    call.out().object(answer);
    return 0;
  }
  call.out().text(format("{}: {} files, {}\n", folder.string(),
                         text::human_count(static_cast<std::uint64_t>(answer["files"].integer_or(0))),
                         text::human_bytes(static_cast<std::uint64_t>(answer["bytes"].integer_or(0)))));
  return 0;
}

Result<int> put_back(Invocation& call) {
  if (!call.has("--data")) {
    return fail(ErrorKind::invalid, "restore.place",
                "name the mesh folder to restore to: weft --data DIR restore BACKUP");
  }
  const Manifest manifest =
      TRY(restore(call.text("BACKUP"), call.text("--data"),
                  [&](std::uint64_t done, std::uint64_t total) { call.out().progress("restoring", done, total); }));
  call.out().note(
      format("{} is restored as of {}: {} files", call.text("--data"), manifest.time, manifest.files.size()));
  return 0;
}

}  // namespace

std::vector<Command> commands() {
  return {
      {.name = "backup",
       .summary = "Copy the whole mesh to a folder, while it serves",
       .description = "The folder is made, on the machine of the server. It holds the database, the lake's files and a "
                      "manifest with\n"
                      "their SHA-256; tokens are in it as hashes only.\n\n  weft backup /backups/2026-01-31",
       .options = {{.name = "FOLDER", .value = "DIR", .summary = "New or empty", .is_required = true}},
       .run = back_up},
      {.name = "restore",
       .summary = "Put a backup back where it came from",
       .description =
           "Checks every file first. The mesh folder must be absent or empty, and no server may run on it.\n\n"
           "  weft --data /srv/mesh restore /backups/2026-01-31",
       .options =
           {{.name = "BACKUP", .value = "DIR", .summary = "A folder that weft backup made", .is_required = true}},
       .run = put_back},
  };
}

}  // namespace weft::backup
