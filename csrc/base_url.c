#include "base_url.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An address of four decimal numbers; libcurl has already turned 127.1 and 0x7f000001 into this form. */
static bool is_loopback_ipv4(const char *host) {
  unsigned first, second, third, fourth;
  char excess;
  if (host[strspn(host, "0123456789.")] != '\0')
    return false;
  int parts = sscanf(host, "%3u.%3u.%3u.%3u%c", &first, &second, &third, &fourth, &excess);
  return parts == 4 && first == 127 && second <= 255 && third <= 255 && fourth <= 255;
}

static bool is_loopback(const char *host) {
  return curl_strequal(host, "localhost") || strcmp(host, "[::1]") == 0 || is_loopback_ipv4(host);
}

typedef enum presence { PRESENT, ABSENT, OUT_OF_MEMORY } presence;

/* The part of the URL that the caller then owns; NULL unless it is present. */
static presence take_part(CURLU *url, CURLUPart part, unsigned flags, char **text) {
  *text = NULL;
  CURLUcode code = curl_url_get(url, part, text, flags);
  return code == CURLUE_OK ? PRESENT : code == CURLUE_OUT_OF_MEMORY ? OUT_OF_MEMORY : ABSENT;
}

static base_url_status refuse_surplus_parts(CURLU *url, const char *text) {
  static const struct {
    CURLUPart part;
    base_url_status status;
  } refused[] = {
      {CURLUPART_USER, BASE_URL_USER_INFO},
      {CURLUPART_PASSWORD, BASE_URL_USER_INFO},
      {CURLUPART_QUERY, BASE_URL_QUERY},
      {CURLUPART_FRAGMENT, BASE_URL_FRAGMENT},
  };
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    char *text_of_part;
    presence found = take_part(url, refused[i].part, 0, &text_of_part);
    curl_free(text_of_part);
    if (found != ABSENT)
      return found == PRESENT ? refused[i].status : BASE_URL_OUT_OF_MEMORY;
  }
  /* libcurl reports an empty query, fragment or user as absent: "http://host/?" and "http://@host/". */
  return strchr(text, '?') != NULL   ? BASE_URL_QUERY
         : strchr(text, '#') != NULL ? BASE_URL_FRAGMENT
         : strchr(text, '@') != NULL ? BASE_URL_USER_INFO
                                     : BASE_URL_OK;
}

static char *authority_of(const char *host, const char *port) {
  static const char between[] = " port ";
  size_t length = strlen(host) + strlen(between) + strlen(port);
  char *text = malloc(length + 1);
  if (text != NULL)
    snprintf(text, length + 1, "%s%s%s", host, between, port);
  return text;
}

static void remove_slashes_at_end(char *text) {
  size_t length = strlen(text);
  while (length > 0 && text[length - 1] == '/')
    text[--length] = '\0';
}

static base_url_status check_scheme(CURLU *url, base_url *parsed) {
  char *scheme;
  if (take_part(url, CURLUPART_SCHEME, 0, &scheme) != PRESENT)
    return BASE_URL_OUT_OF_MEMORY;
  parsed->is_plain_http = strcmp(scheme, "http") == 0;
  bool is_known = parsed->is_plain_http || strcmp(scheme, "https") == 0;
  curl_free(scheme);
  return is_known ? BASE_URL_OK : BASE_URL_SCHEME;
}

static base_url_status fill(CURLU *url, base_url *parsed) {
  char *host, *port;
  bool is_complete = take_part(url, CURLUPART_HOST, 0, &host) == PRESENT;
  is_complete = take_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, &port) == PRESENT && is_complete;
  is_complete = take_part(url, CURLUPART_URL, 0, &parsed->text) == PRESENT && is_complete;
  if (is_complete) {
    remove_slashes_at_end(parsed->text);
    parsed->is_loopback = is_loopback(host);
    parsed->authority = authority_of(host, port);
  }
  curl_free(host);
  curl_free(port);
  return parsed->authority != NULL ? BASE_URL_OK : BASE_URL_OUT_OF_MEMORY;
}

/* 7.80 has one name less for it. */
static bool is_about_scheme(CURLUcode code) {
#if LIBCURL_VERSION_NUM >= 0x075100
  if (code == CURLUE_BAD_SCHEME)
    return true;
#endif
  return code == CURLUE_UNSUPPORTED_SCHEME;
}

static base_url_status take_apart(CURLU *url, const char *text, base_url *parsed) {
  CURLUcode code = curl_url_set(url, CURLUPART_URL, text, 0);
  if (code == CURLUE_OUT_OF_MEMORY)
    return BASE_URL_OUT_OF_MEMORY;
  if (is_about_scheme(code))
    return BASE_URL_SCHEME;
  if (code != CURLUE_OK)
    return BASE_URL_MALFORMED;
  base_url_status status = check_scheme(url, parsed);
  if (status == BASE_URL_OK)
    status = refuse_surplus_parts(url, text);
  if (status == BASE_URL_OK)
    status = fill(url, parsed);
  return status;
}

base_url_status base_url_parse(const char *text, base_url *parsed) {
  *parsed = (base_url){0};
  CURLU *url = curl_url();
  if (url == NULL)
    return BASE_URL_OUT_OF_MEMORY;
  base_url_status status = take_apart(url, text, parsed);
  if (status != BASE_URL_OK)
    base_url_free(parsed);
  curl_url_cleanup(url);
  return status;
}

const char *base_url_problem(base_url_status status) {
  static const char *const problems[] = {
      [BASE_URL_OK] = "is fine",
      [BASE_URL_MALFORMED] = "must be a URL such as https://dts-api.supermetrics.com/v1",
      [BASE_URL_SCHEME] = "must begin with https://",
      [BASE_URL_USER_INFO] = "must not hold a user name or password",
      [BASE_URL_QUERY] = "must not hold a query (?)",
      [BASE_URL_FRAGMENT] = "must not hold a fragment (#)",
      [BASE_URL_OUT_OF_MEMORY] = "could not be read: out of memory",
  };
  return problems[status];
}

void base_url_free(base_url *parsed) {
  curl_free(parsed->text);
  free(parsed->authority);
  *parsed = (base_url){0};
}
