#include "http_date.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

static bool is_all_digits(const char *text) {
  size_t digits = strspn(text, "0123456789");
  return digits > 0 && text[digits] == '\0';
}

double retry_after_seconds(const char *value, const char *date) {
  if (is_all_digits(value)) {
    double seconds = 0;
    for (const char *digit = value; *digit != '\0' && seconds < 1e15; digit++)
      seconds = seconds * 10 + (*digit - '0');
    return seconds;
  }
  time_t until = curl_getdate(value, NULL);
  if (until == (time_t)-1)
    return -1;
  time_t now = date != NULL ? curl_getdate(date, NULL) : (time_t)-1;
  if (now == (time_t)-1)
    now = time(NULL);
  return until > now ? (double)(until - now) : 0;
}

double http_date_seconds(const char *text) {
  return (double)curl_getdate(text, NULL);
}
