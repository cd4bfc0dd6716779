#pragma once

#include <vector>

#include "product/registry/media.h"
#include "product/registry/registry.h"

// What the registry's routes read from requests and write into answers.
namespace weft::registry {

// The context that the path names; the default one.
Result<std::string> context_of(const Request& request);
// The subject of the path; its name may be empty where a context has settings of its own.
Result<Subject> subject_of(const Request& request);
Actor actor_of(const Request& request);

// `true` in any case is true; everything else is false, as the API's servers have it.
bool flag(const Request& request, std::string_view name);
Deleted deleted_of(const Request& request);
// 1…2^31-1, or -1 for "latest" and "-1"; 42202.
Result<int> version_of(std::string_view text);

// The body as JSON: 400 when it is none, 422 when it is no object.
Result<json::Value> body_of(const Request& request);
Result<Proposal> proposal_of(const Request& request);

// What `offset` and `limit` leave of a list.
template <class T>
std::vector<T> page_of_list(const Request& request, std::vector<T> all);

json::Object entry_to_json(const Entry& entry);
// With the text as `format` asks for it.
Result<json::Object> entry_answer(const Request& request, const Registry& registry, const Entry& entry);
Result<std::string> text_answer(const Request& request, const Registry& registry, const std::string& context,
                                const SchemaText& schema);
json::Array to_array(const std::vector<int>& numbers);

std::pair<std::size_t, std::size_t> page_bounds(const Request& request, std::size_t size);

template <class T>
std::vector<T> page_of_list(const Request& request, std::vector<T> all) {
  const auto [begin, end] = page_bounds(request, all.size());
  return {std::make_move_iterator(all.begin() + static_cast<std::ptrdiff_t>(begin)),
          std::make_move_iterator(all.begin() + static_cast<std::ptrdiff_t>(end))};
}

}  // namespace weft::registry
