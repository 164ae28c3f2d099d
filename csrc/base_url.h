/* Checks the address of the service once, so that every later request can trust it. Knows libcurl, not Lua. */
#ifndef SUPERMETRICS_BASE_URL_H
#define SUPERMETRICS_BASE_URL_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

typedef enum base_url_status {
  BASE_URL_OK,
  BASE_URL_MALFORMED,
  BASE_URL_SCHEME,
  BASE_URL_USER_INFO,
  BASE_URL_QUERY,
  BASE_URL_FRAGMENT,
  BASE_URL_OUT_OF_MEMORY
} base_url_status;

typedef struct base_url {
  char *text;         /* scheme, host, port and path, without a slash at the end */
  char *authority;    /* "host port N", for messages */
  bool is_plain_http; /* not https */
  bool is_loopback;   /* localhost, 127.0.0.0/8 or ::1 */
} base_url;

/* Takes `text` apart. On BASE_URL_OK the caller owns `parsed`; otherwise it is empty. */
base_url_status base_url_parse(const char *text, base_url *parsed);

/* What was wrong, as the end of a sentence: "must ...". */
const char *base_url_problem(base_url_status status);

void base_url_free(base_url *parsed);

#pragma GCC visibility pop

#endif
