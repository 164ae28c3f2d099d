#include "transfer_end.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

/* CURLE_TOO_LARGE of libcurl 8.6, which may be there at run time where the headers of the build are older. */
enum { TOO_LARGE = 100 };

typedef struct ending {
  CURLcode code;
  transfer_end end;
  const char *phrase;
} ending;

static const ending endings[] = {
    {CURLE_COULDNT_RESOLVE_HOST, TRANSFER_NETWORK, "the host name could not be resolved"},
    {CURLE_COULDNT_RESOLVE_PROXY, TRANSFER_NETWORK, "the name of the proxy could not be resolved"},
    {CURLE_COULDNT_CONNECT, TRANSFER_NETWORK, "could not connect"},
    {CURLE_PROXY, TRANSFER_NETWORK, "the proxy refused the connection"},
    {CURLE_SEND_ERROR, TRANSFER_NETWORK, "the connection broke while the request was being sent"},
    {CURLE_RECV_ERROR, TRANSFER_NETWORK, "the connection broke before the answer was complete"},
    {CURLE_GOT_NOTHING, TRANSFER_NETWORK, "the connection was closed without an answer"},
    {CURLE_PARTIAL_FILE, TRANSFER_NETWORK, "the answer was cut short"},
    {CURLE_HTTP2, TRANSFER_NETWORK, "the HTTP/2 connection failed"},
    {CURLE_HTTP2_STREAM, TRANSFER_NETWORK, "the HTTP/2 stream failed"},
    /* before_sending of the transport, which refuses to send a write twice. */
    {CURLE_ABORTED_BY_CALLBACK, TRANSFER_NETWORK, "the kept-alive connection broke after the request was sent on it"},
    {CURLE_OPERATION_TIMEDOUT, TRANSFER_TIMEOUT, "timed out"},
    {CURLE_SSL_CONNECT_ERROR, TRANSFER_TLS, "the TLS handshake failed"},
    {CURLE_PEER_FAILED_VERIFICATION, TRANSFER_TLS, "the server's certificate is not trusted"},
    {CURLE_SSL_CERTPROBLEM, TRANSFER_TLS, "the client's certificate is unusable"},
    {CURLE_SSL_CIPHER, TRANSFER_TLS, "no common TLS cipher"},
    {CURLE_SSL_CACERT_BADFILE, TRANSFER_TLS, "the file of trusted certificates is unusable"},
    {CURLE_SSL_CRL_BADFILE, TRANSFER_TLS, "the list of revoked certificates is unusable"},
    {CURLE_SSL_ISSUER_ERROR, TRANSFER_TLS, "the issuer of the server's certificate is not the expected one"},
    {CURLE_SSL_INVALIDCERTSTATUS, TRANSFER_TLS, "the status of the server's certificate is not valid"},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, TRANSFER_TLS, "the server's public key is not the expected one"},
    {CURLE_SSL_CLIENTCERT, TRANSFER_TLS, "the server asks for a client's certificate"},
    {CURLE_SSL_ENGINE_INITFAILED, TRANSFER_TLS, "the TLS library could not be started"},
    {CURLE_USE_SSL_FAILED, TRANSFER_TLS, "TLS could not be used"},
    {CURLE_UNSUPPORTED_PROTOCOL, TRANSFER_MALFORMED, "the answer is not of a version of HTTP that is understood"},
    {CURLE_WEIRD_SERVER_REPLY, TRANSFER_MALFORMED, "the answer is not HTTP"},
    {CURLE_BAD_CONTENT_ENCODING, TRANSFER_MALFORMED, "the body could not be decompressed"},
    {(CURLcode)TOO_LARGE, TRANSFER_MALFORMED, "a header line of the answer is over libcurl's limit"},
    {CURLE_OUT_OF_MEMORY, TRANSFER_OUT_OF_MEMORY, "out of memory"},
};

static const ending *ending_of(CURLcode code) {
  static const ending unlisted = {CURLE_FAILED_INIT, TRANSFER_NETWORK, "the request failed"};
  for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
    if (endings[i].code == code)
      return &endings[i];
  return &unlisted;
}

static void describe_timeout(const transfer_end_facts *facts, char reason[TRANSFER_REASON_SIZE]) {
  if (facts->was_sent)
    snprintf(reason, TRANSFER_REASON_SIZE, "no complete answer from %s after %.3g s, %zu bytes of the body had come",
             facts->authority, facts->elapsed, facts->received);
  else
    snprintf(reason, TRANSFER_REASON_SIZE, "no connection to %s after %.3g s", facts->authority, facts->elapsed);
}

/* libcurl's words say it all but for a failed connect, where the system says why. Of anything else the number that the
 * system left may be that of an earlier request. */
static void describe(const transfer_end_facts *facts, const ending *found, char reason[TRANSFER_REASON_SIZE]) {
  bool is_connect = found->code == CURLE_COULDNT_CONNECT && facts->os_error != 0;
  const char *detail = is_connect ? strerror(facts->os_error) : facts->curl_text;
  bool has_detail = detail != NULL && detail[0] != '\0';
  snprintf(reason, TRANSFER_REASON_SIZE, "%s (%s%s%s)", found->phrase, facts->authority, has_detail ? ": " : "",
           has_detail ? detail : "");
}

transfer_end transfer_end_of(const transfer_end_facts *facts, char reason[TRANSFER_REASON_SIZE]) {
  CURLcode code = (CURLcode)facts->code;
  reason[0] = '\0';
  if (facts->out_of_memory || code == CURLE_OUT_OF_MEMORY) {
    /* Before 8.6 a header line over 100 KiB ends like memory that ran out, and nothing tells them apart. */
    bool may_be_long_line = !facts->out_of_memory && facts->is_in_headers;
    snprintf(reason, TRANSFER_REASON_SIZE, "out of memory%s",
             may_be_long_line ? ", or a header line of the answer is over libcurl's limit" : "");
    return TRANSFER_OUT_OF_MEMORY;
  }
  if (facts->header_has_nul) {
    snprintf(reason, TRANSFER_REASON_SIZE, "the answer is not HTTP (%s: NUL byte in a header)", facts->authority);
    return TRANSFER_MALFORMED;
  }
  if (facts->part_over_limit != NULL) {
    snprintf(reason, TRANSFER_REASON_SIZE, "%s over the limit of %zu bytes", facts->part_over_limit, facts->limit);
    return TRANSFER_MALFORMED;
  }
  if (code == CURLE_OK && facts->is_in_headers) {
    /* Where the connection ends there, libcurl takes that for the end of the answer. */
    snprintf(reason, TRANSFER_REASON_SIZE, "the answer was cut short in its headers (%s)", facts->authority);
    return TRANSFER_NETWORK;
  }
  if (code == CURLE_OK)
    return TRANSFER_ANSWERED;
  if (!facts->was_sent && facts->proxy_status >= 300) {
    snprintf(reason, TRANSFER_REASON_SIZE, "the proxy refused the connection to %s with HTTP %ld", facts->authority,
             facts->proxy_status);
    return TRANSFER_NETWORK;
  }
  const ending *found = ending_of(code);
  if (found->end == TRANSFER_TIMEOUT)
    describe_timeout(facts, reason);
  else
    describe(facts, found, reason);
  return found->end;
}
