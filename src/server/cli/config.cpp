#include "server/cli/config.h"

#include <sys/stat.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "formats/yaml/yaml.h"

namespace weft::cli {
namespace {

std::string from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::string() : std::string(value);
}

Result<std::string> read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorKind::not_found, "config.file", "the configuration file {} cannot be read", file.string());
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

// A flat YAML mapping of scalars.
Result<std::map<std::string, std::string, std::less<>>> read_flat(const std::filesystem::path& file) {
  std::map<std::string, std::string, std::less<>> values;
  const std::string text = TRY(read_text(file));
  const yaml::Stream stream = yaml::read(text);
  if (!stream.problems.empty()) {
    const auto& problem = stream.problems.front();
    return fail(ErrorKind::invalid, "config.file", "{}:{}:{} {}", file.string(), problem.place.line,
                problem.place.column, problem.message);
  }
  for (const auto& document : stream.documents) {
    if (document.value.is_null()) continue;
    if (!document.value.is_object())
      return fail(ErrorKind::invalid, "config.file", "{} is no mapping of keys to values", file.string());
    for (const auto& [key, value] : document.value.object()) {
      if (value.is_text()) {
        values[key] = value.text();
      } else if (value.is_integer()) {
        values[key] = std::to_string(value.integer());
      } else if (value.is_boolean()) {
        values[key] = value.boolean() ? "true" : "false";
      } else {
        return fail(ErrorKind::invalid, "config.value", "{}: {} is no text, whole number or boolean", file.string(),
                    key);
      }
    }
  }
  return values;
}

}  // namespace

std::string Setting::environment() const {
  std::string name = "WEFT_";
  for (const char c : key) name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

const std::vector<Setting>& settings_table() {
  static const std::vector<Setting> kTable = {
      {"data", ".weft", "DIR", "Folder of the mesh: its database, lake and staging"},
      {"address", "127.0.0.1", "ADDRESS", "Address to listen on; other than loopback needs TLS or --insecure-http"},
      {"port", "7400", "PORT", "Port to listen on; 0 takes a free one"},
      {"registry-port", "", "PORT", "A second port for the schema registry alone, its API at the root; empty: none"},
      {"tls-cert", "", "FILE", "Certificate chain in PEM; with tls-key the server speaks HTTPS"},
      {"tls-key", "", "FILE", "Private key in PEM"},
      {"insecure-http", "false", "", "Allow plain HTTP beyond loopback, behind a proxy that ends TLS"},
      {"dev", "false", "", "Callers without a token act as administrator; loopback only"},
      {"audit-sync", "interval", "MODE",
       "interval: read records are durable within 100 ms; always: before the first byte"},
      {"workers", "0", "N", "Engine workers at most; 0: by cores"},
      {"memory", "0", "BYTES", "Memory of all engine workers together, like 4GB; 0: 60 % of the machine"},
      {"query-timeout", "300", "SECONDS", "Longest run of one query or publish"},
      {"upload-max", "64GB", "BYTES", "Largest body of one publish"},
      {"drain-timeout", "30", "SECONDS", "How long running requests may finish after SIGTERM"},
      {"log-format", "text", "FORMAT", "text or json"},
      {"log-level", "info", "LEVEL", "debug, info, warning or error"},
  };
  return kTable;
}

Result<Config> Config::load(const std::string& file, std::map<std::string, std::string> flags) {
  Config config;
  std::vector<std::string> known;
  for (const Setting& setting : settings_table()) {
    known.emplace_back(setting.key);
    config.values_[std::string(setting.key)] = setting.otherwise;
  }
  if (!file.empty()) {
    for (auto& [key, value] : TRY(read_flat(file))) {
      if (!config.values_.contains(key)) {
        return fail(ErrorKind::invalid, "config.unknown_key", "{}: there is no setting {}{}", file, key,
                    text::did_you_mean(key, known));
      }
      config.values_[key] = value;
    }
  }
  for (const Setting& setting : settings_table()) {
    if (auto value = from_environment(setting.environment()); !value.empty())
      config.values_[std::string(setting.key)] = std::move(value);
  }
  for (auto& [key, value] : flags) config.values_[key] = std::move(value);
  return config;
}

std::string Config::text(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? std::string() : found->second;
}

bool Config::is_on(std::string_view key) const {
  const std::string value = text(key);
  return value == "true" || value == "1" || value == "yes";
}

Result<std::int64_t> Config::integer(std::string_view key, std::int64_t low, std::int64_t high) const {
  const auto value = text::parse_integer(text(key));
  if (!value || *value < low || *value > high) {
    return fail(ErrorKind::invalid, "config.value", "{} is {}, it must be a whole number from {} to {}", key, text(key),
                low, high);
  }
  return *value;
}

Result<std::uint64_t> Config::bytes(std::string_view key) const {
  const std::string value = text(key);
  std::size_t digits = 0;
  while (digits < value.size() && value[digits] >= '0' && value[digits] <= '9') ++digits;
  const auto number = text::parse_integer(std::string_view(value).substr(0, digits));
  const std::string unit = text::lower(text::trim(std::string_view(value).substr(digits)));
  static const std::map<std::string, std::uint64_t> kUnits = {{"", 1},
                                                              {"b", 1},
                                                              {"kb", 1000},
                                                              {"mb", 1000'000},
                                                              {"gb", 1000'000'000},
                                                              {"tb", 1000'000'000'000},
                                                              {"kib", 1ULL << 10},
                                                              {"mib", 1ULL << 20},
                                                              {"gib", 1ULL << 30},
                                                              {"tib", 1ULL << 40}};
  const auto factor = kUnits.find(unit);
  if (!number || factor == kUnits.end() || *number > 1'000'000'000) {
    return fail(ErrorKind::invalid, "config.value", "{} is {}, it must be a size like 512MB or 4GiB", key, value);
  }
  return static_cast<std::uint64_t>(*number) * factor->second;
}

Result<ClientConfig> client_config() {
  ClientConfig config{.url = {}, .token = from_environment("WEFT_TOKEN"), .ca_file = from_environment("WEFT_CA_FILE")};
  config.url = from_environment("WEFT_URL");
  const std::string home = from_environment("HOME");
  const std::string folder =
      from_environment("XDG_CONFIG_HOME").empty() ? home + "/.config" : from_environment("XDG_CONFIG_HOME");
  const std::filesystem::path file = std::filesystem::path(folder) / "weft" / "client.yaml";
  struct stat facts{};
  if (::stat(file.c_str(), &facts) != 0) return config;
  if ((facts.st_mode & 077) != 0) {
    return fail(ErrorKind::denied, "config.permissions", "{} can be read by others and may hold a token: chmod 600 it",
                file.string());
  }
  for (auto& [key, value] : TRY(read_flat(file))) {
    if (key == "token") {
      if (config.token.empty()) config.token = value;
    } else if (key == "url") {
      if (config.url.empty()) config.url = value;
    } else if (key == "ca_file") {
      if (config.ca_file.empty()) config.ca_file = value;
    } else {
      return fail(ErrorKind::invalid, "config.unknown_key", "{}: there is no key {}; it takes url, token and ca_file",
                  file.string(), key);
    }
  }
  return config;
}

}  // namespace weft::cli
