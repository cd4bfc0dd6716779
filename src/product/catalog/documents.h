#pragma once

#include <map>
#include <string>
#include <vector>

#include "formats/yaml/yaml.h"
#include "product/catalog/catalog.h"

namespace weft::catalog {

// One declared thing as it was handed in or as the store keeps it.
struct Declared {
  std::string key;  // "Domain/aviation", "DataContract/c-flights", "Grant/insights→aviation.flights:reader".
  std::string kind;
  std::string name;    // As people call it.
  std::string domain;  // Whose it is; empty: mesh-wide.
  std::string source;  // "git:main", "api".
  std::string file;
  int line = 0;
  std::string text;  // Byte for byte.
  json::Value value;
  std::map<std::string, yaml::Place, std::less<>> places;  // Empty for documents from the store.
};

// Documents of the files with their keys; problems of reading and of each document by itself.
struct ReadFiles {
  std::vector<Declared> documents;
  std::vector<Problem> problems;
};
ReadFiles read_files(const std::vector<SourceFile>& files, const std::string& source);

// The mesh that the documents declare together, and what is wrong between them. Pure.
struct Built {
  mesh::MeshState mesh;
  std::vector<Problem> problems;
};
Built build_mesh(const std::vector<Declared>& documents);

// A problem at a pointer of a document, or at its nearest ancestor that has a place.
Problem problem_at(const Declared& document, std::string_view pointer, std::string code, std::string message);
void sort_problems(std::vector<Problem>& problems);

}  // namespace weft::catalog
