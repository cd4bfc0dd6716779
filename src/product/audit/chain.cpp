#include "product/audit/chain.h"

#include "base/crypto.h"
#include "base/json.h"

namespace weft::audit {

std::string hash_of(std::string_view previous, const Link& link) {
  std::string text = "[";
  json::write_text_to(text, previous);
  text += format(",{},{}", link.sequence, link.time);
  for (const std::string* part :
       {&link.actor, &link.action, &link.subject, &link.outcome, &link.request_id, &link.details}) {
    text += ',';
    json::write_text_to(text, *part);
  }
  return crypto::to_hex(crypto::sha256(text + "]"));
}

std::optional<std::string> Verifier::next(const Link& link) {
  if (link.sequence != count_ + 1) {
    return link.sequence > count_ + 1
               ? format("records {} to {} are missing", count_ + 1, link.sequence - 1)
               : format("record {} stands where {} should: the order was changed", link.sequence, count_ + 1);
  }
  if (hash_of(head_, link) != link.hash) return format("record {} was changed, or those before it were", link.sequence);
  head_ = link.hash;
  ++count_;
  return std::nullopt;
}

}  // namespace weft::audit
