#include "product/ingest/state.h"

namespace weft::ingest {
namespace {

constexpr std::string_view kFind =
    "SELECT sha256, contract_version, status, answer FROM publish_keys WHERE principal = ?1 AND port = ?2 AND key = ?3 "
    "AND time > ?4";
constexpr std::string_view kKeep =
    "INSERT OR REPLACE INTO publish_keys (principal, port, key, time, sha256, contract_version, status, answer) VALUES "
    "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

}  // namespace

std::string key_scope(const Wish& wish) {
  return wish.key.empty() ? std::string() : wish.principal.name + "\n" + to_string(wish.port) + "\n" + wish.key;
}

Result<std::optional<Remembered>> remembered(Ingest::State& state, const Wish& wish, const std::string& sha256,
                                             std::string_view contract_version) {
  if (wish.key.empty()) return std::optional<Remembered>();
  struct Row {
    std::string sha256, contract_version, status, answer;
  };
  const Time oldest = state.clock.now() - kKeyKept;
  const auto row = TRY(state.store.read_value<std::optional<Row>>([&](store::Session& session) {
    return session.first(
        kFind, {wish.principal.name, to_string(wish.port), wish.key, micros(oldest)},
        [](const store::Row& each) { return Row{each.text(0), each.text(1), each.text(2), each.text(3)}; });
  }));
  if (!row) return std::optional<Remembered>();
  if (row->sha256 != sha256) {
    return fail(ErrorKind::conflict, "publish.key_conflict",
                "the idempotency key {} was used for other bytes; use a new key for new data", wish.key);
  }
  // A refusal stands for the contract that refused.
  if (row->status != "committed" && row->contract_version != contract_version) return std::optional<Remembered>();
  return std::optional(Remembered{row->status, row->answer});
}

Result<> remember(store::Session& session, const Wish& wish, const std::string& sha256,
                  std::string_view contract_version, std::string_view status, const std::string& answer, Time now) {
  TRY(session.run(kKeep, {wish.principal.name, to_string(wish.port), wish.key, micros(now), sha256, contract_version,
                          status, answer}));
  return {};
}

}  // namespace weft::ingest
