#include "product/audit/chain.h"

#include <gtest/gtest.h>

namespace weft::audit {
namespace {

std::vector<Link> chain(int length) {
  std::vector<Link> links;
  std::string head(kGenesis);
  for (int i = 1; i <= length; ++i) {
    Link link{.sequence = i,
              .time = i * 10,
              .actor = "ada",
              .action = "query.access",
              .subject = "s",
              .outcome = "allowed",
              .request_id = "r",
              .details = "{}",
              .hash = {}};
    link.hash = hash_of(head, link);
    head = link.hash;
    links.push_back(link);
  }
  return links;
}

std::string first_problem(const std::vector<Link>& links) {
  Verifier verifier;
  for (const Link& link : links) {
    if (auto problem = verifier.next(link)) return *problem;
  }
  return "";
}

TEST(AuditChain, AWholeChainVerifies) { EXPECT_EQ(first_problem(chain(50)), ""); }

TEST(AuditChain, AnEditOfAnyPartIsFound) {
  for (int part = 0; part < 7; ++part) {
    auto links = chain(9);
    Link& link = links[4];
    std::string* texts[] = {&link.actor, &link.action, &link.subject, &link.outcome, &link.request_id, &link.details};
    if (part < 6)
      *texts[part] += "x";
    else
      link.time += 1;
    EXPECT_EQ(first_problem(links), "record 5 was changed, or those before it were");
  }
}

TEST(AuditChain, GapsAndReorderingAreFound) {
  auto gap = chain(9);
  gap.erase(gap.begin() + 3);
  EXPECT_EQ(first_problem(gap), "records 4 to 4 are missing");
  auto swapped = chain(9);
  std::swap(swapped[3], swapped[4]);
  EXPECT_EQ(first_problem(swapped), "records 4 to 4 are missing");
}

TEST(AuditChain, ARecordRehashedAloneBreaksTheNext) {
  auto links = chain(9);
  links[4].actor = "eve";
  links[4].hash = hash_of(links[3].hash, links[4]);
  EXPECT_EQ(first_problem(links), "record 6 was changed, or those before it were");
}

}  // namespace
}  // namespace weft::audit
