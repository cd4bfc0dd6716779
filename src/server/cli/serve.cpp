#include "server/cli/serve.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/log.h"
#include "server/cli/config.h"
#include "server/http/http_door.h"
#include "server/node/node.h"

namespace weft::cli {
namespace {

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address == "localhost";
}

Result<Config> config_of(Invocation& call) {
  std::map<std::string, std::string> flags;
  for (const Setting& setting : settings_table()) {
    const std::string flag = "--" + std::string(setting.key);
    if (call.has(flag)) flags[std::string(setting.key)] = call.text(flag);
  }
  return Config::load(call.text("--config"), std::move(flags));
}

Result<> check_exposure(const Config& config) {
  const std::string address = config.text("address");
  if (is_loopback(address)) return {};
  if (config.is_on("dev"))
    return fail(ErrorKind::invalid, "serve.dev",
                "--dev lets anybody act as administrator: it works on loopback addresses only, not on {}", address);
  if (config.text("tls-cert").empty() && !config.is_on("insecure-http")) {
    return fail(
        ErrorKind::invalid, "serve.plain_http",
        "{} is reachable by others: give --tls-cert and --tls-key, or --insecure-http behind a proxy that ends TLS",
        address);
  }
  return {};
}

Result<> configure_log(const Config& config) {
  const std::string form = config.text("log-format"), level = config.text("log-level");
  static const std::map<std::string, log::Level> kLevels = {{"debug", log::Level::debug},
                                                            {"info", log::Level::info},
                                                            {"warning", log::Level::warning},
                                                            {"error", log::Level::error}};
  if (form != "text" && form != "json")
    return fail(ErrorKind::invalid, "config.value", "log-format is {}, it must be text or json", form);
  if (!kLevels.contains(level))
    return fail(ErrorKind::invalid, "config.value", "log-level is {}, it must be debug, info, warning or error", level);
  log::configure(kLevels.at(level), form == "json" ? log::Form::json : log::Form::text);
  return {};
}

Result<server::NodeOptions> node_options(const Config& config, std::string_view data) {
  server::NodeOptions options;
  options.settings.data = data;
  options.settings.is_dev = config.is_on("dev");
  options.settings.audit_sync = config.text("audit-sync");
  if (options.settings.audit_sync != "interval" && options.settings.audit_sync != "always") {
    return fail(ErrorKind::invalid, "config.value", "audit-sync is {}, it must be interval or always",
                options.settings.audit_sync);
  }
  options.settings.memory_bytes = TRY(config.bytes("memory"));
  options.settings.upload_bytes_max = TRY(config.bytes("upload-max"));
  options.settings.workers = static_cast<int>(TRY(config.integer("workers", 0, 256)));
  options.settings.query_timeout = std::chrono::seconds(TRY(config.integer("query-timeout", 1, 86'400)));
  return options;
}

// Readable by the owner alone, from its first byte on.
Result<> write_token(const std::filesystem::path& file, const std::string& token) {
  const Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  const std::string line = token + "\n";
  if (!fd || ::write(fd.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    return fail(ErrorKind::unavailable, "serve.token_file", "{} cannot be written", file.string());
  }
  return {};
}

Result<> greet(Invocation& call, server::Node& node, const server::HttpDoor& door, const server::NodeOptions& options) {
  if (const auto token = TRY(node.first_run_token())) {
    const auto file = options.settings.data / "admin.token";
    TRY(write_token(file, *token));
    call.out().note(format("The administrator's token, shown once and kept in {}:\n\n  {}\n", file.string(), *token));
  }
  if (options.settings.is_dev) {
    call.out().note(
        "WARNING: --dev: callers without a token act as ADMINISTRATOR. Never use it with data that matters.");
  }
  call.out().note(format("Weft {} serves {} on {}", WEFT_VERSION, options.settings.data.string(), door.url()));
  return {};
}

}  // namespace

Result<int> serve(Invocation& call) {
  Config config = TRY(config_of(call));
  TRY(configure_log(config));
  TRY(check_exposure(config));
  const server::NodeOptions options =
      TRY(node_options(config, call.has("--data") ? call.text("--data") : config.text("data")));
  auto node = TRY(server::Node::open(options));
  server::HttpDoorOptions door_options;
  door_options.address = config.text("address");
  door_options.port = static_cast<int>(TRY(config.integer("port", 0, 65'535)));
  door_options.tls_certificate_file = config.text("tls-cert");
  door_options.tls_key_file = config.text("tls-key");
  door_options.upload_bytes_max = options.settings.upload_bytes_max;
  std::atomic<bool> is_ready{false};
  auto door = TRY(server::HttpDoor::open(door_options, node->router(), node->metrics(), node->clock(),
                                         [&] { return is_ready.load(); }));
  std::unique_ptr<server::HttpDoor> registry_door;
  if (!config.text("registry-port").empty()) {
    door_options.port = static_cast<int>(TRY(config.integer("registry-port", 0, 65'535)));
    door_options.path_prefix = "/registry";
    registry_door = TRY(server::HttpDoor::open(door_options, node->router(), node->metrics(), node->clock(),
                                               [&] { return is_ready.load(); }));
    call.out().note(format("The schema registry alone is served at {}", registry_door->url()));
  }
  TRY(node->store().announce(door->url()));
  node->app().engine().warm();
  node->start_jobs();
  TRY(greet(call, *node, *door, options));
  is_ready = true;
  std::mutex mutex;
  std::condition_variable_any wake;
  {
    std::unique_lock lock(mutex);
    wake.wait(lock, call.interrupted(), [] { return false; });
  }
  is_ready = false;
  LOG(info, "draining: running requests may finish");
  const std::chrono::seconds drain_max(TRY(config.integer("drain-timeout", 0, 3600)));
  door->drain(drain_max);
  if (registry_door) registry_door->drain(drain_max);
  node->drain();
  return 0;
}

}  // namespace weft::cli
