#include "integer.h"

bool integer_parse(const char *text, size_t length, int64_t *value) {
  bool negative = length > 0 && text[0] == '-';
  size_t first = negative ? 1 : 0;
  if (first == length || (text[first] == '0' && length > first + 1))
    return false;
  uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
  uint64_t magnitude = 0;
  for (size_t i = first; i < length; i++) {
    if (text[i] < '0' || text[i] > '9')
      return false;
    uint64_t digit = (uint64_t)(text[i] - '0');
    if (magnitude > (limit - digit) / 10)
      return false;
    magnitude = magnitude * 10 + digit;
  }
  /* Minus in unsigned arithmetic, since -INT64_MIN has no value of its own. */
  *value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
  return true;
}

size_t integer_write(int64_t value, char text[INTEGER_TEXT_SIZE]) {
  char digits[INTEGER_TEXT_SIZE]; /* the last one first */
  uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  size_t count = 0, length = 0;
  do {
    digits[count++] = (char)('0' + magnitude % 10);
    magnitude /= 10;
  } while (magnitude > 0);
  if (value < 0)
    text[length++] = '-';
  while (count > 0)
    text[length++] = digits[--count];
  text[length] = '\0';
  return length;
}
