#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "app/command.h"
#include "server/node/node.h"

namespace weft::cli {

// The API in process: the same router, no socket. Acts as the local administrator, or as `as`.
class LocalApi final : public Api {
 public:
  static Result<std::unique_ptr<Api>> open(const std::filesystem::path& data, std::string as,
                                           std::stop_token interrupted);
  Result<Response> send(Call call, ByteSink* sink) override;

 private:
  LocalApi(std::unique_ptr<server::Node> node, Principal principal, std::stop_token interrupted);
  std::unique_ptr<server::Node> node_;
  Principal principal_;
  std::stop_token interrupted_;
};

}  // namespace weft::cli
