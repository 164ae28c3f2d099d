/* The URL of each request, under one base URL. Knows libcurl, not Lua. */
#ifndef SUPERMETRICS_REQUEST_URL_H
#define SUPERMETRICS_REQUEST_URL_H

#include "buffer.h"

#include <curl/curl.h>
#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* What the URLs of all requests have in common. Empty is {0}. */
typedef struct base_parts {
  CURLU *parts;
  size_t path_begins; /* in the text, behind the authority */
  size_t length;      /* of the base URL */
  buffer text;        /* the base URL, and behind it the latest request's path */
} base_parts;

/* Takes apart a base URL that base_url_parse has accepted. False when memory ran out; base_parts_free is due all the
 * same. */
bool base_parts_take(base_parts *base, const char *base_url);

void base_parts_free(base_parts *base);

/* Gives a handle the URL of a request. `parts` are a copy of the base's, which stays the handle's until it is freed.
 * `path` begins with a slash, and may have a query behind it. False when memory ran out. */
bool request_url_set(CURL *easy, CURLU *parts, base_parts *base, const char *path);

#pragma GCC visibility pop

#endif
