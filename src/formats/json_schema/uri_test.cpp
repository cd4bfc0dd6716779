#include "formats/json_schema/uri.h"

#include <gtest/gtest.h>

namespace weft::json_schema {
namespace {

TEST(JsonSchemaUri, ReferencesAreResolvedAsTheStandardHasIt) {
  const char* base = "http://a/b/c/d;p?q";
  const std::pair<const char*, const char*> cases[] = {{"g:h", "g:h"},
                                                       {"g", "http://a/b/c/g"},
                                                       {"./g", "http://a/b/c/g"},
                                                       {"g/", "http://a/b/c/g/"},
                                                       {"/g", "http://a/g"},
                                                       {"//g", "http://g"},
                                                       {"?y", "http://a/b/c/d;p?y"},
                                                       {"g?y", "http://a/b/c/g?y"},
                                                       {"#s", "http://a/b/c/d;p?q#s"},
                                                       {"g#s", "http://a/b/c/g#s"},
                                                       {"", "http://a/b/c/d;p?q"},
                                                       {".", "http://a/b/c/"},
                                                       {"..", "http://a/b/"},
                                                       {"../g", "http://a/b/g"},
                                                       {"../../g", "http://a/g"},
                                                       {"../../../g", "http://a/g"},
                                                       {"/./g", "http://a/g"},
                                                       {"/../g", "http://a/g"},
                                                       {"g.", "http://a/b/c/g."},
                                                       {"./../g", "http://a/b/g"},
                                                       {"g/./h", "http://a/b/c/g/h"},
                                                       {"g;x=1/../y", "http://a/b/c/y"},
                                                       {"g#s/../x", "http://a/b/c/g#s/../x"}};
  for (const auto& [reference, wanted] : cases) EXPECT_EQ(resolve_uri(base, reference), wanted) << reference;
}

TEST(JsonSchemaUri, BasesNeedNotBeWhole) {
  EXPECT_EQ(resolve_uri("", "a.json"), "a.json");
  EXPECT_EQ(resolve_uri("", "#x"), "#x");
  EXPECT_EQ(resolve_uri("dir/a.json", "b.json#/x"), "dir/b.json#/x");
  EXPECT_EQ(resolve_uri("urn:uuid:1-2", "#x"), "urn:uuid:1-2#x");
  EXPECT_EQ(resolve_uri("urn:uuid:1-2#y", ""), "urn:uuid:1-2");
  EXPECT_EQ(resolve_uri("http://a", "b"), "http://a/b");
  EXPECT_EQ(resolve_uri("http://a/b", "urn:x:y"), "urn:x:y");
}

}  // namespace
}  // namespace weft::json_schema
