#include "json_marks.h"

#include <stdbool.h>
#include <string.h>

/* Every integer of fewer digits is exact in a double. */
enum { LONG_INTEGER_DIGITS = 16 };

typedef struct scan {
  const char *text;
  size_t length;
  size_t copied; /* how far the text has been written */
  char *marked;  /* NULL: only measure */
  size_t written;
  bool found;
} scan;

static void write_bytes(scan *state, const char *bytes, size_t count) {
  if (state->marked != NULL)
    memcpy(state->marked + state->written, bytes, count);
  state->written += count;
}

static void write_text_up_to(scan *state, size_t end) {
  write_bytes(state, state->text + state->copied, end - state->copied);
  state->copied = end;
}

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* The index behind the closing quote of the string that opens at `start`. */
static size_t string_end(const scan *state, size_t start) {
  size_t i = start + 1;
  while (i < state->length && state->text[i] != '"')
    i += state->text[i] == '\\' ? 2 : 1;
  return i < state->length ? i + 1 : state->length;
}

static bool is_key(const scan *state, size_t behind_string) {
  size_t i = behind_string;
  while (i < state->length && is_space(state->text[i]))
    i++;
  return i < state->length && state->text[i] == ':';
}

static size_t mark_string(scan *state, size_t start) {
  size_t end = string_end(state, start);
  if (start + 1 < state->length && state->text[start + 1] == JSON_MARK && !is_key(state, end)) {
    write_text_up_to(state, start + 1);
    write_bytes(state, &(char){JSON_MARK}, 1);
  }
  return end;
}

static bool may_begin_value(const scan *state, size_t start) {
  return start == 0 || is_space(state->text[start - 1]) || strchr(",:[", state->text[start - 1]) != NULL;
}

static bool may_end_value(const scan *state, size_t end) {
  return end == state->length || is_space(state->text[end]) ||
         (state->text[end] != '\0' && strchr(",]}", state->text[end]) != NULL);
}

static size_t mark_number(scan *state, size_t start) {
  size_t first_digit = state->text[start] == '-' ? start + 1 : start;
  size_t end = first_digit;
  while (end < state->length && is_digit(state->text[end]))
    end++;
  bool is_long_integer = end - first_digit >= LONG_INTEGER_DIGITS && state->text[first_digit] != '0' &&
                         may_begin_value(state, start) && may_end_value(state, end);
  if (is_long_integer) {
    static const char opening[] = {'"', JSON_MARK};
    write_text_up_to(state, start);
    write_bytes(state, opening, sizeof opening);
    write_text_up_to(state, end);
    write_bytes(state, "\"", 1);
    state->found = true;
  }
  return end > start ? end : start + 1;
}

/* Whether so many digits stand in a row anywhere. Wherever they begin, they cover one of the places looked at here, so
 * that most texts, which have none, are not read letter by letter. */
static bool has_long_run_of_digits(const char *text, size_t length) {
  for (size_t i = LONG_INTEGER_DIGITS - 1; i < length; i += LONG_INTEGER_DIGITS) {
    size_t first = i, behind = i;
    while (behind < length && is_digit(text[behind]))
      behind++;
    while (first > 0 && behind > i && is_digit(text[first - 1]))
      first--;
    if (behind - first >= LONG_INTEGER_DIGITS)
      return true;
  }
  return false;
}

size_t json_mark_long_integers(const char *text, size_t length, char *marked) {
  if (!has_long_run_of_digits(text, length))
    return 0;
  scan state = {.text = text, .length = length, .marked = marked};
  size_t i = 0;
  while (i < length) {
    if (text[i] == '"')
      i = mark_string(&state, i);
    else if (is_digit(text[i]) || text[i] == '-')
      i = mark_number(&state, i);
    else
      i++;
  }
  write_text_up_to(&state, length);
  return state.found ? state.written : 0;
}
