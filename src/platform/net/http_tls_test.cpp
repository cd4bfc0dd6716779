#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/ids.h"
#include "platform/net/http_client.h"
#include "platform/net/test_server.h"
#include "platform/net/transport.h"

// The same over TLS, with certificates made for the test; and many connections that do nothing.
namespace weft::net {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// Makes NAME.key and NAME.crt, a certificate that signs itself.
void make_certificate(const fs::path& folder, const std::string& name, const std::string& alternative_names) {
  const std::string path = (folder / name).string();
  const std::string command = format(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={} "
      "-addext subjectAltName={} -keyout {}.key -out {}.crt 2>/dev/null",
      name, alternative_names, path, path);
  ASSERT_EQ(std::system(command.c_str()), 0) << "openssl(1) is needed";
}

class HttpTlsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fs::temp_directory_path() / ("weft-net-" + to_string(random_uuid()));
    fs::create_directories(folder_);
    make_certificate(folder_, "here", "IP:127.0.0.1,DNS:localhost");
    make_certificate(folder_, "elsewhere", "DNS:elsewhere.example");
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }
  static std::string file(const std::string& name) { return (folder_ / name).string(); }
  static ServerOptions options_of(const std::string& name) {
    ServerOptions options;
    options.tls_certificate_file = file(name + ".crt");
    options.tls_key_file = file(name + ".key");
    return options;
  }
  static Result<std::unique_ptr<HttpServer>> open(const ServerOptions& options, metrics::Registry& metrics) {
    return HttpServer::open(options, {}, metrics);
  }
  static Result<ClientResponse> get(int port, const std::string& trusted) {
    auto client = TRY(HttpClient::open(format("https://127.0.0.1:{}", port), {.ca_file = file(trusted)}));
    return client->send({.target = "/"}, nullptr, {});
  }
  inline static fs::path folder_;
};

TEST_F(HttpTlsTest, AnswersThoseWhoTrustItsCertificate) {
  const TestServer server(options_of("here"), [](HttpRequest& request, HttpReply& reply) {
    const auto body = body_of(request);
    (void)reply.send(200, {}, body.value_or("-") + request.target);
  });
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const auto client = std::move(
        *HttpClient::open(format("https://{}:{}", host, server.server->port()), {.ca_file = file("here.crt")}));
    for (const char* target : {"/", "/control", "/heavy"}) {
      const auto answer = client->send({.target = target}, nullptr, {});
      ASSERT_TRUE(answer) << answer.error().message;
      EXPECT_EQ(answer->body, target);
    }
  }
}

TEST_F(HttpTlsTest, StreamsLargeBodiesBothWays) {
  class Pattern final : public ByteSource {
   public:
    Result<std::size_t> read(char* out, std::size_t size) override {
      size = std::min(size, left_);
      std::fill_n(out, size, 'x');
      left_ -= size;
      return size;
    }

   private:
    std::size_t left_ = 20 << 20;
  };
  const TestServer server(options_of("here"));
  const auto client = std::move(
      *HttpClient::open(format("https://127.0.0.1:{}", server.server->port()), {.ca_file = file("here.crt")}));
  Pattern body;
  const auto answer = client->send({"POST", "/heavy", {}, &body, {}}, nullptr, {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body.size(), std::size_t{20} << 20);
}

TEST_F(HttpTlsTest, AClientTrustsNeitherAnotherIssuerNorAnotherName) {
  const TestServer here(options_of("here")), elsewhere(options_of("elsewhere"));
  EXPECT_TRUE(get(here.server->port(), "here.crt"));
  for (const auto& answer :
       {get(here.server->port(), "elsewhere.crt"), get(elsewhere.server->port(), "elsewhere.crt")}) {
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().message.find("certificate"), std::string::npos) << answer.error().message;
  }
}

TEST_F(HttpTlsTest, AnAbortedAnswerIsSeenAsTruncated) {
  const TestServer server(options_of("here"), [](HttpRequest&, HttpReply& reply) {
    (void)reply.start(200, {}, std::nullopt);
    (void)reply.write("half");
  });
  const auto answer = get(server.server->port(), "here.crt");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, "http.truncated");
}

TEST_F(HttpTlsTest, AnswersPipelinedRequestsWhateverTheRecordsAre) {
  const TestServer server(options_of("here"),
                          [](HttpRequest& request, HttpReply& reply) { (void)reply.send(200, {}, request.target); });
  RawClient plain = server.connect();
  ASSERT_EQ(::fcntl(plain.fd(), F_SETFL, O_NONBLOCK), 0);
  const auto trusting = std::move(*TlsContext::client(file("here.crt")));
  auto client = std::move(*Transport::connect_tls(Fd(::dup(plain.fd())), *trusting, "127.0.0.1"));
  std::string all, expected, seen;
  for (int i = 0; i < 3000; ++i) {
    all += get_of(format("{}/{}", i % 100 == 0 ? "/control" : "", i));
    expected += format("{}/{}\n", i % 100 == 0 ? "/control" : "", i);
  }
  // One thread at a time: what it cannot write yet it reads away meanwhile.
  std::string answers, out;
  const auto all_answers = [&] {
    out.clear();
    std::size_t at = 0, end = 0;
    while ((end = answers.find("\r\n\r\n", at)) != std::string::npos) {
      const std::size_t length = std::stoull(answers.substr(answers.find("Content-Length: ", at) + 16));
      if (answers.size() < end + 4 + length) break;
      out += answers.substr(end + 4, length) + "\n";
      at = end + 4 + length;
    }
    return out.size() >= expected.size();
  };
  char bytes[16 << 10];
  std::string_view rest = all;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < deadline) {
    if (!rest.empty()) rest.remove_prefix(client.write(rest.substr(0, 7001)).size);
    const Io io = client.read(bytes, sizeof bytes);
    answers.append(bytes, io.size);
    if (io.status == IoStatus::closed) break;
    if (io.status == IoStatus::want_read && rest.empty()) {
      if (all_answers()) break;
      (void)plain.is_readable_within(milliseconds(100));
    }
  }
  EXPECT_TRUE(all_answers());
  EXPECT_EQ(out, expected);
}

TEST_F(HttpTlsTest, APlainOrSilentClientIsClosed) {
  ServerOptions options = options_of("here");
  options.header_timeout = milliseconds(100);
  const TestServer server(options);
  RawClient plain = server.connect(), silent = server.connect();
  ASSERT_TRUE(plain.send(get_of("/")));
  EXPECT_EQ(plain.answer().status, 0);
  EXPECT_TRUE(silent.is_closed());
}

TEST_F(HttpTlsTest, SaysWhatIsWrongWithItsFiles) {
  metrics::Registry metrics;
  std::ofstream(file("empty.crt")) << "\n";
  ServerOptions lonely = options_of("here"), missing = options_of("missing"), empty = options_of("here"),
                mixed = options_of("here");
  lonely.tls_key_file = "";
  empty.tls_certificate_file = file("empty.crt");
  mixed.tls_key_file = file("elsewhere.key");
  for (const auto& options : {lonely, missing, empty, mixed}) {
    const auto opened = open(options, metrics);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, "http.tls");
    if (!options.tls_key_file.empty()) {
      EXPECT_NE(opened.error().message.find(folder_.string()), std::string::npos) << opened.error().message;
    }
  }
  EXPECT_EQ(HttpClient::open("https://127.0.0.1", {.ca_file = file("empty.crt")}).error().code, "http.tls");
}

TEST_F(HttpTlsTest, SaysWhereItCannotListen) {
  const TestServer server;
  metrics::Registry metrics;
  EXPECT_EQ(open({.port = server.server->port()}, metrics).error().code, "http.listen");
  EXPECT_EQ(open({.address = "not.an.address"}, metrics).error().code, "http.address");
}

// In kB, of this process.
std::size_t resident() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoul(line.substr(6));
  }
  return 0;
}

// A sanitizer keeps what was freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kHasSanitizer = true;
#else
constexpr bool kHasSanitizer = false;
#endif

TEST(HttpIdle, ThousandsOfIdleConnectionsCostLittleAndStayUsable) {
  constexpr std::size_t kConnections = 2000, kBytesMax = kHasSanitizer ? 1 << 20 : 16 << 10;
  const TestServer server;
  std::vector<RawClient> clients;
  clients.reserve(kConnections);
  const std::size_t before = resident();
  for (std::size_t i = 0; i < kConnections; ++i) {
    clients.push_back(server.connect());
    ASSERT_TRUE(clients.back().is_connected()) << i;
    // A large request first: an idle connection must not keep the room that it took.
    ASSERT_TRUE(clients.back().send(get_of("/", "A: " + std::string(12'000, 'a') + "\r\n")));
    ASSERT_EQ(clients.back().answer().status, 200) << i;
  }
  const std::size_t bytes_each = (resident() - std::min(before, resident())) * 1024 / kConnections;
  EXPECT_LT(bytes_each, kBytesMax);  // The tests' own end of them included.
  EXPECT_NE(server.metrics.expose().find(format("weft_http_connections {}", kConnections)), std::string::npos);
  for (RawClient& client : clients) {
    ASSERT_TRUE(client.send(get_of("/control")));
    ASSERT_EQ(client.answer().status, 200);
  }
  clients.clear();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  const auto are_gone = [&] { return server.metrics.expose().find("weft_http_connections 0\n") != std::string::npos; };
  while (!are_gone() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(are_gone());
}

}  // namespace
}  // namespace weft::net
