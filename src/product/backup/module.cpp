#include "app/module.h"

#include "product/audit/audit.h"
#include "product/backup/backup.h"
#include "product/backup/commands.h"
#include "product/lake/lake.h"

namespace weft::backup {
namespace {

Answer back_up(App& app, Request& request) {
  const json::Value body = TRY(request.json());
  const std::filesystem::path folder(std::string(body["folder"].text_or("")));
  if (!folder.is_absolute())
    return fail(ErrorKind::invalid, "backup.folder", "`folder` is an absolute path on the server's machine");
  const auto data = std::filesystem::absolute(app.settings().data).lexically_normal();
  const auto inside = folder.lexically_normal().lexically_relative(data);
  if (!inside.empty() && !inside.string().starts_with("..")) {
    return fail(ErrorKind::invalid, "backup.folder", "{} lies in the mesh's own folder: name one outside of it",
                folder.string());
  }
  const auto kept = app.use<lake::Lake>().keep_files();
  const Manifest manifest = TRY(make_backup(app.store(), app.objects(), data, folder, app.clock().now()));
  std::uint64_t bytes = 0;
  for (const FileEntry& file : manifest.files) bytes += file.size;
  TRY(app.use<audit::Audit>().append({.actor = request.principal.name,
                                      .action = "backup.create",
                                      .subject = folder.string(),
                                      .outcome = "committed",
                                      .request_id = request.request_id,
                                      .details = {{"files", manifest.files.size()}, {"bytes", bytes}}}));
  return Response::json(
      json::Object{
          {"folder", folder.string()}, {"time", manifest.time}, {"files", manifest.files.size()}, {"bytes", bytes}},
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
       .request_schema = R"({"type":"object","required":["folder"],"properties":{"folder":{"type":"string"}}})",
       .response_schema =
           R"({"type":"object","properties":{"folder":{"type":"string"},"time":{"type":"string"},"files":{"type":"integer"},"bytes":{"type":"integer"}}})"});
  return {};
}

}  // namespace

extern const Module kModule;
const Module kModule{.name = "backup", .migrations = {}, .install = install, .commands = commands};

}  // namespace weft::backup
