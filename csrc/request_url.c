#include "request_url.h"

#include <string.h>

enum { LONGEST_URL = 1024 * 1024 };

bool base_parts_take(base_parts *base, const char *base_url) {
  base->length = strlen(base_url);
  base->path_begins = (size_t)(strstr(base_url, "://") - base_url) + 3;
  base->path_begins += strcspn(base_url + base->path_begins, "/");
  base->parts = curl_url();
  return base->parts != NULL && curl_url_set(base->parts, CURLUPART_URL, base_url, 0) == CURLUE_OK &&
         buffer_append(&base->text, base_url, base->length, LONGEST_URL) == BUFFER_OK;
}

void base_parts_free(base_parts *base) {
  curl_url_cleanup(base->parts);
  buffer_free(&base->text);
  base->parts = NULL;
}

/* Path and query of the text, into the parts, which may have those of an earlier request. */
static bool set_target(CURLU *parts, char *target) {
  char *question_mark = strchr(target, '?');
  if (question_mark != NULL)
    *question_mark = '\0';
  bool is_set = curl_url_set(parts, CURLUPART_PATH, target, 0) == CURLUE_OK;
  if (question_mark != NULL)
    *question_mark = '?';
  const char *query = question_mark != NULL ? question_mark + 1 : NULL;
  return is_set && curl_url_set(parts, CURLUPART_QUERY, query, 0) == CURLUE_OK;
}

/* The parts are for speed: a text would be taken apart and put together again by libcurl at every request, which is a
 * tenth of all that it does for one. The text is set as well, since libcurl goes by it where it starts over on another
 * connection, and must not find that of the handle's request before. */
bool request_url_set(CURL *easy, CURLU *parts, base_parts *base, const char *path) {
  base->text.length = base->length;
  return buffer_append(&base->text, path, strlen(path), LONGEST_URL) == BUFFER_OK &&
         set_target(parts, base->text.bytes + base->path_begins) &&
         curl_easy_setopt(easy, CURLOPT_URL, base->text.bytes) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_CURLU, parts) == CURLE_OK;
}
