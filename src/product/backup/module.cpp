#include "app/module.h"

#include "base/text.h"
#include "product/audit/audit.h"
#include "product/backup/backup.h"
#include "product/backup/commands.h"
#include "product/backup/files.h"
#include "product/lake/lake.h"

namespace weft::backup {
namespace {

// What the tables' current snapshots consist of, as far as this tells of files: metadata and data.
Result<std::vector<std::string>> needed_keys(App& app) {
  std::vector<mesh::PortName> ports;
  std::vector<std::string> keys;
  TRY(app.store().read([&](store::Session& session) {
    return session.each("SELECT port, location FROM lake_tables", {}, [&](const store::Row& row) -> Result<> {
      const std::string name = row.text(0);
      const auto parts = text::split(name, '.');
      if (parts.size() == 3) ports.push_back({std::string(parts[0]), std::string(parts[1]), std::string(parts[2])});
      keys.push_back(TRY(app.objects().key_of(row.text(1))));
      return {};
    });
  }));
  auto& lake = app.use<lake::Lake>();
  for (const mesh::PortName& port : ports) {
    const auto table = lake.table(port);
    if (!table && table.error().kind == ErrorKind::not_found) continue;  // Its port is gone; its pointer stays.
    for (const iceberg::DataFile& file : TRY(lake.files(*TRY(table), {})))
      keys.push_back(TRY(app.objects().key_of(file.path)));
  }
  return keys;
}

Answer back_up(App& app, Request& request) {
  const json::Value body = TRY(request.json());
  const std::filesystem::path folder(std::string(body["folder"].text_or("")));
  if (!folder.is_absolute() || folder.string().find('\0') != std::string::npos)
    return fail(ErrorKind::invalid, "backup.folder", "`folder` is an absolute path on the server's machine");
  const auto target = place_of(folder);
  const auto inside = target.lexically_relative(app.objects().root()).string();
  if (inside == "." || (!inside.empty() && !inside.starts_with(".."))) {
    return fail(ErrorKind::invalid, "backup.folder", "{} lies in the mesh's own folder: name one outside of it",
                target.string());
  }
  const auto kept = app.use<lake::Lake>().keep_files();
  const Manifest manifest = TRY(make_backup(
      app.store(), app.objects(),
      {.target = target, .now = app.clock().now(), .needed = TRY(needed_keys(app)), .cancelled = request.cancelled}));
  std::uint64_t bytes = 0;
  for (const FileEntry& file : manifest.files) bytes += file.size;
  TRY(app.use<audit::Audit>().append({.actor = request.principal.name,
                                      .action = "backup.create",
                                      .subject = target.string(),
                                      .outcome = "committed",
                                      .request_id = request.request_id,
                                      .details = {{"files", manifest.files.size()}, {"bytes", bytes}}}));
  return Response::json(
      json::Object{
          {"folder", target.string()}, {"time", manifest.time}, {"files", manifest.files.size()}, {"bytes", bytes}},
      201);
}

Result<> install(App& app) {
  app.route(
      {.method = "POST",
       .path = "/v1/backups",
       .access = Access::administrator,
       .summary = "Copies the whole mesh to a folder of the server's machine",
       .handler = [&app](Request& request) { return back_up(app, request); },
       .lane = Lane::heavy,
       .request_schema =
           R"({"type":"object","required":["folder"],"additionalProperties":false,"properties":{"folder":{"type":"string","pattern":"^/"}}})",
       .response_schema =
           R"({"type":"object","properties":{"folder":{"type":"string"},"time":{"type":"string"},"files":{"type":"integer"},"bytes":{"type":"integer"}}})",
       .status = 201});
  return {};
}

}  // namespace

extern const Module kModule;
const Module kModule{.name = "backup", .migrations = {}, .install = install, .commands = commands};

}  // namespace weft::backup
