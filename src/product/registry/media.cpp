#include "product/registry/media.h"

#include <charconv>

#include "base/json.h"
#include "base/text.h"

namespace weft::registry {

std::string_view media_type(const Request& request) {
  static constexpr std::string_view kTypes[] = {kMediaType, "application/vnd.schemaregistry+json", "application/json"};
  const auto accept = request.headers.get("accept");
  if (!accept) return kMediaType;
  std::string_view best = kMediaType;
  double best_quality = 0;
  for (const std::string_view item : text::split(*accept, ',')) {
    const auto parameters = item.find(';');
    const std::string_view name = text::trim(item.substr(0, parameters));
    double quality = 1;
    if (const auto q = item.find("q="); q != std::string_view::npos && parameters != std::string_view::npos)
      std::from_chars(item.data() + q + 2, item.data() + item.size(), quality);
    for (const std::string_view type : kTypes) {
      if (text::iequals(name, type) && quality > best_quality) {
        best = type;
        best_quality = quality;
      }
    }
  }
  return best;
}

Response answer(const Request& request, const json::Value& value) {
  Response response;
  response.headers.add("Content-Type", std::string(media_type(request)));
  response.body = json::write(value);
  return response;
}

}  // namespace weft::registry
