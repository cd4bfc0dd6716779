#include "product/audit/audit.h"

#include "base/json.h"
#include "product/audit/chain.h"

namespace weft::audit {
namespace {

constexpr std::string_view kHead = "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1";
constexpr std::string_view kInsert =
    "INSERT INTO audit (sequence, time, actor, action, subject, outcome, request_id, details, hash) VALUES (?1, ?2, "
    "?3, ?4, ?5, ?6, ?7, ?8, ?9)";

}  // namespace

Audit::Audit(store::Store& store, Clock& clock) : store_(store), clock_(clock) {}

Result<> Audit::append(store::Session& session, const Record& record) {
  // The head is read where it is written: one writer, so the chain has no forks, and an undone record leaves no gap.
  const auto head =
      TRY(session.first(kHead, {}, [](const store::Row& row) { return std::make_pair(row.integer(0), row.text(1)); }));
  Link link{.sequence = head ? head->first + 1 : 1,
            .time = micros(clock_.now()),
            .actor = record.actor,
            .action = record.action,
            .subject = record.subject,
            .outcome = record.outcome,
            .request_id = record.request_id,
            .details = json::write_canonical(json::Value(record.details)),
            .hash = {}};
  link.hash = hash_of(head ? std::string_view(head->second) : kGenesis, link);
  TRY(session.run(kInsert, {link.sequence, link.time, link.actor, link.action, link.subject, link.outcome,
                            link.request_id, link.details, link.hash}));
  return {};
}

Result<> Audit::append(const Record& record, store::Durability durability) {
  return store_.write([&](store::Session& session) { return append(session, record); }, durability);
}

}  // namespace weft::audit
