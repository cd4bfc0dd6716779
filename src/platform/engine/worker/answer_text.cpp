#include "base/json.h"
#include "platform/engine/worker/answers.h"
#include "platform/engine/worker/cells.h"

namespace weft::engine::worker {
namespace {

constexpr std::size_t kFlushBytes = 128 << 10;

std::string json_head(const Chunks& chunks) {
  std::string head = "{\"columns\":[";
  for (std::size_t i = 0; i < chunks.names().size(); ++i) {
    if (i > 0) head += ',';
    head += "{\"name\":";
    json::write_text_to(head, chunks.names()[i]);
    head += ",\"type\":";
    json::write_text_to(head, chunks.types()[i].ToString());
    head += '}';
  }
  return head + "],\"rows\":[";
}

std::string csv_head(const Chunks& chunks) {
  std::string head;
  for (std::size_t i = 0; i < chunks.names().size(); ++i) {
    if (i > 0) head += ',';
    write_csv_text(head, chunks.names()[i]);
  }
  return head + "\r\n";
}

class Writer {
 public:
  Writer(Format format, const duckdb::vector<duckdb::string>& names) : format_(format) {
    for (const auto& name : names) {
      json::write_text_to(keys_.emplace_back(), name);
      keys_.back() += ':';
    }
  }
  void write_row(std::string& out, std::vector<Cells>& cells, duckdb::idx_t row) {
    switch (format_) {
      case Format::csv:
        return write_csv(out, cells, row);
      case Format::ndjson:
        return write_object(out, cells, row);
      default:
        return write_list(out, cells, row);
    }
  }

 private:
  static void write_csv(std::string& out, std::vector<Cells>& cells, duckdb::idx_t row) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) out += ',';
      cells[i].write_csv(out, row);
    }
    out += "\r\n";
  }
  void write_object(std::string& out, const std::vector<Cells>& cells, duckdb::idx_t row) {
    out += '{';
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) out += ',';
      out += keys_[i];
      cells[i].write_json(out, row);
    }
    out += "}\n";
  }
  void write_list(std::string& out, const std::vector<Cells>& cells, duckdb::idx_t row) {
    if (!is_first_) out += ',';
    is_first_ = false;
    out += '[';
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) out += ',';
      cells[i].write_json(out, row);
    }
    out += ']';
  }

  Format format_;
  std::vector<std::string> keys_;
  bool is_first_ = true;
};

}  // namespace

Result<> write_text_answer(Chunks& chunks, Format format, const SendBytes& send) {
  Writer writer(format, chunks.names());
  std::string out = format == Format::json  ? json_head(chunks)
                    : format == Format::csv ? csv_head(chunks)
                                            : std::string();
  while (duckdb::DataChunk* chunk = TRY(chunks.next())) {
    std::vector<Cells> cells;
    cells.reserve(chunk->ColumnCount());
    for (auto& vector : chunk->data) cells.emplace_back(vector, chunk->size());
    for (duckdb::idx_t row = 0; row < chunk->size(); ++row) {
      writer.write_row(out, cells, row);
      if (out.size() < kFlushBytes) continue;
      TRY(send(out));
      out.clear();
    }
  }
  if (format == Format::json) out += ::weft::format("],\"row_count\":{}}}\n", chunks.rows());
  if (out.empty()) return {};
  return send(out);
}

}  // namespace weft::engine::worker
