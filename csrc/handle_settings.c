#include "handle_settings.h"

#include "milliseconds.h"

#ifndef _WIN32
#include <fcntl.h>
#endif

/* Without it a program that the host starts inherits our connections, and the server never sees them close. */
static int keep_from_children(void *context, curl_socket_t socket, curlsocktype purpose) {
  (void)context, (void)purpose;
#ifdef FD_CLOEXEC
  return fcntl(socket, F_SETFD, FD_CLOEXEC) == 0 ? CURL_SOCKOPT_OK : CURL_SOCKOPT_ERROR;
#else
  (void)socket;
  return CURL_SOCKOPT_OK;
#endif
}

static CURLcode set_numbers(CURL *easy, const transport_settings *settings) {
  const struct {
    CURLoption option;
    long value;
  } numbers[] = {
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_NOPROGRESS, 1},
    {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_HTTP09_ALLOWED, 0},
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_TCP_KEEPALIVE, 1},
    /* HTTP/2 is agreed on in the TLS handshake. Until then further requests wait, so that they can share the
     * connection; without TLS that would be a wait for nothing. */
    {CURLOPT_HTTP_VERSION, settings->is_plain_http ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS},
    {CURLOPT_PIPEWAIT, 1},
    {CURLOPT_CONNECTTIMEOUT_MS, milliseconds_of(settings->connect_timeout)},
#if LIBCURL_VERSION_NUM < 0x075500
    {CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS},
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    /* Without it, ending a request whose host name is still being looked up waits for the resolver. */
    {CURLOPT_QUICK_EXIT, 1},
#endif
  };
  CURLcode code = CURLE_OK;
  for (size_t i = 0; code == CURLE_OK && i < sizeof numbers / sizeof numbers[0]; i++)
    code = curl_easy_setopt(easy, numbers[i].option, numbers[i].value);
  return code;
}

static CURLcode set_texts(CURL *easy, const transport_settings *settings) {
  const struct {
    CURLoption option;
    const char *value;
  } texts[] = {
#if LIBCURL_VERSION_NUM >= 0x075500
    {CURLOPT_PROTOCOLS_STR, "http,https"},
#endif
    /* Whatever compression comes is undone; which one to ask for, a line of the request's headers says. */
    {CURLOPT_ACCEPT_ENCODING, ""},
    /* Empty, not NULL: settings never come from http_proxy, no_proxy and the like. */
    {CURLOPT_PROXY, settings->proxy != NULL ? settings->proxy : ""},
    {CURLOPT_NOPROXY, ""},
  };
  CURLcode code = CURLE_OK;
  for (size_t i = 0; code == CURLE_OK && i < sizeof texts / sizeof texts[0]; i++)
    code = curl_easy_setopt(easy, texts[i].option, texts[i].value);
  if (code == CURLE_OK && (settings->ca_file != NULL || settings->ca_path != NULL)) {
    /* Both, since libcurl would go on trusting the system's for the one that is left out. */
    code = curl_easy_setopt(easy, CURLOPT_CAINFO, settings->ca_file);
    if (code == CURLE_OK)
      code = curl_easy_setopt(easy, CURLOPT_CAPATH, settings->ca_path);
  }
  return code;
}

CURLcode handle_settings_apply(CURL *easy, const transport_settings *settings) {
  CURLcode code = set_numbers(easy, settings);
  if (code == CURLE_OK)
    code = set_texts(easy, settings);
  if (code == CURLE_OK)
    code = curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, keep_from_children);
  return code;
}
