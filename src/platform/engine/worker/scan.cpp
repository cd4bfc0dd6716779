#include "platform/engine/worker/scan.h"

#include "duckdb/catalog/catalog.hpp"
#include "duckdb/catalog/catalog_entry/table_function_catalog_entry.hpp"
#include "duckdb/common/multi_file/multi_file_list.hpp"
#include "duckdb/common/multi_file/multi_file_reader.hpp"
#include "duckdb/common/multi_file/multi_file_states.hpp"
#include "duckdb/common/table_column.hpp"
#include "duckdb/function/table_function.hpp"
#include "duckdb/main/connection.hpp"
#include "duckdb/main/database.hpp"
#include "duckdb/main/extension/extension_loader.hpp"
#include "duckdb/parser/expression/columnref_expression.hpp"
#include "duckdb/parser/expression/comparison_expression.hpp"
#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/expression/function_expression.hpp"
#include "duckdb/parser/tableref/table_function_ref.hpp"
#include "duckdb/planner/filter/conjunction_filter.hpp"
#include "duckdb/planner/filter/constant_filter.hpp"
#include "duckdb/planner/filter/in_filter.hpp"
#include "duckdb/planner/filter/optional_filter.hpp"
#include "duckdb/planner/operator/logical_get.hpp"
#include "platform/engine/worker/analysis.h"
#include "platform/engine/worker/files.h"
#include "platform/engine/worker/types.h"

namespace weft::engine::worker {
namespace {

constexpr const char* kScan = "weft_scan";  // The engine's Parquet scan with our file list and schema.
constexpr const char* kRows = "weft_rows";  // Its JSON scan, put in for relations of rows.
constexpr const char* kRowsPrefix = "weft://rows/";

struct ScanInfo final : duckdb::TableFunctionInfo {
  explicit ScanInfo(ScanFiles& files) : files(files) {}
  ScanFiles& files;
};

// The files of one relation, known once control sent them.
class LateFileList final : public duckdb::MultiFileList {
 public:
  LateFileList(ScanFiles& files, int relation) : files_(files), relation(relation) {}
  duckdb::vector<duckdb::OpenFileInfo> GetAllFiles() const override {
    duckdb::vector<duckdb::OpenFileInfo> all;
    for (const std::string& path : files_.files(relation)) all.emplace_back(path);
    return all;
  }
  duckdb::FileExpandResult GetExpandResult() const override { return duckdb::FileExpandResult::MULTIPLE_FILES; }
  duckdb::idx_t GetTotalFileCount() const override { return files_.files(relation).size(); }
  duckdb::unique_ptr<duckdb::NodeStatistics> GetCardinality(duckdb::ClientContext&) const override {
    const Relation* known = files_.relation(relation);
    const auto rows = known == nullptr ? 0 : known->row_count;
    return duckdb::make_uniq<duckdb::NodeStatistics>(rows, rows);
  }
  // A plan that scans twice (late materialization) copies the list before the files are known.
  duckdb::unique_ptr<duckdb::MultiFileList> Copy() const override {
    return duckdb::make_uniq<LateFileList>(files_, relation);
  }

 protected:
  duckdb::OpenFileInfo GetFile(duckdb::idx_t index) const override {
    const auto& paths = files_.files(relation);
    return index < paths.size() ? duckdb::OpenFileInfo(paths[index]) : duckdb::OpenFileInfo();
  }

 private:
  ScanFiles& files_;

 public:
  const int relation;
};

duckdb::MultiFileColumnDefinition definition_of(const std::string& name, const duckdb::LogicalType& type,
                                                const json::Value& iceberg, int field_id) {
  duckdb::MultiFileColumnDefinition column(name, type);
  if (field_id > 0) column.identifier = duckdb::Value::INTEGER(field_id);
  column.default_expression = duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value(type));
  auto id = [](const json::Value& value) { return static_cast<int>(value.integer_or(0)); };
  switch (type.id()) {
    case duckdb::LogicalTypeId::STRUCT: {
      const auto& children = duckdb::StructType::GetChildTypes(type);
      for (duckdb::idx_t i = 0; i < children.size(); ++i) {
        const json::Value& field = iceberg["fields"].array()[i];
        column.children.push_back(definition_of(children[i].first, children[i].second, field["type"], id(field["id"])));
      }
      break;
    }
    case duckdb::LogicalTypeId::LIST:
      column.children.push_back(definition_of("element", duckdb::ListType::GetChildType(type), iceberg["element"],
                                              id(iceberg["element-id"])));
      break;
    case duckdb::LogicalTypeId::MAP:
      column.children.push_back(
          definition_of("key", duckdb::MapType::KeyType(type), iceberg["key"], id(iceberg["key-id"])));
      column.children.push_back(
          definition_of("value", duckdb::MapType::ValueType(type), iceberg["value"], id(iceberg["value-id"])));
      break;
    default:
      break;
  }
  return column;
}

// Binds to the schema that control sent, and maps each file's columns by their Iceberg field ids.
class SchemaReader final : public duckdb::MultiFileReader {
 public:
  explicit SchemaReader(ScanFiles& files) : files_(files) {}
  static duckdb::unique_ptr<duckdb::MultiFileReader> create(const duckdb::TableFunction& function) {
    return duckdb::make_uniq<SchemaReader>(function.function_info->Cast<ScanInfo>().files);
  }
  duckdb::vector<duckdb::string> ParsePaths(const duckdb::Value& input) override { return {input.ToString()}; }
  duckdb::shared_ptr<duckdb::MultiFileList> CreateFileList(duckdb::ClientContext&,
                                                           const duckdb::vector<duckdb::string>& paths,
                                                           const duckdb::FileGlobInput&) override {
    return duckdb::make_shared_ptr<LateFileList>(files_, std::stoi(paths.at(0)));
  }
  bool Bind(duckdb::MultiFileOptions&, duckdb::MultiFileList& files, duckdb::vector<duckdb::LogicalType>& types,
            duckdb::vector<duckdb::string>& names, duckdb::MultiFileReaderBindData& bind) override {
    const Relation* relation = files_.relation(static_cast<LateFileList&>(files).relation);
    if (relation == nullptr) throw duckdb::BinderException("weft_scan reads no relation of this number");
    for (const Column& column : relation->columns) {
      auto type = logical_type_of(column.type);
      if (!type) throw duckdb::BinderException("%s", type.error().message);
      names.push_back(column.name);
      types.push_back(*type);
      bind.schema.push_back(definition_of(column.name, *type, column.type, column.field_id));
    }
    bind.mapping = duckdb::MultiFileColumnMappingMode::BY_FIELD_ID;
    return true;
  }
  duckdb::unique_ptr<duckdb::MultiFileList> ComplexFilterPushdown(
      duckdb::ClientContext&, duckdb::MultiFileList&, const duckdb::MultiFileOptions&, duckdb::MultiFilePushdownInfo&,
      duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>&) override {
    return nullptr;
  }
  duckdb::unique_ptr<duckdb::MultiFileReader> Copy() const override { return duckdb::make_uniq<SchemaReader>(files_); }

 private:
  ScanFiles& files_;
};

// The scan's hidden columns are the engine's (count(*), fetching a row's other columns late) and have no name that a
// query could write; which file a row lies in is not the reader's business.
duckdb::virtual_column_map_t nameless_virtual_columns(duckdb::ClientContext&,
                                                      duckdb::optional_ptr<duckdb::FunctionData> data) {
  duckdb::virtual_column_map_t columns;
  columns.insert(
      std::make_pair(duckdb::COLUMN_IDENTIFIER_EMPTY, duckdb::TableColumn("", duckdb::LogicalType::BOOLEAN)));
  columns.insert(std::make_pair(duckdb::MultiFileReader::COLUMN_IDENTIFIER_FILE_INDEX,
                                duckdb::TableColumn("", duckdb::LogicalType::UBIGINT)));
  columns.insert(std::make_pair(duckdb::MultiFileReader::COLUMN_IDENTIFIER_FILE_ROW_NUMBER,
                                duckdb::TableColumn("", duckdb::LogicalType::BIGINT)));
  data->Cast<duckdb::MultiFileBindData>().virtual_columns = columns;
  return columns;
}

duckdb::unique_ptr<duckdb::ParsedExpression> named(const char* name, duckdb::Value value) {
  auto constant = duckdb::make_uniq<duckdb::ConstantExpression>(std::move(value));
  return duckdb::make_uniq<duckdb::ComparisonExpression>(
      duckdb::ExpressionType::COMPARE_EQUAL, duckdb::make_uniq<duckdb::ColumnRefExpression>(name), std::move(constant));
}

duckdb::unique_ptr<duckdb::TableRef> rows_scan(const Relation& relation, int index) {
  duckdb::child_list_t<duckdb::Value> columns;
  for (const Column& column : relation.columns) {
    auto type = logical_type_of(column.type);
    if (!type) throw duckdb::BinderException("%s", type.error().message);
    columns.emplace_back(column.name, duckdb::Value(type->ToString()));
  }
  duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>> arguments;
  arguments.push_back(
      duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value(kRowsPrefix + std::to_string(index))));
  arguments.push_back(named("columns", duckdb::Value::STRUCT(std::move(columns))));
  arguments.push_back(named("format", duckdb::Value("newline_delimited")));
  arguments.push_back(named("maximum_object_size", duckdb::Value::UINTEGER(8 << 20)));
  auto reference = duckdb::make_uniq<duckdb::TableFunctionRef>();
  reference->function = duckdb::make_uniq<duckdb::FunctionExpression>(kRows, std::move(arguments));
  return reference;
}

duckdb::unique_ptr<duckdb::TableRef> replace_scan(duckdb::ClientContext&, duckdb::TableFunctionBindInput& input) {
  auto& files = input.info->Cast<ScanInfo>().files;
  const int index = input.inputs.at(0).GetValue<std::int32_t>();
  const Relation* relation = files.relation(index);
  if (relation == nullptr) throw duckdb::BinderException("weft_scan reads no relation of the number %d", index);
  if (relation->kind == RelationKind::rows) return rows_scan(*relation, index);
  return nullptr;  // A table: the scan itself binds.
}

// A scan of the engine's own, to be changed and registered under another name.
duckdb::TableFunction function_of_engine(duckdb::DatabaseInstance& database, const char* name) {
  duckdb::Connection connection(database);
  connection.BeginTransaction();
  auto& entry = duckdb::Catalog::GetSystemCatalog(database).GetEntry<duckdb::TableFunctionCatalogEntry>(
      *connection.context, DEFAULT_SCHEMA, name);
  auto function = entry.functions.GetFunctionByArguments(*connection.context, {duckdb::LogicalType::VARCHAR});
  connection.Rollback();
  return function;
}

void add_predicates(const duckdb::TableFilter& filter, int field_id, std::vector<Predicate>& out);

void add_comparison(const duckdb::ConstantFilter& filter, int field_id, std::vector<Predicate>& out) {
  static const std::map<duckdb::ExpressionType, std::string> kOps = {
      {duckdb::ExpressionType::COMPARE_EQUAL, "eq"},
      {duckdb::ExpressionType::COMPARE_NOTEQUAL, "ne"},
      {duckdb::ExpressionType::COMPARE_LESSTHAN, "lt"},
      {duckdb::ExpressionType::COMPARE_LESSTHANOREQUALTO, "le"},
      {duckdb::ExpressionType::COMPARE_GREATERTHAN, "gt"},
      {duckdb::ExpressionType::COMPARE_GREATERTHANOREQUALTO, "ge"}};
  const auto op = kOps.find(filter.comparison_type);
  json::Value literal = single_value_of(filter.constant);
  if (op == kOps.end() || literal.is_null()) return;
  json::Array literals;
  literals.push_back(std::move(literal));
  out.push_back({.field_id = field_id, .op = op->second, .literals = std::move(literals)});
}

void add_predicates(const duckdb::TableFilter& filter, int field_id, std::vector<Predicate>& out) {
  switch (filter.filter_type) {
    case duckdb::TableFilterType::CONSTANT_COMPARISON:
      add_comparison(filter.Cast<duckdb::ConstantFilter>(), field_id, out);
      break;
    case duckdb::TableFilterType::IS_NULL:
      out.push_back({.field_id = field_id, .op = "is_null", .literals = {}});
      break;
    case duckdb::TableFilterType::IS_NOT_NULL:
      out.push_back({.field_id = field_id, .op = "not_null", .literals = {}});
      break;
    case duckdb::TableFilterType::CONJUNCTION_AND:
      for (const auto& child : filter.Cast<duckdb::ConjunctionAndFilter>().child_filters)
        add_predicates(*child, field_id, out);
      break;
    case duckdb::TableFilterType::OPTIONAL_FILTER: {
      const auto& optional = filter.Cast<duckdb::OptionalFilter>();
      // Optional to run, yet what it says holds for every row of the answer.
      if (optional.child_filter) add_predicates(*optional.child_filter, field_id, out);
      break;
    }
    case duckdb::TableFilterType::IN_FILTER: {
      json::Array literals;
      for (const auto& value : filter.Cast<duckdb::InFilter>().values) {
        literals.push_back(single_value_of(value));
        if (literals.back().is_null()) return;
      }
      out.push_back({.field_id = field_id, .op = "in", .literals = std::move(literals)});
      break;
    }
    default:
      break;
  }
}

void visit_gets(duckdb::LogicalOperator& op, const std::function<void(duckdb::LogicalGet&)>& visit) {
  if (op.type == duckdb::LogicalOperatorType::LOGICAL_GET) visit(op.Cast<duckdb::LogicalGet>());
  for (auto& child : op.children) visit_gets(*child, visit);
}

std::vector<Predicate> predicates_of(const duckdb::LogicalGet& get) {
  std::vector<Predicate> all;
  const auto& bind = get.bind_data->Cast<duckdb::MultiFileBindData>();
  for (const auto& [column, filter] : get.table_filters.filters) {
    if (column >= bind.reader_bind.schema.size()) continue;
    const auto& identifier = bind.reader_bind.schema[column].identifier;
    if (!identifier.IsNull()) add_predicates(*filter, identifier.GetValue<std::int32_t>(), all);
  }
  return all;
}

// Rows flow through it as they are found, and an equality says which.
bool is_point(const duckdb::LogicalOperator& op) {
  switch (op.type) {
    case duckdb::LogicalOperatorType::LOGICAL_PROJECTION:
    case duckdb::LogicalOperatorType::LOGICAL_FILTER:
    case duckdb::LogicalOperatorType::LOGICAL_LIMIT:
      return is_point(*op.children.at(0));
    case duckdb::LogicalOperatorType::LOGICAL_GET: {
      const auto& get = op.Cast<duckdb::LogicalGet>();
      if (get.function.name != kScan) return false;
      const auto predicates = predicates_of(get);
      return std::any_of(predicates.begin(), predicates.end(),
                         [](const Predicate& each) { return each.op == "eq" || each.op == "in"; });
    }
    default:
      return false;
  }
}

}  // namespace

void ScanFiles::set_relations(std::vector<Relation> relations) { relations_ = std::move(relations); }
void ScanFiles::set_files(int relation, std::vector<std::string> paths) { files_[relation] = std::move(paths); }
void ScanFiles::clear() {
  relations_.clear();
  files_.clear();
}
const Relation* ScanFiles::relation(int index) const {
  return index < 0 || index >= static_cast<int>(relations_.size()) ? nullptr
                                                                   : &relations_[static_cast<std::size_t>(index)];
}
const std::vector<std::string>& ScanFiles::files(int relation) const {
  static const std::vector<std::string> kNone;
  const auto found = files_.find(relation);
  return found == files_.end() ? kNone : found->second;
}

void register_scan(duckdb::DatabaseInstance& database, ScanFiles& files) {
  auto info = duckdb::make_shared_ptr<ScanInfo>(files);
  duckdb::TableFunction scan = function_of_engine(database, "parquet_scan");
  scan.name = kScan;
  scan.arguments = {duckdb::LogicalType::INTEGER};
  scan.bind_replace = replace_scan;
  scan.get_multi_file_reader = SchemaReader::create;
  scan.function_info = info;
  scan.get_virtual_columns = nameless_virtual_columns;
  // These would open files while planning, before control has sent any.
  scan.statistics = nullptr;
  scan.statistics_extended = nullptr;
  scan.get_partition_stats = nullptr;
  scan.serialize = nullptr;
  scan.deserialize = nullptr;
  duckdb::TableFunction rows = function_of_engine(database, "read_json");
  rows.name = kRows;
  duckdb::ExtensionLoader loader(database, "weft");
  loader.RegisterFunction(std::move(scan));
  loader.RegisterFunction(std::move(rows));
}

int relation_of(const duckdb::LogicalGet& get) {
  if (!get.bind_data) return -1;
  if (get.function.name == kScan) {
    return static_cast<const LateFileList&>(*get.bind_data->Cast<duckdb::MultiFileBindData>().file_list).relation;
  }
  if (get.function.name == kRows) {
    const auto first = get.bind_data->Cast<duckdb::MultiFileBindData>().file_list->GetFirstFile().path;
    if (first.starts_with(kRowsPrefix)) return std::stoi(first.substr(std::string_view(kRowsPrefix).size()));
  }
  return -1;
}

void read_scans(duckdb::ClientContext& context, duckdb::LogicalOperator& optimized, Plan& plan) {
  std::map<int, int> scans;
  visit_gets(optimized, [&](duckdb::LogicalGet& get) {
    plan.rows_estimated += static_cast<double>(get.EstimateCardinality(context));
    const int relation = relation_of(get);
    if (relation < 0 || relation >= static_cast<int>(plan.relations.size()) || get.function.name != kScan) return;
    auto& use = plan.relations[static_cast<std::size_t>(relation)];
    // A relation that is scanned twice shares its files: what one scan leaves out the other may need.
    if (++scans[relation] == 1) {
      use.predicates = predicates_of(get);
    } else {
      use.predicates.clear();
    }
  });
  plan.is_point = is_point(optimized);
}

}  // namespace weft::engine::worker
