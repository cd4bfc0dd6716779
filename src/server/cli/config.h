#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weft::cli {

// One setting of the server: in the YAML file by `key`, in the environment as WEFT_<KEY>, as the flag --<key>.
struct Setting {
  std::string_view key;
  std::string_view otherwise;
  std::string_view value;  // What the value is called in help; empty: a flag.
  std::string_view summary;
  std::string environment() const;  // "audit-sync" → WEFT_AUDIT_SYNC.
};

// The one table: help, docs and look-up come from it.
const std::vector<Setting>& settings_table();

// Flags win over the environment, the environment over the file. invalid "config.unknown_key", "config.value".
class Config {
 public:
  static Result<Config> load(const std::string& file, std::map<std::string, std::string> flags);
  std::string text(std::string_view key) const;
  bool is_on(std::string_view key) const;
  Result<std::int64_t> integer(std::string_view key, std::int64_t low, std::int64_t high) const;
  Result<std::uint64_t> bytes(std::string_view key) const;  // "512MB", "2GiB", "0".

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

// The client's side: url and token from WEFT_URL, WEFT_TOKEN, or ~/.config/weft/client.yaml (which must not be readable
// by others).
struct ClientConfig {
  std::string url;
  std::string token;
  std::string ca_file;
};
Result<ClientConfig> client_config();

}  // namespace weft::cli
