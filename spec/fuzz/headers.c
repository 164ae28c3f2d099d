/* The readers of texts that know nothing of Lua: dates, Retry-After, integers, addresses, marks in JSON.
 *
 * Input: which reader, then the text. */
#include "../../csrc/base_url.h"
#include "../../csrc/date.h"
#include "../../csrc/http_date.h"
#include "../../csrc/integer.h"
#include "../../csrc/json_marks.h"
#include "../../csrc/proxy_url.h"
#include "state.h"

#include <stdlib.h>
#include <string.h>

static void read_retry_after(char *text) {
  char *date = strchr(text, '\n');
  if (date != NULL)
    *date++ = '\0';
  double seconds = retry_after_seconds(text, date);
  MUST(seconds == seconds); /* no NaN */
}

static void read_integer(const char *text, size_t length) {
  int64_t value;
  char digits[INTEGER_TEXT_SIZE];
  if (!integer_parse(text, length, &value))
    return;
  size_t written = integer_write(value, digits);
  bool is_minus_zero = length == 2 && memcmp(text, "-0", 2) == 0;
  MUST(is_minus_zero || (written == length && memcmp(digits, text, length) == 0));
}

static void read_base_url(const char *text) {
  base_url parsed;
  base_url_status status = base_url_parse(text, &parsed);
  MUST(base_url_problem(status) != NULL);
  if (status != BASE_URL_OK)
    return;
  MUST(strncmp(parsed.text, parsed.is_plain_http ? "http://" : "https://", parsed.is_plain_http ? 7 : 8) == 0);
  MUST(strpbrk(parsed.text, "?#") == NULL && parsed.text[strlen(parsed.text) - 1] != '/');
  base_url_free(&parsed);
}

static void mark(const char *text, size_t length) {
  size_t marked_length = json_mark_long_integers(text, length, NULL);
  if (marked_length == 0)
    return;
  char *marked = malloc(marked_length);
  MUST(marked != NULL);
  MUST(json_mark_long_integers(text, length, marked) == marked_length);
  /* Without marks and their quotes it is what it was: nothing is lost on the way. */
  size_t kept = 0;
  for (size_t i = 0; i < marked_length; i++)
    kept += marked[i] != JSON_MARK && marked[i] != '"';
  for (size_t i = 0; i < length; i++)
    kept -= text[i] != JSON_MARK && text[i] != '"';
  MUST(kept == 0);
  free(marked);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  input from = {bytes, length};
  unsigned reader = take_byte(&from) % 6;
  char *text = take_text(&from, from.length, &length);
  switch (reader) {
  case 0:
    read_retry_after(text);
    break;
  case 1:
    MUST(http_date_seconds(text) == http_date_seconds(text));
    break;
  case 2:
    read_integer(text, length);
    break;
  case 3:
    read_base_url(text);
    (void)proxy_url_is_usable(text);
    break;
  case 4:
    mark(text, length);
    break;
  default:
    (void)date_is_real(text, length);
  }
  free(text);
  return 0;
}
