#include "server/cli/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"

namespace weft::cli {
namespace {

constexpr std::size_t kCellMax = 60;

class FdSink final : public ByteSink {
 public:
  explicit FdSink(int fd) : fd_(fd) {}
  Result<> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return fail(ErrorKind::cancelled, "output.closed", "standard output is closed");
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

 private:
  int fd_;
};

std::string cell_of(const json::Value& value) {
  if (value.is_null()) return "";
  if (value.is_text()) return value.text();
  return json::write(value);
}

// Control characters would let data drive the terminal.
std::string printable(std::string_view text) {
  std::string clean;
  for (const char c : text) clean += (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) ? ' ' : c;
  return clean;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string clipped(std::string text) {
  if (width_of(text) <= kCellMax) return text;
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size() && seen < kCellMax - 1; ++end) {
    if ((static_cast<unsigned char>(text[end + 1 < text.size() ? end + 1 : end]) & 0xC0) != 0x80) ++seen;
  }
  return text.substr(0, end) + "…";
}

std::string padded(const std::string& text, std::size_t width, bool is_right) {
  const std::string space(width - std::min(width, width_of(text)), ' ');
  return is_right ? space + text : text + space;
}

std::string csv_cell(const json::Value& value) {
  const std::string text = cell_of(value);
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string table_of(const json::Array& rows, const std::vector<std::string>& columns) {
  std::vector<std::vector<std::string>> cells;
  std::vector<std::size_t> widths;
  std::vector<bool> is_number(columns.size(), true);
  for (const std::string& column : columns) widths.push_back(width_of(column));
  for (const json::Value& row : rows) {
    auto& line = cells.emplace_back();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const json::Value& value = row[columns[i]];
      if (!value.is_null() && !value.is_number()) is_number[i] = false;
      line.push_back(clipped(printable(cell_of(value))));
      widths[i] = std::max(widths[i], width_of(line.back()));
    }
  }
  std::string text;
  auto add_line = [&](const std::vector<std::string>& line) {
    std::string whole;
    for (std::size_t i = 0; i < columns.size(); ++i)
      whole += (i == 0 ? "" : "  ") + padded(line[i], widths[i], is_number[i] && !rows.empty());
    text += whole.substr(0, whole.find_last_not_of(' ') + 1) + "\n";
  };
  add_line(columns);
  std::string rule;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    rule += i == 0 ? "" : "  ";
    for (std::size_t k = 0; k < widths[i]; ++k) rule += "─";
  }
  text += rule + "\n";
  for (const auto& line : cells) add_line(line);
  return text;
}

bool is_plain(std::string_view text) {
  if (text.empty()) return false;
  return std::all_of(
             text.begin(), text.end(),
             [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '/'; }) &&
         std::isalpha(static_cast<unsigned char>(text.front())) && !text::iequals(text, "null") &&
         !text::iequals(text, "true") && !text::iequals(text, "false") && !text::iequals(text, "yes") &&
         !text::iequals(text, "no") && !text::iequals(text, "on") && !text::iequals(text, "off");
}

void write_yaml(std::string& out, const json::Value& value, int indent, bool is_after_dash) {
  const std::string space(static_cast<std::size_t>(indent), ' ');
  if (value.is_object() && !value.object().empty()) {
    bool first = is_after_dash;
    if (!is_after_dash && !out.empty()) out += "\n";
    for (const auto& [key, member] : value.object()) {
      if (!first) out += space;
      first = false;
      if (is_plain(key)) {
        out += key;
      } else {
        json::write_text_to(out, key);
      }
      out += ":";
      const bool nests =
          (member.is_object() && !member.object().empty()) || (member.is_array() && !member.array().empty());
      if (!nests) out += " ";
      write_yaml(out, member, indent + 2, false);
      if (!nests) out += "\n";
    }
  } else if (value.is_array() && !value.array().empty()) {
    if (!out.empty()) out += "\n";
    for (const json::Value& item : value.array()) {
      out += space + "- ";
      const bool nests = item.is_object() && !item.object().empty();
      write_yaml(out, item, indent + 2, true);
      if (!nests && !(item.is_array() && !item.array().empty())) out += "\n";
    }
  } else if (value.is_text() && is_plain(value.text())) {
    out += value.text();
  } else {
    json::write_to(out, value);
  }
}

class StandardOutput final : public Output {
 public:
  explicit StandardOutput(OutputFormat format) : format_(format), is_terminal_(::isatty(2) == 1) {}
  ~StandardOutput() override { end_progress(); }

  OutputFormat format() const override { return format_; }
  bool is_terminal() const override { return is_terminal_; }

  void rows(const json::Array& rows, const std::vector<std::string>& columns) override {
    end_progress();
    if (format_ == OutputFormat::json) return text(json::write_pretty(json::Value(json::Array(rows))) + "\n");
    if (format_ == OutputFormat::yaml) return text(yaml_of(json::Value(json::Array(rows))));
    if (format_ == OutputFormat::table) return text(table_of(rows, columns));
    std::string csv;
    for (std::size_t i = 0; i < columns.size(); ++i) csv += (i == 0 ? "" : ",") + csv_cell(columns[i]);
    csv += "\r\n";
    for (const json::Value& row : rows) {
      for (std::size_t i = 0; i < columns.size(); ++i) csv += (i == 0 ? "" : ",") + csv_cell(row[columns[i]]);
      csv += "\r\n";
    }
    text(csv);
  }

  void object(const json::Value& value) override {
    end_progress();
    if (format_ == OutputFormat::json) return text(json::write_pretty(value) + "\n");
    text(yaml_of(value));
  }

  void text(std::string_view all) override {
    end_progress();
    (void)raw_.write(all);
  }
  ByteSink& raw() override { return raw_; }

  void note(std::string_view line) override {
    end_progress();
    (void)error_.write(std::string(line) + "\n");
  }

  void progress(std::string_view what, std::uint64_t done, std::uint64_t total) override {
    if (!is_terminal_) return;
    std::string line = weft::format("\r\033[K{} ", what);
    if (total > 0) {
      constexpr std::uint64_t kWidth = 30;
      const std::uint64_t full = std::min(kWidth, done * kWidth / total);
      for (std::uint64_t i = 0; i < kWidth; ++i) line += i < full ? "█" : "░";
      line += weft::format(" {:3} %", std::min<std::uint64_t>(100, done * 100 / total));
    } else if (done > 0) {
      line += text::human_count(done);
    }
    (void)error_.write(line);
    has_progress_ = true;
  }

 private:
  void end_progress() {
    if (has_progress_) (void)error_.write("\r\033[K");
    has_progress_ = false;
  }

  OutputFormat format_;
  bool is_terminal_;
  bool has_progress_ = false;
  FdSink raw_{1};
  FdSink error_{2};
};

}  // namespace

std::string yaml_of(const json::Value& value) {
  std::string out;
  write_yaml(out, value, 0, false);
  if (!out.ends_with('\n')) out += '\n';
  return out.starts_with('\n') ? out.substr(1) : out;
}

std::unique_ptr<Output> standard_output(OutputFormat format) { return std::make_unique<StandardOutput>(format); }

}  // namespace weft::cli
