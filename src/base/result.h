#pragma once

#include <expected>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "base/format.h"

namespace weft {

template <class T = void>
using Result = std::expected<T, Error>;

// An error to return: `return fail(ErrorKind::not_found, "product.unknown", "no product {}", name);`
template <class... Args>
std::unexpected<Error> fail(ErrorKind kind, std::string_view code, fmt::format_string<Args...> text, Args&&... args) {
  return std::unexpected(Error{.kind = kind,
                               .code = std::string(code),
                               .message = fmt::format(text, std::forward<Args>(args)...),
                               .details = {}});
}

inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

namespace detail {
template <class T>
T take(std::expected<T, Error>&& result) {
  return std::move(*result);
}
inline void take(std::expected<void, Error>&&) {}
}  // namespace detail

}  // namespace weft

// The value of a Result, or a return of its error from the enclosing function. Never beside co_await: GCC 12 breaks.
// Each use has a variable of its own name, so that one TRY may stand in another's argument.
#define TRY(...) TRY_NAMED(TRY_JOIN(try_result_, __COUNTER__), __VA_ARGS__)
#define TRY_JOIN(a, b) TRY_JOIN_EXPANDED(a, b)
#define TRY_JOIN_EXPANDED(a, b) a##b
#define TRY_NAMED(name, ...)                           \
  ({                                                   \
    auto name = (__VA_ARGS__);                         \
    if (!name) [[unlikely]]                            \
      return std::unexpected(std::move(name).error()); \
    ::weft::detail::take(std::move(name));             \
  })
